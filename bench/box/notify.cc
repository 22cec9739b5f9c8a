// What a stopped call costs a program under `headrace run --deep`, beside the same program alone in
// the same run: open + close, a read (which does not stop), starting a program. One JSON line a
// row.
//
// The program is this one, started again with "calls FILE" or "programs". The minimum over many
// short blocks, with and without supervisor in turns, so that a busy machine changes little.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "box/notify_spawn.h"
#include "box/notify_supervisor.h"

extern char** environ;

namespace {

using headrace::now_monotonic_ns;
using headrace::box::SupervisedPlan;
using headrace::box::SupervisedSpawn;
using headrace::box::Supervisor;

enum class How { kAlone, kTurns, kFree };

template <typename Action>
double least_ns(int blocks, int times, const Action& action) {
  double least = 1e18;
  for (int block = 0; block < blocks; ++block) {
    const int64_t begin = now_monotonic_ns();
    for (int i = 0; i < times; ++i) action();
    least = std::min(least, static_cast<double>(now_monotonic_ns() - begin) / times);
  }
  return least;
}

// In the measured program: answers on stdout.
int measure_calls(const char* file) {
  const int zero = open("/dev/zero", O_RDONLY);
  char byte = 0;
  const double open_ns = least_ns(50, 100, [file] { close(open(file, O_RDONLY)); });
  const double read_ns = least_ns(50, 200, [&] { [[maybe_unused]] auto n = read(zero, &byte, 1); });
  std::printf("%.1f %.1f\n", open_ns, read_ns);
  return 0;
}

int measure_programs() {
  std::array<char*, 2> words = {const_cast<char*>("true"), nullptr};
  const double ns = least_ns(10, 5, [&] {
    pid_t child = 0;
    if (posix_spawnp(&child, "true", nullptr, nullptr, words.data(), environ) == 0) {
      waitpid(child, nullptr, 0);
    }
  });
  std::printf("%.1f 0\n", ns);
  return 0;
}

std::array<double, 2> run(How how, std::vector<std::string> command, const std::string& logs) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  SupervisedPlan plan;
  plan.command = std::move(command);
  for (char** at = environ; *at != nullptr; ++at) plan.environment.emplace_back(*at);
  plan.stdout_fd = ends[1];
  plan.takes_turns = how == How::kTurns;
  pid_t pid = -1;
  SupervisedSpawn spawn;
  std::unique_ptr<Supervisor> supervisor;
  if (how == How::kAlone) {
    std::vector<char*> words;
    for (std::string& word : plan.command) words.push_back(word.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    if (posix_spawn(&pid, words[0], &files, nullptr, words.data(), environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&files);
  } else {
    const headrace::Status started = spawn.start(plan);
    if (!started.ok()) {
      std::fprintf(stderr, "%s\n", started.message().c_str());
      std::exit(1);
    }
    supervisor = std::make_unique<Supervisor>(spawn.listener(), logs);
    if (spawn.finish() != 0) std::abort();
    pid = spawn.pid();
  }
  close(ends[1]);
  std::string text;
  char part[64];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof part)) > 0;) {
    text.append(part, static_cast<size_t>(got));
  }
  close(ends[0]);
  waitpid(pid, nullptr, 0);
  if (supervisor) supervisor->finish(2000);
  for (const auto& log : std::filesystem::directory_iterator(logs)) {
    std::filesystem::remove(log.path());
  }
  std::array<double, 2> out{};
  char* end = nullptr;
  out[0] = std::strtod(text.c_str(), &end);
  out[1] = std::strtod(end, nullptr);
  return out;
}

void print(const char* row, double ns, double floor_ns, const char* floor) {
  std::printf(R"({"row": "%s", "ns": %.1f, "ratio": %.3f, "floor": "%s"})"
              "\n",
              row, ns, ns / floor_ns, floor);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "calls") == 0) return measure_calls(argv[2]);
  if (argc == 2 && std::strcmp(argv[1], "programs") == 0) return measure_programs();
  std::string folder = "/dev/shm/headrace-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const std::string file = folder + "/file";
  const std::string logs = folder + "/logs";
  std::filesystem::create_directory(logs);
  close(open(file.c_str(), O_CREAT | O_WRONLY, 0600));
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();

  constexpr std::array kHows = {How::kAlone, How::kTurns, How::kFree};
  std::array<std::array<double, 3>, 3> least{};  // by how: open + close, read, program
  for (auto& row : least) row.fill(1e18);
  for (int round = 0; round < 5; ++round) {
    for (size_t how = 0; how < kHows.size(); ++how) {
      const auto calls = run(kHows[how], {self, "calls", file}, logs);
      const auto programs = run(kHows[how], {self, "programs"}, logs);
      least[how][0] = std::min(least[how][0], calls[0]);
      least[how][1] = std::min(least[how][1], calls[1]);
      least[how][2] = std::min(least[how][2], programs[0]);
    }
  }
  std::filesystem::remove_all(folder);
  print("deep: open + close", least[1][0], least[0][0], "open + close alone");
  print("deep: open + close, before Linux 6.6", least[2][0], least[0][0], "open + close alone");
  print("deep: read of one byte", least[1][1], least[0][1], "read alone");
  print("deep: start and end of a program", least[1][2], least[0][2], "program alone");
  return 0;
}
