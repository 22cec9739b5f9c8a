// Records on several threads until it is killed or has done its number, and says in a shared file
// which calls have returned: what stands there was promised.
//
//   crash_producer PROGRESS RUN THREADS PAUSE_NS MOST END
//
// PROGRESS is a file of 4 u64 a thread: outer task begun, steps that ended, log rows, and whether
// the outer task's values were given. Every step is a task `step` with used {run, thread, n} under
// the thread's task `outer`; every 16th logs a row. After MOST steps on each thread the process
// ends by END: wait (until killed), exit, _exit, abort, signal:N, exec:FILE, threads (main returns
// while the others record on), eat (takes memory until it is killed), stop (all threads end, then
// main).
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <headrace/headrace.hpp>

namespace {

struct Progress {
  std::atomic<uint64_t> begun;
  std::atomic<uint64_t> steps;
  std::atomic<uint64_t> rows;
  std::atomic<uint64_t> valued;
};

struct Plan {
  int64_t run;
  uint64_t pause_ns;
  uint64_t most;
  bool goes_on;  // after `most`, until the process ends
  bool leaves;   // after `most`
};

void wait_a_while(uint64_t ns) {
  if (ns == 0) return;
  const timespec pause{static_cast<time_t>(ns / 1'000'000'000),
                       static_cast<long>(ns % 1'000'000'000)};
  nanosleep(&pause, nullptr);
}

// Set when the time is over.
std::atomic<bool> g_enough{false};

void record(const Plan& plan, int64_t thread, Progress& progress, std::atomic<int>& working) {
  headrace::Task outer("outer");
  progress.begun.store(1, std::memory_order_release);
  outer.used({{"run", plan.run}, {"thread", thread}, {"note", "still running"}});
  progress.valued.store(1, std::memory_order_release);
  for (uint64_t n = 1; (n <= plan.most && !g_enough.load()) || plan.goes_on; ++n) {
    if (n == plan.most + 1) working.fetch_sub(1);
    {
      headrace::Task step("step", {{"run", plan.run}, {"thread", thread}, {"n", n}});
      step.generated({{"half", static_cast<double>(n) / 2}});
    }
    progress.steps.store(n, std::memory_order_release);
    if (n % 16 == 0) {
      headrace::log({{"run", plan.run}, {"thread", thread}, {"row", n / 16}});
      progress.rows.store(n / 16, std::memory_order_release);
    }
    wait_a_while(plan.pause_ns);
  }
  working.fetch_sub(1);
  while (!plan.leaves) pause();  // the outer task stays open
}

// Every page is written, as fast as an allocation that went wrong would.
void eat_memory() {
  constexpr size_t kBytes = size_t{1} << 20;
  for (std::vector<char*> eaten;; eaten.push_back(new char[kBytes])) {
    if (!eaten.empty()) std::memset(eaten.back(), 1, kBytes);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const auto threads = static_cast<size_t>(std::atoi(argv[3]));
  const std::string end = argv[6];
  // Static: threads use them after main has returned.
  static const Plan plan{std::atoll(argv[2]), std::strtoull(argv[4], nullptr, 10),
                         std::strtoull(argv[5], nullptr, 10), end == "threads",
                         end == "stop" || end.rfind("until:", 0) == 0};
  const size_t bytes = sizeof(Progress) * threads;
  const int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) return 2;
  void* shared = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) return 2;
  auto* const progress = static_cast<Progress*>(shared);

  static std::atomic<int> working{static_cast<int>(threads)};
  std::vector<std::thread> running;
  for (size_t i = 0; i < threads; ++i) {
    running.emplace_back(
        [progress, i] { record(plan, static_cast<int64_t>(i), progress[i], working); });
  }
  if (end.rfind("until:", 0) == 0) {
    const uint64_t seconds = std::strtoull(end.c_str() + 6, nullptr, 10);
    for (uint64_t ms = 0; ms < 1000 * seconds && working.load() > 0; ++ms) wait_a_while(1'000'000);
    g_enough.store(true);
  }
  if (plan.leaves) {
    for (std::thread& thread : running) thread.join();
    return 0;
  }
  while (working.load() > 0 || end == "wait") wait_a_while(200'000);

  if (end == "exit") std::exit(0);
  if (end == "_exit") _exit(3);
  if (end == "abort") std::abort();
  if (end == "eat") eat_memory();
  if (end.rfind("signal:", 0) == 0) std::raise(std::atoi(end.c_str() + 7));
  if (end.rfind("exec:", 0) == 0) {
    const std::string file = end.substr(5);
    execl(file.c_str(), file.c_str(), static_cast<char*>(nullptr));
    return 2;
  }
  for (std::thread& thread : running) thread.detach();
  return 0;
}
