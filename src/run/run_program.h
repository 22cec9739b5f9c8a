// `headrace run`: any program, unchanged, as a workflow.
//
// What is recorded of it stands in docs/run.md. The program gets HEADRACE_DIR, HEADRACE_WORKFLOW,
// HEADRACE_PARENT and HEADRACE_CAMPAIGN, so that tasks it records join the workflow as children of
// the one task that stands for the program, and a folder
// in front of PYTHONPATH (run/python_hook.h). Nothing here changes what the program does: where
// capture is not possible it runs without.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/id.h"
#include "spool/directory.h"

namespace headrace::run {

struct RunOptions {
  std::vector<std::string> command;  // at least one word
  std::string campaign;              // empty: HEADRACE_CAMPAIGN's, or none
  std::string workflow;              // empty: named after the program
  Directory directory;
  bool files = true;   // see which files every program opens (run/boxes.h)
  bool deep = false;   // ... by its system calls (run/deep.h)
  bool torch = false;  // watch the PyTorch models of Python programs (headrace.torch.automatic)
  // What a busy logical CPU is taken to draw, with the words for it, where nothing measures the
  // energy of CPUs; 0: no estimate is made.
  double busy_cpu_w = 0;
  std::string busy_cpu_assumption;
  // Called when the program runs, and when it has ended.
  std::function<void(pid_t)> program_started;
  std::function<void()> program_ended;
  // Called when processes of the program have ended, itself among them, with what is known of how a
  // process ended ("signal 9"; empty: nothing): takes in what they had recorded last.
  using HowEnded = std::function<std::string(int64_t pid)>;
  std::function<void(const HowEnded&)> processes_ended;
};

// Exit codes that are not the program's.
constexpr int kRunFailed = 125;
constexpr int kCannotExecute = 126;
constexpr int kNoSuchProgram = 127;

struct Recorded {
  Uuid workflow;
  Uuid task;  // of the workflow: the program itself, from its start to its end
};

// Runs the program and returns what its shell would see: its exit code, 128 + N for signal N, or
// one of the codes above with a message on stderr. `when_recorded` is called with the workflow's id
// when everything is on disk; not where capture was off or impossible.
int run_program(const RunOptions& options,
                const std::function<void(const Recorded&)>& when_recorded);

}  // namespace headrace::run
