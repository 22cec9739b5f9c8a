// Which processes there were, and who started whom, from the logs of their images.
//
// A fork child that execs is one process with what it becomes (`fork` and `exec` are two halves of
// starting a program); an image that was itself exec'ed and execs again (`env`, `nice`) is the
// parent of the next. What was started and never spoke (static programs, those of another run) is a
// process without files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "box/log_reader.h"

namespace headrace::box {

// How much of what a process did with files is known.
enum class Completeness : uint8_t {
  kNone,     // that it ran
  kPartial,  // some files may be missing
  kPaths,    // every path that it opened through the C library
  kFull,     // every system call that opens or names files
};
const char* name_of(Completeness completeness);

constexpr size_t kNoProcess = SIZE_MAX;

struct BoxProcess {
  int32_t pid = 0;
  std::string executable;  // absolute where known, else as it was started
  std::vector<std::string> arguments;
  std::string folder;     // where it began
  int64_t began_ns = 0;   // CLOCK_MONOTONIC
  int64_t ended_ns = 0;   // last heard of where `has_exit` is false
  bool has_exit = false;  // it ended by itself; else it was killed, or nothing is known of it
  int exit_code = -1;     // -1: not known
  size_t parent = kNoProcess;
  Uuid parent_task;                // nil: none; the task inside the parent that started it
  const char* mechanism = "shim";  // shim, notify, or proc: only that it was started
  Completeness completeness = Completeness::kPaths;
  std::vector<std::string> blind;  // why less is known: static, go, io_uring, ...
  bool is_fork = false;            // runs its parent's program
  bool is_elsewhere = false;       // another run watches it
  bool is_replaced = false;        // by exec: the program after it is its child here
  ExitBody totals{-1, -1, -1, -1, -1, -1, -1};
  uint64_t failed_opens = 0;
  uint64_t kernel_opens = 0;
  uint64_t repeated_opens = 0;
  uint64_t lost_records = 0;
  uint64_t damaged_records = 0;
  uint64_t unseen_children = 0;  // forked, and never heard of
  std::vector<std::string> libraries;

  struct Event {
    const BoxEvent* event;
    bool is_before_exec;  // of the fork child that became this program
  };
  std::vector<Event> events;  // by time; they point into the logs

  // What to call it: base name of the command's first word (`sh`, whatever is behind that link).
  std::string name() const;
};

// In the order in which they began. `logs` must outlive the answer.
std::vector<BoxProcess> processes_of(const std::vector<ImageLog>& logs);

}  // namespace headrace::box
