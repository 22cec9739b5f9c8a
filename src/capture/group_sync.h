// Durability level 2: every 10 ms what the rings hold goes to the medium, in one sync for all.
//
//   GroupSync group({[&] { lock; drain; return writer.begin_sync(); },
//                    [&](const SegmentSync& sync) { lock; writer.finish_sync(sync); return ...;
//                    }});
//   group.start();
//   group.wait(timeout);     // everything recorded before this call survives a power cut
//   group.until_ns();        // everything recorded before this moment does
//
// The medium is waited for without any lock of the recorder, so a program's threads never are. No
// cost for a record; an idle program syncs nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/status.h"
#include "spool/segment_sync.h"

namespace headrace::capture {

class GroupSync {
 public:
  // The recorder's parts of one round; each takes its own lock. They may throw std::bad_alloc.
  struct Steps {
    struct Begun {
      bool drained = false;             // everything committed before is written
      std::optional<SegmentSync> sync;  // null: nothing to do
    };
    std::function<Begun()> begin;
    // True when everything that was written when the round began is on the medium.
    std::function<bool(const std::optional<SegmentSync>&)> finish;
  };
  explicit GroupSync(Steps steps) : steps_(std::move(steps)) {}
  ~GroupSync() { stop(); }
  GroupSync(const GroupSync&) = delete;
  GroupSync& operator=(const GroupSync&) = delete;

  // Without a thread (none could be had) rounds run only in wait().
  void start();
  void stop();
  // Errors: kUnavailable when the medium did not take it in time: it is tried further.
  Status wait(int64_t timeout_ns);
  // ns since the epoch: what was recorded before survives a power cut. 0: nothing yet.
  int64_t until_ns() const { return until_ns_.load(std::memory_order_acquire); }

 private:
  void run();
  bool round();

  const Steps steps_;
  std::atomic<int64_t> until_ns_{0};
  std::atomic<int64_t> until_monotonic_ns_{0};  // the same moment, for waiting
  std::mutex round_mutex_;                      // one round at a time, on whichever thread
  std::mutex mutex_;                            // guards what follows; inside it no other
  std::condition_variable wake_;
  std::condition_variable done_;
  std::thread thread_;
  bool stopping_ = false;
  bool asked_ = false;
};

}  // namespace headrace::capture
