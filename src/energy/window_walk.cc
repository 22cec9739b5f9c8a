#include "energy/window_walk.h"

#include <cstdlib>

namespace headrace::energy {
namespace {

constexpr double kNs = 1e-9;  // in seconds
// A reading at a task's edge lies next to what is recorded as the edge's time.
constexpr int64_t kNextTo_ns = 50'000;

}  // namespace

WindowWalk::WindowWalk(const Timeline& timeline, std::span<const TaskSpan> tasks,
                       std::span<const TaskEvent> events, ModelPower model)
    : knots_(timeline.knots()),
      tasks_(tasks),
      events_(events),
      model_(model),
      power_uw_(model.floor_uw),
      state_(tasks.size()) {
  if (knots_.empty()) return;
  at_ns_ = knots_.front().at_ns;
  // What happened before anything was counted only says who runs.
  while (next_event_ < events_.size()) {
    const TaskEvent event = events_[next_event_];
    const TaskSpan& task = tasks_[event.task];
    if ((event.begins ? task.begin_ns : task.end_ns) > at_ns_) break;
    happen(event);
    ++next_event_;
  }
}

void WindowWalk::move_to(int64_t at_ns) {
  const double step_s = static_cast<double>(at_ns - at_ns_) * kNs;
  at_ns_ = at_ns;
  now_s_ += step_s;
  window_.power_uj += power_uw_ * step_s;
  window_.square += power_uw_ * power_uw_ * step_s;
  if (running_.empty()) return;
  window_.busy_s += step_s;
  floor_s_ += step_s / static_cast<double>(running_.size());
}

void WindowWalk::note(uint32_t task) {
  State& state = state_[task];
  const double own_s = now_s_ - state.since_s;
  if (!(own_s > 0)) return;
  if (state.window != window_.index) {
    state.window = static_cast<uint32_t>(window_.index);
    state.slot = static_cast<uint32_t>(exposures_.size());
    exposures_.push_back({task, 0, 0});
  }
  Exposure& exposure = exposures_[state.slot];
  exposure.own_s += own_s;
  exposure.floor_s += floor_s_ - state.floor_since_s;
}

void WindowWalk::run(uint32_t task) {
  State& state = state_[task];
  state.place = static_cast<uint32_t>(running_.size());
  state.since_s = now_s_;
  state.floor_since_s = floor_s_;
  running_.push_back(task);
  if (!model_.type_uw.empty()) power_uw_ += model_.type_uw[tasks_[task].type];
}

void WindowWalk::stop(uint32_t task) {
  note(task);
  State& state = state_[task];
  running_[state.place] = running_.back();
  state_[running_.back()].place = state.place;
  running_.pop_back();
  state.place = UINT32_MAX;
  if (!model_.type_uw.empty()) power_uw_ -= model_.type_uw[tasks_[task].type];
  // So that rounding does not add up over millions of tasks.
  if (running_.empty()) power_uw_ = model_.floor_uw;
}

void WindowWalk::happen(TaskEvent event) {
  State& state = state_[event.task];
  const uint32_t parent = tasks_[event.task].parent;
  if (event.begins) {
    if (parent != kNoTask) {
      ++state_[parent].open_children;
      if (state_[parent].place != UINT32_MAX) stop(parent);
    }
    state.open = true;
    if (state.open_children == 0) run(event.task);
    return;
  }
  state.open = false;
  if (state.place != UINT32_MAX) stop(event.task);
  if (parent != kNoTask && --state_[parent].open_children == 0 && state_[parent].open) run(parent);
}

// Once all that happened until then has.
bool WindowWalk::is_at_edge(int64_t at_ns) const {
  const auto is_near = [&](TaskEvent event) {
    const TaskSpan& task = tasks_[event.task];
    return std::abs((event.begins ? task.begin_ns : task.end_ns) - at_ns) <= kNextTo_ns;
  };
  return (next_event_ > 0 && is_near(events_[next_event_ - 1])) ||
         (next_event_ < events_.size() && is_near(events_[next_event_]));
}

bool WindowWalk::next() {
  if (next_window_ + 1 >= knots_.size()) return false;
  const Timeline::Knot& begin = knots_[next_window_];
  const Timeline::Knot& end = knots_[next_window_ + 1];
  window_ = {};
  window_.index = next_window_++;
  window_.length_s = static_cast<double>(end.at_ns - begin.at_ns) * kNs;
  exposures_.clear();
  now_s_ = 0;
  floor_s_ = 0;
  for (const uint32_t task : running_) state_[task].since_s = state_[task].floor_since_s = 0;
  while (next_event_ < events_.size()) {
    const TaskEvent event = events_[next_event_];
    const TaskSpan& task = tasks_[event.task];
    const int64_t at_ns = event.begins ? task.begin_ns : task.end_ns;
    if (at_ns > end.at_ns) break;
    move_to(at_ns);
    happen(event);
    ++next_event_;
  }
  move_to(end.at_ns);
  for (const uint32_t task : running_) note(task);
  window_.exposures = exposures_;
  window_.end_uw = power_uw_;
  window_.ends_at_edge = is_at_edge(end.at_ns);
  return true;
}

}  // namespace headrace::energy
