// What happens when a ring has given all its task numbers, and when every ring has been given.
#include <cstdio>
#include <gtest/gtest.h>
#include <thread>

#include "capture/finished_task.h"
#include "capture/recorded_for_test.h"
#include "capture/task.h"

namespace headrace::capture {
namespace {

void run_task(const char* name) {
  end_task(begin_task(intern_activity(name)), TaskStatus::kFinished);
}

void expect(bool holds, int code) {
  if (!holds) _exit(code);
}

TEST(LastNumbers, ARingIsReplacedBeforeItRunsIntoTheNextRingsNumbers) {
  const Recorded recorded = record_in_process([] {
    std::thread([] { run_task("of ring 1"); }).join();
    run_task("of ring 2");
    Recorder::get()->ring()->leave_task_numbers(2);
    TaskState* const outer = begin_task(intern_activity("outer"));
    run_task("last");
    run_task("first");  // of ring 3
    end_task(outer, TaskStatus::kFinished);
    std::thread([] { run_task("of ring 4"); }).join();
    Recorder::get()->ring()->leave_task_numbers(0);
    expect(draw_task_number() == (TaskNumber{5} << kTaskCounterBits) + 1, 3);
    expect(Recorder::get()->counters().tasks_without_id == 0, 4);
  });
  ASSERT_EQ(recorded.exit_status, 0);
  ASSERT_EQ(recorded.tasks.size(), 6u);
  EXPECT_EQ(recorded.task("outer")->ring, 2u);
  EXPECT_EQ(recorded.task("last")->ring, 2u);
  EXPECT_EQ(recorded.task("first")->ring, 3u);
  EXPECT_EQ(recorded.task("first")->parent, recorded.task("outer")->id);
  EXPECT_EQ(recorded.task("of ring 4")->ring, 4u);
}

TEST(LastNumbers, WithoutARingLeftCaptureSaysSoOnceAndCounts) {
  const Recorded recorded = record_in_process([] {
    std::FILE* const said = std::tmpfile();
    dup2(fileno(said), STDERR_FILENO);
    run_task("of ring 1");
    Recorder& recorder = *Recorder::get();
    recorder.begin_rings_at(RingSet::kPastIndex - 1);
    std::thread([] { run_task("of the last ring"); }).join();
    for (int i = 0; i < 2; ++i) {
      std::thread([] {
        expect(begin_task(intern_activity("none")) == nullptr, 3);
        expect(draw_task_number() == 0, 4);
        log_values(nullptr, LogStream::kMetric, {});
      }).join();
    }
    // Who has a ring goes on, to its last number.
    run_task("more");
    recorder.ring()->leave_task_numbers(1);
    TaskState* const last = begin_task(intern_activity("last"));
    for (int i = 0; i < 3; ++i) expect(begin_task(intern_activity("none")) == nullptr, 5);
    expect(draw_task_number() == 0, 6);
    end_task(last, TaskStatus::kFinished);
    expect(recorder.counters().tasks_without_id == 8, 7);
    expect(recorder.counters().dropped == 0, 8);
    std::fflush(nullptr);
    std::rewind(said);
    char line[256];
    int lines = 0;
    while (std::fgets(line, sizeof line, said) != nullptr) ++lines;
    expect(lines == 1, 9);
  });
  ASSERT_EQ(recorded.exit_status, 0);
  ASSERT_EQ(recorded.tasks.size(), 4u);
  EXPECT_EQ(recorded.task("of the last ring")->ring, RingSet::kPastIndex - 1);
  EXPECT_EQ(recorded.task("more")->ring, 1u);
  EXPECT_EQ(recorded.task("last")->ring, 1u);
}

}  // namespace
}  // namespace headrace::capture
