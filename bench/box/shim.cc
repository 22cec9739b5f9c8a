// What the preloaded library costs a program, beside the same program without it in the same run:
// open + close, a read (which it does not wrap), starting a program, and what stays in memory. One
// JSON line a row.
//
// The program is this one, started again with "calls FOLDER" or "nothing". The minimum over many
// short blocks, with and without in turns, so that a busy machine changes little.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "box/shim_file.h"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using headrace::now_monotonic_ns;

constexpr int kFiles = 64;

template <typename Action>
double least_ns(int blocks, int times, const Action& action) {
  double least = 1e18;
  for (int block = 0; block < blocks; ++block) {
    const int64_t begin = now_monotonic_ns();
    for (int i = 0; i < times; ++i) action(i);
    least = std::min(least, static_cast<double>(now_monotonic_ns() - begin) / times);
  }
  return least;
}

// KiB of this process's pages of what has `name` in its path.
long resident_kib(const char* name) {
  std::ifstream maps("/proc/self/smaps");
  long sum = 0;
  bool counts = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) counts = line.find(name) != std::string::npos;
    if (counts && line.starts_with("Rss:")) sum += std::atol(line.c_str() + 4);
  }
  return sum;
}

// In the measured program: answers on stdout.
int measure_calls(const std::string& folder) {
  const long log_kib = resident_kib(".box");
  const long library_kib = resident_kib("libheadrace_box.so");
  std::vector<std::string> files;
  files.reserve(kFiles);
  for (int i = 0; i < kFiles; ++i) files.push_back(folder + "/file" + std::to_string(i));
  const auto path = [&](int i) { return files[static_cast<size_t>(i) % kFiles].c_str(); };
  const double read_ns = least_ns(60, kFiles, [&](int i) { close(open(path(i), O_RDONLY)); });
  const double again_ns = least_ns(60, 100, [&](int) { close(open(path(0), O_RDONLY)); });
  const double write_ns = least_ns(60, kFiles, [&](int i) { close(open(path(i), O_RDWR)); });
  const int zero = open("/dev/zero", O_RDONLY);
  char byte = 0;
  const double byte_ns = least_ns(60, 200, [&](int) { (void)!read(zero, &byte, 1); });
  std::printf("%.1f %.1f %.1f %.1f %ld %ld\n", read_ns, again_ns, write_ns, byte_ns, log_kib,
              library_kib);
  return 0;
}

struct Calls {
  std::array<double, 4> ns{1e18, 1e18, 1e18, 1e18};
  long log_kib = 0;
  long library_kib = 0;
};

pid_t start(const char* program, const std::vector<std::string>& words,
            const std::vector<std::string>& environment,
            const posix_spawn_file_actions_t* files = nullptr) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (const std::string& one : environment) variables.push_back(const_cast<char*>(one.c_str()));
  variables.push_back(nullptr);
  pid_t pid = -1;
  if (posix_spawn(&pid, program, files, nullptr, arguments.data(), variables.data()) != 0) {
    std::exit(1);
  }
  return pid;
}

void add_calls(const std::string& folder, const std::vector<std::string>& environment, Calls* to) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::exit(1);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], 1);
  const pid_t pid = start("/proc/self/exe", {"box", "calls", folder}, environment, &files);
  posix_spawn_file_actions_destroy(&files);
  close(ends[1]);
  FILE* answer = fdopen(ends[0], "r");
  std::array<double, 4> ns{};
  if (std::fscanf(answer, "%lf %lf %lf %lf %ld %ld", &ns[0], &ns[1], &ns[2], &ns[3], &to->log_kib,
                  &to->library_kib) != 6) {
    std::exit(1);
  }
  std::fclose(answer);
  waitpid(pid, nullptr, 0);
  for (size_t i = 0; i < ns.size(); ++i) to->ns[i] = std::min(to->ns[i], ns[i]);
}

// With `output` as what it writes to, since the path of a file has to be asked for.
double one_start_ns(const std::vector<std::string>& environment, int output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_adddup2(&files, output, 2);
  const int64_t begin = now_monotonic_ns();
  const pid_t pid = start("/bin/true", {"true"}, environment, &files);
  waitpid(pid, nullptr, 0);
  const int64_t end = now_monotonic_ns();
  posix_spawn_file_actions_destroy(&files);
  return static_cast<double>(end - begin);
}

void row(const char* name, double with_ns, double without_ns, const char* floor) {
  std::printf(
      "{\"row\": \"shim: %s\", \"ns\": %.1f, \"added_ns\": %.1f, \"ratio\": %.4f, "
      "\"floor\": \"%s\"}\n",
      name, with_ns, with_ns - without_ns, with_ns / without_ns, floor);
}

void clear(const fs::path& folder) {
  for (const auto& file : fs::directory_iterator(folder)) fs::remove(file.path());
}

int measure(const std::string& shim) {
  std::string made = "/dev/shm/headrace-bench-XXXXXX";
  if (mkdtemp(made.data()) == nullptr) return 1;
  const fs::path folder = made;
  fs::create_directory(folder / "log");
  fs::create_directory(folder / "files");
  for (int i = 0; i < kFiles; ++i) std::ofstream(folder / "files" / ("file" + std::to_string(i)));
  const std::vector<std::string> without{"PATH=/usr/bin:/bin"};
  std::vector<std::string> with = without;
  for (std::string& one : headrace::box::shim_variables(shim, folder / "log")) {
    with.push_back(std::move(one));
  }
  Calls bare;
  Calls watched;
  for (int round = 0; round < 5; ++round) {
    add_calls(folder / "files", without, &bare);
    add_calls(folder / "files", with, &watched);
    clear(folder / "log");
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return 1;
  const int file = open((folder / "output").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return 1;
  double bare_start_ns = 1e18;
  double start_ns = 1e18;
  double file_start_ns = 1e18;
  for (int round = 0; round < 300; ++round) {
    bare_start_ns = std::min(bare_start_ns, one_start_ns(without, ends[1]));
    start_ns = std::min(start_ns, one_start_ns(with, ends[1]));
    file_start_ns = std::min(file_start_ns, one_start_ns(with, file));
    if (round % 20 == 0) clear(folder / "log");
  }
  close(file);
  close(ends[0]);
  close(ends[1]);
  fs::remove_all(folder);
  row("open + close, for reading", watched.ns[0], bare.ns[0], "open + close");
  row("open + close of the file just read", watched.ns[1], bare.ns[1], "open + close");
  row("open + close, for writing", watched.ns[2], bare.ns[2], "open + close");
  row("read of one byte", watched.ns[3], bare.ns[3], "read");
  row("starting a program", start_ns, bare_start_ns, "starting it");
  row("starting a program, its output in a file", file_start_ns, bare_start_ns, "starting it");
  std::printf("{\"row\": \"shim: log in memory, of a process that does nothing\", \"kib\": %ld}\n",
              watched.log_kib);
  std::printf("{\"row\": \"shim: library in memory, mostly shared\", \"kib\": %ld}\n",
              watched.library_kib);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::strcmp(arguments[1], "calls") == 0) return measure_calls(arguments[2]);
  const headrace::Result<std::string> shim = headrace::box::find_shim();
  if (!shim.ok()) {
    std::fprintf(stderr, "%s\n", shim.status().message().c_str());
    return 1;
  }
  return measure(*shim);
}
