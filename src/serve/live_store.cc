#include "serve/live_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "collect/open.h"
#include "store/database.h"

namespace headrace::serve {
namespace {

constexpr int64_t kMostPatienceMs = 10'000;
constexpr int64_t kMostWaitMs = 4000;
constexpr size_t kNamedWorkflows = 100;
// A process writes a frame for each of its threads, one after the other.
constexpr int64_t kWholePassMs = 10;
// However dear a fold is in wall time while others use the machine, and how cheap when nobody
// looks.
constexpr int64_t kMostCheapPauseMs = 300;
constexpr int64_t kUnwatchedPauseMs = 1000;

int64_t since_ms(int64_t begin_ns) { return (now_monotonic_ns() - begin_ns) / 1'000'000; }

// By the file's identity: whoever wrote to it, it is another one. A store in memory is as old as
// the moment it was made.
std::string watermark_of(const store::Store& store) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) {
      hash = (hash ^ (value >> (8 * byte) & 0xff)) * 0x100000001b3;
    }
  };
  if (store.file().empty()) mix(static_cast<uint64_t>(now_realtime_ns()));
  for (const char* ending : {"", ".wal"}) {
    struct stat found {};
    if (stat((store.file().string() + ending).c_str(), &found) != 0) continue;
    mix(found.st_ino);
    mix(static_cast<uint64_t>(found.st_size));
    mix(static_cast<uint64_t>(found.st_mtim.tv_sec));
    mix(static_cast<uint64_t>(found.st_mtim.tv_nsec));
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(hash));
  return text;
}

// The ids that a query gives, at most so many.
Result<std::set<std::string>> read_ids(const store::Connection& connection,
                                       const std::string& sql) {
  Result<store::QueryResult> rows =
      connection.query(sql + " LIMIT " + std::to_string(kNamedWorkflows + 1));
  if (!rows.ok()) return rows.status();
  std::set<std::string> out;
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) {
      out.insert(rows->chunk().uuid(0, row).text());
    }
  }
  return out;
}

}  // namespace

// Counts, and which workflows have changed: those with tasks after the row that was the last one
// before, and those that run or ran then.
Status LiveStore::read_change(const store::Connection& connection, Change* out) {
  Result<store::QueryResult> counts = connection.query(
      "SELECT (SELECT count(*) FROM task_slots) + (SELECT count(*) FROM open_task), "
      "(SELECT count(*) FROM task_slots WHERE status IN (3, 5)), "
      "(SELECT count(*) FROM open_task WHERE status = 1), "
      "(SELECT coalesce(max(rowid), -1) FROM task_slots)");
  if (!counts.ok()) return counts.status();
  if (!counts->next()) return {};
  out->tasks = counts->chunk().integer(0, 0);
  out->failed = counts->chunk().integer(1, 0);
  out->running = counts->chunk().integer(2, 0);
  const int64_t last = counts->chunk().integer(3, 0);
  Result<std::set<std::string>> running =
      read_ids(connection, "SELECT workflow FROM workflow_row WHERE status = 1");
  if (!running.ok()) return running.status();
  // After a removal rows are numbered anew.
  out->all = seen_rows_ < 0 || last < seen_rows_;
  if (!out->all) {
    Result<std::set<std::string>> changed = read_ids(
        connection,
        "SELECT w.workflow FROM workflow_row w SEMI JOIN (SELECT wf FROM task_slots WHERE rowid "
        "> " +
            std::to_string(seen_rows_) + " UNION SELECT wf FROM open_task) t ON t.wf = w.wf");
    if (!changed.ok()) return changed.status();
    changed->insert(running->begin(), running->end());
    changed->insert(running_.begin(), running_.end());
    // None: a note, an object, a campaign.
    out->all = changed->empty() || changed->size() > kNamedWorkflows;
    out->workflows.assign(changed->begin(), changed->end());
    if (out->workflows.size() > kNamedWorkflows) out->workflows.resize(kNamedWorkflows);
  }
  seen_rows_ = last;
  running_ = std::move(*running);
  return {};
}

LiveStore::LiveStore(Directory directory, const LiveStoreOptions& options,
                     std::function<void(const Change&)> on_change)
    : directory_(std::move(directory)),
      is_file_(std::filesystem::is_regular_file(directory_.root)),
      options_(options),
      on_change_(std::move(on_change)),
      spool_(directory_.spool()),
      patience_ms_(options.patience_ms) {
  thread_ = std::thread([this] { watch(); });
}

LiveStore::~LiveStore() { stop(); }

void LiveStore::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  spool_.wake();
  if (thread_.joinable()) thread_.join();
}

