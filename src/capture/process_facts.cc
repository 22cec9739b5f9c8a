#include "capture/process_facts.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <unistd.h>

#include "base/clock.h"
#include "capture/secrets.h"

namespace headrace::capture {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link_target(const char* path) {
  char target[4096];
  const ssize_t n = readlink(path, target, sizeof target);
  return n <= 0 ? std::string() : std::string(target, static_cast<size_t>(n));
}

std::vector<std::string> command_line() {
  std::vector<std::string> out;
  std::string all = read_file("/proc/self/cmdline");
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\0', at), all.size());
    out.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string start_time_ticks() {
  const std::string stat = read_file("/proc/self/stat");
  // The program's name stands in brackets and may hold anything: count fields after the last one.
  size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return {};
  return stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

std::string base_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

struct Launcher {
  const char* name;
  const char* rank;
  const char* ranks;
  const char* local_rank;
};
// The variables by which launchers tell a process its place; no MPI call is needed.
constexpr Launcher kLaunchers[] = {
    {"openmpi", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
    {"pals", "PALS_RANKID", "PALS_NRANKS", "PALS_LOCAL_RANKID"},
    {"flux", "FLUX_TASK_RANK", "FLUX_JOB_SIZE", "FLUX_TASK_LOCAL_ID"},
    {"pmi", "PMI_RANK", "PMI_SIZE", "PMI_LOCAL_RANK"},
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
};

}  // namespace

ProcessFacts process_facts() {
  ProcessFacts out;
  const auto add = [&out](const char* key, std::string value) {
    if (!value.empty()) out.emplace_back(key, std::move(value));
  };
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  add("host", host);
  add("pid", std::to_string(getpid()));
  add("parent_pid", std::to_string(getppid()));
  std::string boot = read_file("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  add("boot_id", boot);
  add("start_time_ticks", start_time_ticks());
  // Not getpwuid: on a cluster it may ask a directory server, and wait for it.
  const char* user = std::getenv("USER");
  add("user", user != nullptr ? user : "uid " + std::to_string(getuid()));
  add("executable", link_target("/proc/self/exe"));
  std::string command;
  for (const std::string& word : without_secrets(command_line()))
    command += (command.empty() ? "" : " ") + word;
  add("command", command.substr(0, 4096));
  add("cwd", link_target("/proc/self/cwd"));
  for (const Launcher& launcher : kLaunchers) {
    const char* rank = std::getenv(launcher.rank);
    if (rank == nullptr) continue;
    add("launcher", launcher.name);
    add("rank", rank);
    if (const char* ranks = std::getenv(launcher.ranks)) add("ranks", ranks);
    if (const char* local = std::getenv(launcher.local_rank)) add("local_rank", local);
    break;
  }
  add("tick_source", tick_source() == TickSource::kTsc ? "tsc" : "monotonic");
  return out;
}

std::string program_name() {
  const std::vector<std::string> words = command_line();
  if (words.empty()) return "program";
  const std::string program = base_name(words[0]);
  if (program.rfind("python", 0) == 0) {
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "-m" && i + 1 < words.size()) return words[i + 1];
      if (words[i] == "-c") break;
      if (!words[i].empty() && words[i][0] != '-') return base_name(words[i]);
    }
  }
  return program;
}

}  // namespace headrace::capture
