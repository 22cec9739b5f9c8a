// The task that `headrace run` records for this process when it has ended: what the process records
// itself hangs under it.
//
// Only the process knows in time that its task is needed, and only the run can record it. So the
// run sets numbers of its own aside, and the process takes one of them: a symbolic link in the
// run's log folder, named by the number, whose text says which process took it and when. In the
// environment:
//
//   HEADRACE_PROCESS_TASKS=<parent>:<the first of those tasks>:<pid of headrace run>:<log folder>
//
// `parent` is the task that HEADRACE_PARENT names too: the run's root task, or the task that a
// program was in when it started another. Where a program has set HEADRACE_PARENT itself the two
// differ, and its word counts. The program that the run started needs no task: its is the root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/id.h"

namespace headrace::capture {

constexpr const char* kProcessTasksVariable = "HEADRACE_PROCESS_TASKS";
// So many numbers a run sets aside: 22 bits for the pid, 10 for images of one pid.
constexpr uint64_t kProcessTaskNumbers = uint64_t{1} << 32;

// The variable's entry, "NAME=value".
std::string process_tasks_entry(const Uuid& root, TaskNumber first, int64_t run,
                                const std::filesystem::path& folder);

// What a process said when it took a number.
struct ProcessTask {
  int64_t pid = 0;
  int64_t at_ns = 0;  // CLOCK_MONOTONIC; tells the images of one process apart
  Uuid started_in;    // the task that another process was in when it started it; nil: not known
};
// What was taken in a run's folder, by number. Links that make no sense are left out.
std::map<TaskNumber, ProcessTask> process_tasks_in(const std::filesystem::path& folder,
                                                   TaskNumber first);

// Takes a number for the calling process and returns that task. Nil where `parent`, the task of
// HEADRACE_PARENT, was set by the program; this process is the one that the run started; or there
// is no run, or it is over. `forked_in`: the task of the process that this one was forked from, nil
// none. A few system calls; waits up to 1 s for a run that has only just started this process.
// Allocates.
Uuid take_process_task(const Uuid& parent, const Uuid& forked_in);

}  // namespace headrace::capture
