#include "serve/event_stream.h"

#include <algorithm>
#include <utility>

#include "query/json.h"

namespace headrace::serve {
namespace {

constexpr size_t kMostWorkflows = 100;

}  // namespace

Change merged(const Change& earlier, const Change& later) {
  Change out = later;
  out.all = out.all || earlier.all;
  for (const std::string& workflow : earlier.workflows) {
    if (std::find(out.workflows.begin(), out.workflows.end(), workflow) == out.workflows.end()) {
      out.workflows.push_back(workflow);
    }
  }
  if (out.workflows.size() > kMostWorkflows) {
    out.workflows.resize(kMostWorkflows);
    out.all = true;
  }
  return out;
}

std::string event_text(const Change& change) {
  using query::Json;
  Json::List workflows(change.workflows.begin(), change.workflows.end());
  const Json data = Json::Map{{"workflows", std::move(workflows)},
                              {"all", change.all},
                              {"tasks", change.tasks},
                              {"failed", change.failed},
                              {"running", change.running},
                              {"watermark", change.watermark},
                              {"late_s", change.late_s}};
  return "id: " + change.watermark + "\nevent: changed\ndata: " + data.dump() + "\n\n";
}

class EventStream::Reader : public TextStream {
 public:
  std::optional<std::string> take() override {
    const std::lock_guard lock(mutex_);
    std::optional<std::string> out;
    if (greeting_) {
      out = "retry: 1000\n\n";
      greeting_ = false;
    }
    if (pending_) {
      out = out.value_or("") + event_text(*pending_);
      pending_.reset();
    }
    return out;
  }

  void when_ready(std::function<void()> call) override {
    const std::lock_guard lock(mutex_);
    call_ = std::move(call);
  }

  void add(const Change& change) {
    const std::lock_guard lock(mutex_);
    pending_ = pending_ ? merged(*pending_, change) : change;
    if (call_) call_();
  }

 private:
  std::mutex mutex_;
  bool greeting_ = true;
  std::optional<Change> pending_;
  std::function<void()> call_;
};

void EventStream::publish(const Change& change) {
  const std::lock_guard lock(mutex_);
  past_.push_back(change);
  if (past_.size() > kRemembered) past_.pop_front();
  for (auto reader = readers_.begin(); reader != readers_.end();) {
    if (const auto alive = reader->lock()) {
      alive->add(change);
      ++reader;
    } else {
      reader = readers_.erase(reader);
    }
  }
}

std::shared_ptr<TextStream> EventStream::subscribe(const std::string& last_seen,
                                                   const Change& now) {
  auto reader = std::make_shared<Reader>();
  const std::lock_guard lock(mutex_);
  const auto seen = std::find_if(past_.begin(), past_.end(), [&](const Change& change) {
    return change.watermark == last_seen;
  });
  if (seen != past_.end()) {
    for (auto missed = seen + 1; missed != past_.end(); ++missed) reader->add(*missed);
  } else if (!now.watermark.empty() && now.watermark != last_seen) {
    Change everything = now;
    everything.all = true;
    everything.workflows.clear();
    reader->add(everything);
  }
  readers_.push_back(reader);
  return reader;
}

bool EventStream::has_readers() {
  const std::lock_guard lock(mutex_);
  return std::any_of(readers_.begin(), readers_.end(),
                     [](const auto& reader) { return !reader.expired(); });
}

}  // namespace headrace::serve
