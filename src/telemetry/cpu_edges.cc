#include "telemetry/cpu_edges.h"

#include <atomic>

#include "base/clock.h"
#include "capture/sample.h"
#include "capture/task_edge.h"

namespace headrace::telemetry {
namespace {

using capture::TaskEdge;

std::atomic<capture::Recorder*> g_recorder{nullptr};
std::atomic<uint32_t> g_sensor_id{0};
std::atomic<uint64_t> g_step_ticks{0};

// A reading that took longer was interrupted: nobody knows when in between it was made.
constexpr uint64_t kStepsOfDoubt = 500;  // 20 us of 10 ms

void read() {
  const uint64_t before = ticks();
  const uint64_t step_ticks = g_step_ticks.load(std::memory_order_relaxed);
  uint64_t due = TaskEdge::due_ticks.load(std::memory_order_relaxed);
  // Of several threads one reads.
  if (before < due || !TaskEdge::due_ticks.compare_exchange_strong(due, before + step_ticks)) {
    return;
  }
  capture::Recorder* const recorder = g_recorder.load(std::memory_order_acquire);
  if (recorder == nullptr || recorder->shed_level() != capture::ShedLevel::kNone) return;
  const auto cpu_ns = static_cast<uint64_t>(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
  const uint64_t took = ticks() - before;
  if (took > step_ticks / kStepsOfDoubt) return;
  capture::record_sample(*recorder, g_sensor_id.load(std::memory_order_relaxed), before + took / 2,
                         cpu_ns);
}

}  // namespace

void read_cpu_at_edges(capture::Recorder& recorder, uint32_t sensor_id, uint64_t step_ticks) {
  if (sensor_id == 0) return;
  g_sensor_id.store(sensor_id, std::memory_order_relaxed);
  g_step_ticks.store(step_ticks, std::memory_order_relaxed);
  g_recorder.store(&recorder, std::memory_order_release);
  TaskEdge::told.store(&read, std::memory_order_release);
  uint64_t never = TaskEdge::kNever;
  TaskEdge::due_ticks.compare_exchange_strong(never, 0);
}

void stop_reading_at_edges() {
  TaskEdge::told.store(nullptr, std::memory_order_release);
  TaskEdge::due_ticks.store(TaskEdge::kNever, std::memory_order_relaxed);
}

}  // namespace headrace::telemetry
