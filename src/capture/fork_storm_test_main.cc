// A process whose threads record without a pause while it forks, whose children record too, flush,
// stop, go on and fork again: for ThreadSanitizer, and counted here. Exits 0 when nothing is lost.
//
//   headrace_fork_storm [forks]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "capture/recorded_for_test.h"
#include "capture/recorder.h"
#include "capture/task.h"

namespace {

using namespace headrace;           // NOLINT: a program of one file
using namespace headrace::capture;  // NOLINT

constexpr int kThreads = 4;
constexpr int kTasks = 100;
std::atomic<uint64_t> g_recorded{0};

void record_one(uint32_t activity, int i) {
  TaskState* const outer = begin_task(activity);
  outer->fields.add_int(Role::kUsed, name_id("i"), i);
  TaskState* const inner = begin_task(activity);
  inner->fields.add_string(Role::kGenerated, name_id("text"), "of the inner task");
  end_task(inner, TaskStatus::kFinished);
  end_task(outer, TaskStatus::kFinished);
}

void record_some(const char* name) {
  const uint32_t activity = intern_activity(name);
  for (int i = 0; i < kTasks; ++i) record_one(activity, i);
}

// In a child, and in its child.
[[noreturn]] void be_child(int depth) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) threads.emplace_back([] { record_some("in a child"); });
  record_some("child");
  Recorder::get()->flush();
  for (std::thread& thread : threads) thread.join();
  if (depth > 0) {
    const pid_t child = fork();
    if (child == 0) be_child(depth - 1);
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) _exit(1);
  }
  stop_capture(TaskStatus::kFinished);
  record_some("after the stop");
  stop_capture(TaskStatus::kFinished);
  _exit(0);
}

int storm(int forks) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&stop] {
      while (!stop) {
        record_some("busy");
        g_recorded.fetch_add(uint64_t{2} * kTasks);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  int failed = 0;
  TaskState* const outer = begin_task(intern_activity("outer"));
  for (int i = 0; i < forks; ++i) {
    const pid_t child = fork();
    if (child == 0) be_child(i % 4 == 0 ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    failed += status != 0 ? 1 : 0;
    (void)Recorder::get()->counters();
  }
  end_task(outer, TaskStatus::kFinished);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  stop_capture(TaskStatus::kFinished);
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  const int forks = argc > 1 ? std::atoi(argv[1]) : 24;
  const TestFolder folder;
  setenv("HEADRACE_DIR", (folder.path() / ".headrace").c_str(), 1);
  setenv("HEADRACE_RING_DIR", (folder.path() / "rings").c_str(), 1);
  const int failed = storm(forks);
  const Recorded recorded = RecordedReader::read(folder.path() / ".headrace");
  // A child has three threads' tasks and those after its stop; every fourth has a child.
  const uint64_t processes = static_cast<uint64_t>(forks) + static_cast<uint64_t>((forks + 3) / 4);
  const uint64_t expected = g_recorded + 1 + processes * 4 * 2 * kTasks;
  std::printf("%llu tasks of %llu, %d children failed\n",
              static_cast<unsigned long long>(recorded.tasks.size()),
              static_cast<unsigned long long>(expected), failed);
  return failed == 0 && recorded.tasks.size() == expected ? 0 : 1;
}
