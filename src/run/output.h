// A program's stdout and stderr on their way through: passed on unchanged, the last of each kept.
//
//   where it goes       what the program gets                  how the tail is kept
//   a terminal          the terminal itself                    not at all: it stays interactive
//   a file              the file itself                        read back from the file at the end
//   a pipe or socket    a pipe of ours                         a thread copies it on, unbuffered
//   anything else       itself (/dev/null)                     not at all
//
// Where stdout and stderr are one pipe the program gets one pipe, so that their order stays.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/status.h"
#include "run/output_tail.h"

namespace headrace::run {

// One pipe of ours and the thread that copies it to `to_fd`. When copying ends the process gets a
// SIGCHLD, which wakes whoever waits for the program.
class Copier {
 public:
  static Result<std::unique_ptr<Copier>> start(int to_fd);
  ~Copier();

  int write_end() const { return write_end_; }
  // After the program has its copy.
  void close_write_end();
  // Pass on what is in the pipe now and stop: other processes may hold it open for ever.
  void stop();
  bool done() const { return done_.load(std::memory_order_acquire); }
  // When done: the pipe has writers left, and somebody must go on copying.
  bool still_open() const { return still_open_; }
  int read_end() const { return read_end_; }
  int to_fd() const { return to_fd_; }
  OutputTail tail() const;

 private:
  Copier(int read_end, int write_end, int stop_fd, int to_fd);
  void run();
  bool copy(size_t most_bytes);

  int read_end_;
  int write_end_;
  const int stop_fd_;
  const int to_fd_;
  bool to_pipe_;
  bool still_open_ = false;
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_;  // guards tail_
  OutputTail tail_;
  std::thread thread_;
};

class Outputs {
 public:
  // Looks where stdout and stderr go and starts the copying that is needed. Errors: kIo.
  Status start();
  // What the program's descriptors are to be; -1: inherited.
  int stdout_fd() const;
  int stderr_fd() const;
  void program_started();
  void program_ended();
  bool done() const;

  struct Kept {
    std::string how;  // pipe, file, pipe shared with stdout; or why not: terminal, not kept
    OutputTail tail;
  };
  // After done(), or when one does not want to wait any longer.
  Kept kept_stdout() const { return kept(0); }
  Kept kept_stderr() const { return kept(1); }

  // Stops waiting for who reads us; what is still to be passed on is lost.
  void abandon();
  // Where processes that the program left behind still write: a process that goes on copying for
  // as long as they do. Call last; never waits.
  void leave_behind();

 private:
  struct Stream {
    int fd = -1;
    std::string how;
    off_t file_start = 0;
    std::shared_ptr<Copier> copier;
  };
  Kept kept(int index) const;
  Stream streams_[2];
};

}  // namespace headrace::run
