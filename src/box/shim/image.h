// This process image and its log: begun at the first event, whoever calls first, and again in a
// fork child. Wrappers call these after (exec: before) the call they stand for, and find errno as
// it was.
#pragma once

#include "box/log.h"
#include "box/shim/raw.h"

namespace headrace::box {

// False where nothing is written: not under `headrace run`, or no room for a log. Ensures the log
// otherwise.
bool is_watched();
// The same, for an exec that follows: a fork child that only execs says no more than that.
bool is_watched_before_exec();
// From here on nothing more is written, and no system call made.
void stop_watching();
// A launcher: what it does with its own files is not written.
bool is_passive();

// A fork of its parent's image, with no exec since.
bool is_fork_child();

// Where the log folder is, as an environment entry; kept from the start, since programs clear their
// environment. Empty: not under `headrace run`.
const char* folder_entry();

// What a record says; paths may be null.
struct Event {
  BoxKind kind;
  int result = 0;
  uint32_t flags = 0;
  const void* body = nullptr;
  const char* path = nullptr;
  const char* path2 = nullptr;
  size_t path_bytes = SIZE_MAX;  // of `path`, where it is not a terminated text
  int64_t at_ns = 0;             // 0: now
};
void write_event(const Event& event);
void count(uint64_t LogHeader::*what);
void set_flag(uint64_t flag);

int64_t now_ns();  // CLOCK_MONOTONIC
int64_t realtime_ns();
int64_t began_ns();  // of this image; CLOCK_MONOTONIC
int current_tid();
// The calling thread's current task and its workflow; false where there is none.
bool current_task(uint8_t task[16], uint8_t workflow[16]);

// The thread is about to vfork: what it writes next may come from the child, in its memory.
void expect_vfork_child();
// It is about to make a process that has its memory: their different pids say nothing.
void expect_sharing_child();
bool in_vfork_child();

// Facts of a file as the kernel has them; false and zeros where it has none.
bool facts_of(int fd, FileBody* out);
// `follow`: what a symbolic link names.
bool facts_at(int folder, const char* path, bool follow, FileBody* out);

// A path that is relative to a folder's descriptor, made absolute.
using PathText = Text<kLongestPath, false>;
const char* path_at(int folder, const char* path, PathText* space);
// What /proc/self/fd says of a descriptor.
const char* path_of(int fd, PathText* space);

// Descriptors whose end is worth a record: open for writing, or inherited. Beyond the table's end
// none is.
constexpr int kWatchedDescriptors = 4096;
void watch(int fd);
// An inherited one: its offset tells whether anyone used it.
void watch_offset(int fd);
void unwatch(int fd);
bool is_watching(int fd);
// Writes what became of the descriptor's file, if it is watched. Before it is closed.
void note_close(int fd, uint32_t flags);
// And of all that are open.
void note_exit(int code);

// Reading the same file again, as it was: is it the same as the last of its kind?
bool is_repeated_read(const FileBody& file);

class KeptErrno {
 public:
  KeptErrno();
  ~KeptErrno();
  KeptErrno(const KeptErrno&) = delete;
  KeptErrno& operator=(const KeptErrno&) = delete;

 private:
  int errno_;
};

}  // namespace headrace::box
