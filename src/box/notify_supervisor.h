// Answers a supervised program's stopped calls and writes what it and all it started did into logs
// (box/log.h), one for each process image.
//
//   Supervisor supervisor(spawn.listener(), "/dev/shm/box-1234");
//   ...the program ends...
//   supervisor.finish();
//
// One thread answers, a second waits for ends. A call costs the program about 8 us (Linux 6.6 and
// later, where both take turns on one processor; 70 us before).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "box/notify_process.h"

struct seccomp_notif;

namespace headrace::box {

class Supervisor {
 public:
  // Takes the listener. `folder` must be there. Begins to answer at once.
  Supervisor(int listener, std::string folder);
  ~Supervisor() { finish(); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Ok where a guard process stands by, so that programs go on should this process be killed.
  const Status& guard() const { return guard_; }

  // Waits up to `wait_ms` for programs that are still there, completes the logs and stops looking;
  // programs that go on are answered by the guard from here on.
  void finish(int wait_ms = 50);

  struct Counts {
    uint64_t calls = 0;
    uint64_t processes = 0;
    bool left_behind = false;  // programs were still there at finish()
  };
  // After finish().
  Counts counts() const { return counts_; }

 private:
  struct Watched {
    std::unique_ptr<SeenProcess> process;
    int handle = -1;   // pidfd
    uint64_t key = 0;  // of this process alone, also where its number is used again
    std::vector<pid_t> threads;
  };
  struct End {
    uint64_t process;  // its key
    int64_t at_ns;
  };

  void answer_all();
  void wait_for_ends();
  void serve(const seccomp_notif& call);
  void dispatch(SeenProcess& process, const seccomp_notif& call);
  Watched* find(pid_t tid);
  Watched* add(pid_t pid);
  void remove(pid_t pid, int64_t at_ns);
  void take_ends();

  const int listener_;
  const std::string folder_;
  std::atomic<uint64_t>* taken_ = nullptr;  // the call taken last, shared with the guard
  int guard_channel_ = -1;
  Status guard_;
  int ends_ = -1;     // epoll of pidfds, the listener's end and the stopper
  int stopper_ = -1;  // eventfd
  std::unordered_map<pid_t, Watched> processes_;
  std::unordered_map<pid_t, pid_t> process_of_thread_;
  std::unordered_map<pid_t, ParentImage> orphans_;  // children of processes that have ended
  std::mutex ended_mutex_;
  std::vector<End> ended_;
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> over_{false};  // no program is left
  std::atomic<bool> stop_{false};
  std::atomic<bool> answering_{true};
  bool finished_ = false;
  Counts counts_;
  std::thread watcher_;
  std::thread answerer_;
};

}  // namespace headrace::box
