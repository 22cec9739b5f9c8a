#include "door.h"

#include <cstdlib>
#include <random>
#include <string>

#include "base/clock.h"
#include "collect/intake.h"
#include "collect/spool_fixture.h"

namespace headrace {
namespace {

// Seconds; as often as a follower that reads a large source: a commit every 10,000 tasks.
double tell(const Directory& directory, uint64_t tasks, int floats, collect::IntakeReport& report) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform;
  Result<collect::Intake> intake = collect::Intake::open(directory, {"bench", "/bench/door"});
  if (!intake.ok()) std::abort();
  const int64_t begin_ns = now_monotonic_ns();
  for (uint64_t i = 0; i < tasks; ++i) {
    collect::TaskTold task;
    task.id = "task-" + std::to_string(i);
    task.activity = "activity " + std::to_string(i % 200);
    task.workflow = "workflow " + std::to_string(i / 1000);
    task.begin_ns = collect::kEpoch_ns + static_cast<int64_t>(i) * 10'000;
    task.end_ns = *task.begin_ns + 5000;
    for (int f = 0; f < floats; ++f) {
      task.used.add("used" + std::to_string(f), collect::Value::of(uniform(random)));
      task.generated.add("generated" + std::to_string(f), collect::Value::of(uniform(random)));
    }
    if (!intake->task(task).ok()) std::abort();
    if ((i + 1) % 10'000 == 0 && !intake->commit(std::to_string(i + 1)).ok()) std::abort();
  }
  if (!intake->commit(std::to_string(tasks)).ok()) std::abort();
  report = intake->report();
  return static_cast<double>(now_monotonic_ns() - begin_ns) / 1e9;
}

}  // namespace

DoorFigures measure_door(const Directory& directory, uint64_t tasks, int floats) {
  const auto n = static_cast<double>(tasks);
  collect::IntakeReport first;
  collect::IntakeReport second;
  DoorFigures out;
  out.tasks_per_s = n / tell(directory, tasks, floats, first);
  out.again_per_s = n / tell(directory, tasks, floats, second);
  out.bytes_per_task = static_cast<double>(first.told_bytes) / n;
  out.is_right = first.tasks == tasks && second.tasks == 0 && second.known == tasks;
  return out;
}

}  // namespace headrace
