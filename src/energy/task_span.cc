#include "energy/task_span.h"

#include <algorithm>
#include <tuple>

namespace headrace::energy {

std::vector<TaskEvent> order_events(std::span<const TaskSpan> tasks) {
  // The time, then whether it is a begin, then the task.
  std::vector<std::pair<int64_t, uint64_t>> timed;
  timed.reserve(2 * tasks.size());
  constexpr unsigned kBegins = 32;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].end_ns <= tasks[i].begin_ns) continue;
    timed.emplace_back(tasks[i].begin_ns, uint64_t{1} << kBegins | i);
    timed.emplace_back(tasks[i].end_ns, i);
  }
  std::sort(timed.begin(), timed.end());
  std::vector<TaskEvent> out(timed.size());
  std::transform(timed.begin(), timed.end(), out.begin(), [](const auto& e) {
    return TaskEvent{static_cast<uint32_t>(e.second), (e.second >> kBegins) != 0};
  });
  return out;
}

}  // namespace headrace::energy
