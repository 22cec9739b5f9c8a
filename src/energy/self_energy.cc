#include "energy/self_energy.h"

#include <algorithm>
#include <cmath>

#include "energy/apportion.h"

namespace headrace::energy {
namespace {

// An event is a task's place and whether it is its begin.
constexpr uint64_t event(size_t task, bool begins) { return task << 1 | (begins ? 1 : 0); }

class Sweep {
 public:
  Sweep(const Timeline& timeline, std::span<const TaskSpan> tasks)
      : tasks_(tasks),
        cursor_(timeline),
        self_(tasks.size() + 1, 0.0),
        state_(tasks.size()),
        energy_(tasks.size()) {}

  void run(std::span<const uint64_t> events) {
    for (const uint64_t e : events) {
      const size_t task = e >> 1;
      const bool begins = (e & 1) != 0;
      move_to(begins ? tasks_[task].begin_ns : tasks_[task].end_ns);
      begins ? begin(task) : end(task);
    }
  }
  SelfEnergy finish(int64_t total) {
    double given = 0;
    for (const double one : self_) given += one;
    self_.back() = std::max(0.0, static_cast<double>(total) - given);
    const std::vector<int64_t> parts = apportion(self_, total);
    for (size_t i = 0; i < energy_.size(); ++i) energy_[i].self = parts[i];
    return {std::move(energy_), parts.back()};
  }

 private:
  struct State {
    double mark = 0;  // share_ when the task began to be a leaf
    uint32_t open_children = 0;
    bool open = false;
    bool leaf = false;
  };

  void move_to(int64_t at_ns) {
    const TimelineCursor::Point point = cursor_.at(at_ns);
    if (leaves_ > 0) share_ += (point.value - point_.value) / static_cast<double>(leaves_);
    point_ = point;
  }
  void become_leaf(size_t task) {
    state_[task].leaf = true;
    state_[task].mark = share_;
    ++leaves_;
  }
  void stop_leaf(size_t task) {
    state_[task].leaf = false;
    self_[task] += share_ - state_[task].mark;
    --leaves_;
  }
  void begin(size_t task) {
    const uint32_t parent = tasks_[task].parent;
    if (parent != kNoTask) {
      ++state_[parent].open_children;
      if (state_[parent].leaf) stop_leaf(parent);
    }
    state_[task].open = true;
    if (state_[task].open_children == 0) become_leaf(task);
    energy_[task].window = -point_.value;
    energy_[task].covered_ns = -point_.covered_ns;
    energy_[task].edge = point_.window;
  }
  void end(size_t task) {
    state_[task].open = false;
    if (state_[task].leaf) stop_leaf(task);
    const uint32_t parent = tasks_[task].parent;
    if (parent != kNoTask && --state_[parent].open_children == 0 && state_[parent].open) {
      become_leaf(parent);
    }
    energy_[task].window += point_.value;
    energy_[task].covered_ns += point_.covered_ns;
    energy_[task].edge = std::hypot(energy_[task].edge, point_.window);
  }

  std::span<const TaskSpan> tasks_;
  TimelineCursor cursor_;
  TimelineCursor::Point point_;
  double share_ = 0;  // what a task that was a leaf all the time would have got so far
  size_t leaves_ = 0;
  std::vector<double> self_;  // of each task, and last what is unattributed
  std::vector<State> state_;
  std::vector<TaskEnergy> energy_;
};

}  // namespace

std::vector<uint64_t> order_events(std::span<const TaskSpan> tasks) {
  std::vector<std::pair<int64_t, uint64_t>> timed;
  timed.reserve(2 * tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].end_ns <= tasks[i].begin_ns) continue;
    timed.emplace_back(tasks[i].begin_ns, event(i, true));
    timed.emplace_back(tasks[i].end_ns, event(i, false));
  }
  std::sort(timed.begin(), timed.end());
  std::vector<uint64_t> out(timed.size());
  std::transform(timed.begin(), timed.end(), out.begin(), [](const auto& e) { return e.second; });
  return out;
}

SelfEnergy divide(const Timeline& timeline, std::span<const TaskSpan> tasks,
                  std::span<const uint64_t> events) {
  Sweep sweep(timeline, tasks);
  sweep.run(events);
  return sweep.finish(timeline.total());
}

}  // namespace headrace::energy
