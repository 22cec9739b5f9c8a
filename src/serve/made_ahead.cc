#include "serve/made_ahead.h"

#include <algorithm>
#include <chrono>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"

namespace headrace::serve {
namespace {

constexpr int64_t kLooksFor_ns = 300'000'000'000;  // after the last question
constexpr int64_t kLooks_ns = 10'000'000'000;
constexpr int64_t kLeastPause_ns = 1'000'000'000;
constexpr int64_t kQuiet_ns = 500'000'000;  // since the last question of a reader
constexpr int64_t kMostWait_ns = 5'000'000'000;
constexpr int kNiceness = 10;

}  // namespace

MadeAhead::MadeAhead(std::function<void(const std::string&)> ask,
                     std::function<std::vector<std::string>()> targets)
    : ask_(std::move(ask)), targets_(std::move(targets)) {}

MadeAhead::~MadeAhead() { stop(); }

void MadeAhead::changed() {
  const std::lock_guard lock(mutex_);
  ++states_;
  if (!thread_.joinable() && !stopping_) thread_ = std::thread([this] { work(); });
  woken_.notify_all();
}

void MadeAhead::looked() {
  const std::lock_guard lock(mutex_);
  looked_ns_ = now_monotonic_ns();
  if (states_ != made_) woken_.notify_all();
}

bool MadeAhead::is_looked_at() const {
  const std::lock_guard lock(mutex_);
  return looked_ns_ != 0 && now_monotonic_ns() - looked_ns_ < kLooks_ns;
}

void MadeAhead::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (asking_ != nullptr) asking_->stop();
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

MadeAhead::Counts MadeAhead::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

bool MadeAhead::is_wanted() const {
  const bool looks = looked_ns_ != 0 && now_monotonic_ns() - looked_ns_ < kLooksFor_ns;
  return states_ != made_ && (made_ == 0 || looks);
}

// A page that opens asks several questions, and the cores are few.
void MadeAhead::give_way() {
  std::unique_lock lock(mutex_);
  const int64_t begin_ns = now_monotonic_ns();
  while (!stopping_) {
    const int64_t now_ns = now_monotonic_ns();
    const int64_t wait_ns =
        std::min(looked_ns_ == 0 ? 0 : looked_ns_ + kQuiet_ns, begin_ns + kMostWait_ns) - now_ns;
    if (wait_ns <= 0) return;
    woken_.wait_for(lock, std::chrono::nanoseconds(wait_ns));
  }
}

void MadeAhead::ask(const std::string& target) {
  const auto interrupt = std::make_shared<store::Interrupt>();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    asking_ = interrupt;
  }
  const store::InterruptScope scope(interrupt);
  ask_(target);
}

void MadeAhead::work() {
  // Of this thread alone. Where it may not be changed, the pauses do.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  std::unique_lock lock(mutex_);
  for (;;) {
    woken_.wait(lock, [this] { return stopping_ || is_wanted(); });
    if (stopping_) return;
    const uint64_t state = states_;
    lock.unlock();
    int64_t took_ns = 0;
    for (const std::string& target : targets_()) {
      give_way();
      const int64_t begin_ns = now_monotonic_ns();
      ask(target);
      took_ns += now_monotonic_ns() - begin_ns;
    }
    lock.lock();
    made_ = state;
    ++counts_.rounds;
    counts_.seconds += static_cast<double>(took_ns) / 1e9;
    woken_.wait_for(lock, std::chrono::nanoseconds(std::max(kLeastPause_ns, 9 * took_ns)),
                    [this] { return stopping_; });
  }
}

Result<std::vector<std::string>> opening_questions(const query::Session& session) {
  std::vector<std::string> out = {"/campaigns?limit=1000",
                                  "/workflows?sort=-started&limit=200",
                                  "/energy/card",
                                  "/sensors",
                                  "/health",
                                  "/names"};
  Result<query::ResultTable> newest =
      session.own_sql("SELECT campaign, workflow FROM workflow_row ORDER BY begin_ns DESC LIMIT 1");
  if (!newest.ok()) return newest.status();
  const Result<bool> any = newest->next();
  if (!any.ok()) return any.status();
  if (!*any) return out;
  const std::string workflow = newest->cell(1, 0).text;
  // Of a timeline what it is cut from: how wide it is, who opens it knows.
  for (const char* question : {"/workflows/", "/timeline?lanes=1&workflow=",
                               "/graph?level=activity&workflow=", "/tasks?workflow="}) {
    out.push_back(question + workflow);
  }
  if (newest->cell(0, 0).is_null) return out;
  const std::string campaign = newest->cell(0, 0).text;
  for (const char* question : {"/campaigns/", "/workflows?limit=1000&campaign=",
                               "/energy?campaign=", "/energy/card?campaign=", "/tradeoff?campaign=",
                               "/timeline?lanes=1&campaign=", "/summary?campaign="}) {
    out.push_back(question + campaign);
  }
  return out;
}

}  // namespace headrace::serve
