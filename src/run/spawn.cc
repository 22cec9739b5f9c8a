#include "run/spawn.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <spawn.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unordered_set>

#include "base/c_strings.h"

extern char** environ;

namespace headrace::run {
namespace {

std::mutex
    g_spawned_mutex;  // held while a child is made, so that its end is not seen before it is here
std::unordered_set<pid_t> g_spawned;

bool is_executable_file(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

}  // namespace

int spawn(const SpawnPlan& plan, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  if (plan.stdin_from_null) {
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  if (plan.stdout_fd >= 0) {
    posix_spawn_file_actions_adddup2(&files, plan.stdout_fd, STDOUT_FILENO);
  }
  if (plan.stderr_fd >= 0) {
    posix_spawn_file_actions_adddup2(&files, plan.stderr_fd, STDERR_FILENO);
  }
  if (plan.stderr_to_null) {
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, plan.signal_mask != nullptr ? plan.signal_mask : &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const std::vector<char*> arguments = c_strings(plan.command);
  const std::vector<char*> environment = c_strings(plan.environment);
  const std::lock_guard lock(g_spawned_mutex);
  int error =
      posix_spawnp(pid, arguments[0], &files, &attributes, arguments.data(), environment.data());
  if (error == ENOEXEC) {
    // No first line that names an interpreter: as execvp and every shell do.
    std::vector<std::string> with_shell = plan.command;
    with_shell[0] = find_executable(plan.command[0]);
    with_shell.insert(with_shell.begin(), "/bin/sh");
    error = posix_spawn(pid, "/bin/sh", &files, &attributes, c_strings(with_shell).data(),
                        environment.data());
  }
  if (error == 0) g_spawned.insert(*pid);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error;
}

bool reap_stranger(pid_t pid, int* status) {
  const std::lock_guard lock(g_spawned_mutex);
  return !g_spawned.contains(pid) && waitpid(pid, status, WNOHANG) == pid;
}

std::string find_executable(const std::string& name) {
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) return is_executable_file(name) ? name : std::string();
  const char* set = std::getenv("PATH");
  const std::string path = set != nullptr ? set : "/bin:/usr/bin";
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    std::string folder = path.substr(at, end - at);
    if (folder.empty()) folder.assign(1, '.');
    folder.append("/").append(name);
    if (is_executable_file(folder)) return folder;
    at = end + 1;
  }
  return {};
}

std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
  std::vector<std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const bool replaced = std::any_of(changes.begin(), changes.end(), [at](const std::string& one) {
      return name_of(one) == name_of(*at);
    });
    if (!replaced) out.emplace_back(*at);
  }
  out.insert(out.end(), changes.begin(), changes.end());
  return out;
}

}  // namespace headrace::run
