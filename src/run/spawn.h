// Starts a program as a shell would: found on PATH, scripts without a first line by /bin/sh, the
// caller's signal settings as they were before this program changed them.
#pragma once

#include <csignal>
#include <string>
#include <sys/types.h>
#include <vector>

namespace headrace::run {

struct SpawnPlan {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "NAME=value", all of it
  int stdout_fd = -1;                    // -1: inherited
  int stderr_fd = -1;
  bool stdin_from_null = false;
  bool stderr_to_null = false;
  sigset_t* signal_mask = nullptr;  // null: none blocked
};

// Returns 0 and the process, or the errno that says why there is none: ENOENT not found, EACCES not
// executable, ... No handler of this process and no fork handler runs in the child.
int spawn(const SpawnPlan& plan, pid_t* pid);

// Takes the end of a child that spawn() did not make and that has ended. Never that of one that
// spawn() made, for which somebody waits.
bool reap_stranger(pid_t pid, int* status);

// The file that a shell would run for `name`; empty when there is none.
std::string find_executable(const std::string& name);

// This process's environment with `changes` ("NAME=value") applied; later ones win.
std::vector<std::string> environment_with(const std::vector<std::string>& changes);

}  // namespace headrace::run
