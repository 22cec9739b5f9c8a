// A task that is current on one thread and ended by another.
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

}  // namespace
}  // namespace headrace::capture
