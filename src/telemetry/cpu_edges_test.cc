#include "telemetry/cpu_edges.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <thread>

#include "base/clock.h"
#include "capture/sample.h"
#include "capture/task.h"
#include "capture/task_edge.h"
#include "telemetry/own_recorder_for_test.h"

namespace headrace::telemetry {
namespace {

class CpuEdgesTest : public OwnRecorderTest {
 protected:
  CpuEdgesTest() {
    Sensor sensor;
    sensor.name = testing::UnitTest::GetInstance()->current_test_info()->name();
    sensor.scale = 1e-9;
    sensor_id_ = capture::intern_sensor(*recorder_, sensor);
    activity_ = capture::intern_activity("work");
  }
  ~CpuEdgesTest() override { stop_reading_at_edges(); }
  std::vector<SampleRecord> samples() {
    return OwnRecorderTest::samples(testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  void task() { capture::end_task(capture::begin_task(activity_), TaskStatus::kFinished); }
  uint32_t sensor_id_ = 0;
  uint32_t activity_ = 0;
};

constexpr uint64_t kNoStep = 1 << 24;  // ticks: a doubt of some 10 us, however slow the machine

TEST_F(CpuEdgesTest, ATasksEdgesHaveAReadingOfTheirOwn) {
  task();
  EXPECT_EQ(samples().size(), 0u) << "nobody asked";
  const auto before = static_cast<uint64_t>(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
  const uint64_t from = ticks();
  // Every edge is due; one that is interrupted is left out.
  for (int i = 0; i < 1000 && samples().size() < 2; ++i) {
    capture::TaskEdge::due_ticks.store(capture::TaskEdge::kNever);
    read_cpu_at_edges(*recorder_, sensor_id_, kNoStep);
    task();
  }
  const std::vector<SampleRecord> read = samples();
  ASSERT_GE(read.size(), 2u);
  for (const SampleRecord& one : read) {
    EXPECT_GE(one.at_ticks, from);
    EXPECT_LE(one.at_ticks, ticks());
    EXPECT_GE(one.raw, before);
  }
}

TEST_F(CpuEdgesTest, ManyShortTasksHaveOneInAStep) {
  read_cpu_at_edges(*recorder_, sensor_id_, uint64_t{1} << 62);
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) task();
  });
  for (int i = 0; i < 1000; ++i) task();
  other.join();
  EXPECT_LE(samples().size(), 1u);
}

TEST_F(CpuEdgesTest, ThereAreNoneOnceItHasStopped) {
  read_cpu_at_edges(*recorder_, sensor_id_, kNoStep);
  stop_reading_at_edges();
  task();
  EXPECT_EQ(samples().size(), 0u);
}

}  // namespace
}  // namespace headrace::telemetry
