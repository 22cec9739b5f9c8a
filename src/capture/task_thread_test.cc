// Tasks and threads that end in unusual order.
#include <gtest/gtest.h>
#include <thread>

#include "capture/recorded_for_test.h"
#include "capture/task.h"

namespace headrace::capture {
namespace {

TEST(TaskThread, EndedElsewhereIsNoLongerCurrent) {
  const Recorded recorded = record_in_process([] {
    TaskState* outer = begin_task(intern_activity("outer"));
    TaskState* inner = begin_task(intern_activity("inner"));
    std::thread([inner] { end_task(inner, TaskStatus::kFinished); }).join();
    if (current_task() != outer) std::abort();
    end_task(begin_task(intern_activity("after")), TaskStatus::kFinished);
    end_task(outer, TaskStatus::kFinished);
    if (current_task() != nullptr) std::abort();
  });
  ASSERT_NE(recorded.task("after"), nullptr);
  ASSERT_NE(recorded.task("outer"), nullptr);
  EXPECT_EQ(recorded.task("inner")->parent, recorded.task("outer")->id);
  EXPECT_EQ(recorded.task("after")->parent, recorded.task("outer")->id);
}

TEST(TaskThread, AnOuterOneEndedElsewhereIsDroppedWhenReached) {
  const Recorded recorded = record_in_process([] {
    TaskState* outer = begin_task(intern_activity("outer"));
    TaskState* inner = begin_task(intern_activity("inner"));
    std::thread([outer] { end_task(outer, TaskStatus::kFinished); }).join();
    if (current_task() != inner) std::abort();
    end_task(inner, TaskStatus::kFinished);
    end_task(begin_task(intern_activity("after")), TaskStatus::kFinished);
  });
  ASSERT_NE(recorded.task("after"), nullptr);
  EXPECT_EQ(recorded.task("after")->parent, "");
}

TEST(ProcessEnd, ExitEndsTheProcessesWorkflow) {
  const Recorded recorded = record_in_process([] {
    end_task(begin_task(intern_activity("only")), TaskStatus::kFinished);
    std::exit(0);
  });
  ASSERT_EQ(recorded.workflows.size(), 2u);
  EXPECT_EQ(recorded.workflows[0].status, TaskStatus::kRunning);
  EXPECT_EQ(recorded.workflows[1].status, TaskStatus::kFinished);
}

}  // namespace
}  // namespace headrace::capture