Result<std::shared_ptr<const StoreView>> LiveStore::view(int64_t wait_ms) {
  std::unique_lock lock(mutex_);
  const bool is_open = changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                                         [this] { return !closed_ || stopping_; });
  if (stopping_) return unavailable("the server is ending");
  if (!is_open) {
    return unavailable(lenders_ > 0 ? "another command is changing the store; ask again in a moment"
                                    : "the store is being written; ask again in a moment");
  }
  if (current_ == nullptr) return trouble_;
  ++readers_;
  return std::shared_ptr<const StoreView>(current_.get(), [this](const StoreView*) {
    {
      const std::lock_guard back(mutex_);
      --readers_;
    }
    changed_.notify_all();
  });
}

std::optional<std::string> LiveStore::shown() const {
  const std::lock_guard lock(mutex_);
  return stopping_ ? std::nullopt : shown_;
}

Status LiveStore::fold_now(int64_t wait_ms) {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++asked_;
  spool_.wake();
  const bool is_done = changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                                         [&] { return done_ >= mine || stopping_; });
  if (stopping_) return unavailable("the server is ending");
  if (!is_done) return unavailable("taking in what is new goes on; ask again in a moment");
  return current_ == nullptr ? trouble_ : Status();
}

Result<std::shared_ptr<void>> LiveStore::lend(int64_t wait_ms) {
  if (is_file_) {
    return unsupported(
        "a store that is served by itself is only read; serve its folder to change it");
  }
  std::unique_lock lock(mutex_);
  ++lenders_;
  spool_.wake();
  const bool is_closed = changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] {
    return (closed_ && current_ == nullptr && lenders_ > 0) || stopping_;
  });
  if (!is_closed || stopping_) {
    --lenders_;
    changed_.notify_all();
    return unavailable("questions are still being answered from the store; ask again in a moment");
  }
  ++counts_.lent;
  // Any address will do: what matters is when it goes.
  return std::shared_ptr<void>(this, [this](void*) {
    {
      const std::lock_guard back(mutex_);
      --lenders_;
    }
    changed_.notify_all();
  });
}

LiveStoreCounts LiveStore::counts() const {
  const std::lock_guard lock(mutex_);
  LiveStoreCounts out = counts_;
  if (new_since_ns_ != 0)
    out.late_s = static_cast<double>(now_monotonic_ns() - new_since_ns_) / 1e9;
  out.trouble = trouble_.message();
  return out;
}

Change LiveStore::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

void LiveStore::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (lenders_ > 0) {
      stay_closed(lock);
    } else {
      look(lock);
    }
    rest(lock);
  }
  closed_ = true;
  wait_for_readers(lock, kMostPatienceMs);
  if (readers_ == 0) current_.reset();
}

// Until it is time to look again: when something is written, if all was taken in before.
void LiveStore::rest(std::unique_lock<std::mutex>& lock) {
  if (stopping_ || asked_ != done_ || lenders_ > 0) return;
  const int64_t ms = next_look_ms_;
  lock.unlock();
  if (spool_.wait(ms, may_listen_) == SpoolWatch::Woken::kByWrite) {
    spool_.wait(kWholePassMs, false);
  }
  lock.lock();
}

// After a fold: twice its cost. While others use the machine it takes longer than it costs, and
// what it costs is what it takes from them.
int64_t LiveStore::pause_ms(int64_t took_ms, int64_t cpu_ms) const {
  const int64_t pause = std::min(2 * took_ms, std::max(2 * cpu_ms, kMostCheapPauseMs));
  const bool is_watched = !options_.is_watched || options_.is_watched();
  return std::max({options_.busy_poll_ms, pause, is_watched ? 0 : kUnwatchedPauseMs});
}

// With the gate closed: true when nobody reads any more.
bool LiveStore::wait_for_readers(std::unique_lock<std::mutex>& lock, int64_t ms) {
  return changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return readers_ == 0; });
}

void LiveStore::stay_closed(std::unique_lock<std::mutex>& lock) {
  closed_ = true;
  if (!wait_for_readers(lock, kMostPatienceMs)) {
    closed_ = false;
    changed_.notify_all();
    return;
  }
  current_.reset();
  // Who borrowed it asks for what it changed as soon as it has given it back.
  shown_.reset();
  changed_.notify_all();
  changed_.wait(lock, [this] { return lenders_ == 0 || stopping_; });
  if (!stopping_) reopen(lock, false);
}

bool LiveStore::is_unchanged(std::unique_lock<std::mutex>& lock) {
  if (current_ == nullptr) return false;
  const store::Store& store = current_->session.store();
  lock.unlock();
  // Only this thread closes the view, and nobody else uses the store's own connection.
  const Result<bool> same = is_file_ ? Result<bool>(watermark_of(store) == current_->watermark)
                                     : collect::nothing_new(directory_, store);
  lock.lock();
  return same.ok() && *same;
}

