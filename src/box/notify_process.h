// One process as the supervisor sees it: what its stopped calls ask for, what came of them, and the
// log that says so.
//
// A call is seen before the kernel runs it, so what came of it is read later, from what cannot lie:
//   open     the descriptor itself, when it is closed, or at exec and exit those still open; so a
//            file counts as opened only where a descriptor of it was seen
//   rename, link, symlink, unlink, mkdir, truncate
//            the files' inodes, at the next call of the same thread
//   exec     where the image lies in memory, at the next call of the process
// Nothing here decides anything: the program always goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include "box/notify_log.h"
#include "box/notify_proc.h"

namespace headrace::box {

// A thread that waits in a system call.
struct StoppedCall {
  pid_t tid = 0;
  int64_t at_ns = 0;  // CLOCK_MONOTONIC
  std::array<uint64_t, 6> arguments{};
};

// Which image a process was forked from.
struct ParentImage {
  pid_t pid = 0;
  uint64_t start_time_ticks = 0;
  uint64_t epoch = 0;
};

class SeenProcess {
 public:
  // `folder`: where logs are written.
  SeenProcess(const std::string& folder, pid_t pid, const ProcStat& facts, ParentImage parent);

  // Each is called while the thread is stopped, first of all this one.
  void stopped(const StoppedCall& call);
  void open(const StoppedCall& call, int directory, const std::string& path, uint32_t flags);
  void exec(const StoppedCall& call, int directory, const std::string& path);
  void rename(const StoppedCall& call, int from_directory, const std::string& from,
              int to_directory, const std::string& to, bool exchange);
  void link(const StoppedCall& call, int from_directory, const std::string& from, int to_directory,
            const std::string& to);
  void symlink(const StoppedCall& call, const std::string& text, int directory,
               const std::string& path);
  void unlink(const StoppedCall& call, int directory, const std::string& path, bool is_directory);
  void make_directory(const StoppedCall& call, int directory, const std::string& path);
  void truncate(const StoppedCall& call, const std::string& path, int64_t size);
  void close(const StoppedCall& call, int fd);
  void close_range(const StoppedCall& call, unsigned first, unsigned last);
  void map(const StoppedCall& call, int fd);
  void copy(const StoppedCall& call, int from, int to);
  void exit(const StoppedCall& call, int status);

  // What was done cannot be told: from here on the process is not seen fully.
  void unseen(const StoppedCall& call);
  void blind(const StoppedCall& call, uint32_t spot);
  void new_root() { own_root_ = false; }
  // It is gone; without exit() a signal killed it.
  void gone(int64_t at_ns);

  pid_t pid() const { return pid_; }
  bool ended() const { return ended_; }
  // Makes the image's log where there is none yet.
  ParentImage image(const StoppedCall& call);

 private:
  struct Pending {  // an open whose descriptor has not been seen
    int64_t at_ns;
    pid_t tid;
    uint32_t flags;
    bool existed;
    bool settled;   // the call has returned
    FileBody file;  // before the call where it existed, else after it; ino 0: not known
    std::string path;
  };
  struct Deferred {  // a call whose outcome shows when it has returned
    BoxKind kind;
    int64_t at_ns;
    pid_t tid;
    uint32_t flags;
    FileBody before;  // of the first path; mode 0: there was none
    std::string path;
    std::string path2;
    int64_t size;
  };
  struct Image;
  using File = std::pair<uint64_t, uint64_t>;  // device, inode

  std::string absolute(pid_t tid, int directory, const std::string& path) const;
  // Where this process finds the file that `path` means there.
  std::string here(pid_t tid, const std::string& path) const;
  bool facts_of(pid_t tid, const std::string& path, bool follow, FileBody* out) const;
  void begin_image(const StoppedCall& call);
  void check_exec(const StoppedCall& call);
  void note_exec_again() const;
  // Of one thread that makes another call; 0: of all.
  void settle(pid_t tid);
  void find_new(Pending* pending) const;
  void finish(const Deferred& one);
  void defer(const StoppedCall& call, BoxKind kind, uint32_t flags, std::string path,
             std::string path2, int64_t size = 0);
  // False where it is of the kernel's: counted, not written.
  bool write_open(const Pending& pending, int fd, const FileBody& file);
  void look(const StoppedCall& call);
  // Finds out what the descriptor is and which open made it.
  void observe(pid_t tid, int fd, const struct stat& facts, int64_t at_ns);
  void observe_all(pid_t tid, int64_t at_ns);
  void write_close(pid_t tid, int fd, const struct stat& facts, int64_t at_ns, uint32_t flags);
  void close_all(const StoppedCall& call, uint32_t flags);
  FileBody body_of(pid_t tid, int fd) const;

  const std::string& folder_;
  const pid_t pid_;
  const uint64_t start_time_ticks_;
  const ParentImage parent_;
  std::unique_ptr<NotifyLog> log_;  // null: this image has done nothing worth a log
  bool forked_ = true;              // no exec yet
  bool own_root_;                   // its paths mean what they mean here
  bool ended_ = false;
  std::optional<std::string> exec_;  // ProcStat::image before an exec that may have happened
  int64_t exec_at_ns_ = 0;
  int64_t looked_at_ns_ = 0;
  std::vector<Pending> pending_;
  std::vector<Deferred> deferred_;
  std::set<File> known_;  // of descriptors seen or inherited
  struct OpenFile {
    File file;
    bool writable;
    bool inherited;
  };
  std::unordered_map<int, OpenFile> open_;
};

}  // namespace headrace::box