void LiveStore::look(std::unique_lock<std::mutex>& lock) {
  const uint64_t asked = asked_;
  const bool is_heard = !is_file_ && spool_.arm();
  may_listen_ = false;
  if (is_unchanged(lock)) {
    done_ = asked;
    new_since_ns_ = 0;
    may_listen_ = is_heard;
    next_look_ms_ = is_heard
                        ? options_.idle_poll_ms
                        : std::min(next_look_ms_ + options_.busy_poll_ms, options_.idle_poll_ms);
    changed_.notify_all();
    return;
  }
  if (new_since_ns_ == 0) new_since_ns_ = now_monotonic_ns();
  closed_ = true;
  if (!wait_for_readers(lock, asked_ != done_ ? kMostPatienceMs : patience_ms_)) {
    ++counts_.folds_put_off;
    patience_ms_ = std::min(2 * patience_ms_, kMostPatienceMs);
    closed_ = false;
    next_look_ms_ = options_.busy_poll_ms;
    changed_.notify_all();
    return;
  }
  patience_ms_ = options_.patience_ms;
  reopen(lock, current_ != nullptr);
  if (current_ == nullptr || next_look_ms_ > 0) done_ = asked;
  changed_.notify_all();
}

Result<store::Store> LiveStore::open(bool is_known_new, collect::FoldReport* report) const {
  collect::OpenOptions options;
  options.is_known_new = is_known_new;
  options.report = report;
  options.ask_server = false;
  options.store.wait_ms = 250;
  if (is_file_) {
    return store::Store::open(directory_.root, store::OpenMode::kReadOnly, options.store);
  }
  // A copy in memory begins anew each time, so it reads everything at once.
  const bool is_writable = access(directory_.root.c_str(), W_OK | X_OK) == 0;
  if (is_writable) options.fold.most_bytes = options_.most_bytes;
  return collect::open_folded(directory_, options);
}

void LiveStore::reopen(std::unique_lock<std::mutex>& lock, bool is_known_new) {
  closed_ = true;
  current_.reset();
  lock.unlock();
  collect::FoldReport report;
  const int64_t begin_ns = now_monotonic_ns();
  const int64_t cpu_begin_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  Result<store::Store> store = open(is_known_new, &report);
  const int64_t took_ms = since_ms(begin_ns);
  const int64_t cpu_ms = (read_clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_begin_ns) / 1'000'000;
  std::unique_ptr<const StoreView> view;
  Change change;
  Status trouble = store.ok() ? Status() : store.status();
  // Another process reads on, so nothing could be taken in.
  const bool is_kept_out =
      store.ok() && !is_file_ && report.elapsed_ns == 0 && !store->note().empty();
  if (store.ok()) {
    trouble = read_change(store->connection(), &change);
    change.watermark = watermark_of(*store);
    if (trouble.ok()) {
      view = std::make_unique<const StoreView>(StoreView{
          query::Session::over(directory_.root, std::move(*store)), change.watermark, &kept_});
    }
  }
  lock.lock();
  if (report.segments > 0) {
    ++counts_.folds;
    counts_.folded_tasks += report.tasks;
    counts_.folded_bytes += report.bytes;
    counts_.last_fold_s = static_cast<double>(took_ms) / 1e3;
    counts_.fold_s += counts_.last_fold_s;
  }
  if (new_since_ns_ != 0) {
    change.late_s = static_cast<double>(now_monotonic_ns() - new_since_ns_) / 1e9;
  }
  if (!trouble.ok()) {
    next_look_ms_ = options_.idle_poll_ms;
  } else if (is_kept_out) {
    ++counts_.folds_put_off;
    next_look_ms_ = std::clamp(2 * next_look_ms_, options_.idle_poll_ms, kMostWaitMs);
  } else if (report.segments_left > 0) {
    next_look_ms_ = 0;
  } else {
    new_since_ns_ = 0;
    next_look_ms_ = pause_ms(took_ms, cpu_ms);
  }
  trouble_ = trouble;
  const bool is_news = view != nullptr && change.watermark != latest_.watermark;
  if (is_news) latest_ = change;
  shown_ = view == nullptr ? std::nullopt : std::optional(view->watermark);
  current_ = std::move(view);
  closed_ = false;
  changed_.notify_all();
  if (is_news && on_change_) {
    lock.unlock();
    on_change_(change);
    lock.lock();
  }
}

}  // namespace headrace::serve
