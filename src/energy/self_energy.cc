#include "energy/self_energy.h"

#include <algorithm>
#include <cmath>

#include "energy/apportion.h"
#include "energy/share_error.h"
#include "energy/subtree_error.h"
#include "energy/window_noise.h"
#include "energy/window_walk.h"

namespace headrace::energy {
namespace {

class Division {
 public:
  Division(const Timeline& timeline, std::span<const TaskSpan> tasks, const ActivityPower& powers,
           const WindowNoise& noise)
      : timeline_(timeline),
        tasks_(tasks),
        powers_(powers),
        noise_(noise),
        task_errors_(tasks.size()),
        group_errors_(powers.types.size()),
        subtrees_(tasks, powers, noise),
        groups_(powers.types.size()) {
    out_.tasks.resize(tasks.size());
    out_.groups.resize(powers.types.size());
  }

  void add(const Window& window, const Expected& expected) {
    const Timeline::Knot& begin = timeline_.knots()[window.index];
    const Timeline::Knot& end = timeline_.knots()[window.index + 1];
    const double end_square =
        end_variance(timeline_, end, window.end_uw) + noise_.lag_s2 * lagging_square(window);
    const bool known = end.gaps == 0 && expected.sum > 0;
    correlation_ = begin.correlation;
    give(window, expected, end.value - begin.value,
         known ? unseen_part(expected, ends_variance(begin_square_, end_square, end.correlation))
               : 0);
    if (known) {
      note_errors(window, expected);
    } else {
      forget_window();
    }
    begin_square_ = end_square;
  }

  // What the tasks of the last window got of it.
  std::span<const int64_t> shares() const { return given_; }

  SelfEnergy finish() {
    forget_window();
    const double systematic = mean_systematic();
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const double sd = powers_.types[tasks_[i].type].relative_sd;
      TaskEnergy& task = out_.tasks[i];
      task.variance = task_errors_[i].variance(noise_.spread + systematic + sd * sd);
      const auto place = static_cast<uint32_t>(i);
      task.whole_variance =
          subtrees_.holds_any(place) ? subtrees_.variance(place, systematic) : task.variance;
    }
    for (size_t i = 0; i < group_errors_.size(); ++i) {
      const double sd = powers_.types[i].group_sd;
      out_.groups[i].variance = group_errors_[i].variance(systematic + sd * sd);
    }
    return std::move(out_);
  }

 private:
  struct GroupInWindow {
    double expected = 0;
    double squares = 0;
    double flicker = 0;
    double part = 0;
  };

  // Of what was counted beyond what was expected, the part that is the sensor's: by the variances.
  double unseen_part(const Expected& expected, double ends) const {
    const double sensor = noise_.partial * expected.composition;
    if (!(sensor > 0)) return 0;
    return sensor / (sensor + noise_.spread * expected.squares + ends);
  }

  void give(const Window& window, const Expected& expected, int64_t counted, double unseen_part) {
    const double off = static_cast<double>(counted) - expected.sum;
    const int64_t unseen = std::llround(unseen_part * off);
    out_.unseen += unseen;
    shares_ = expected.of_task;
    shares_.push_back(expected.rest);
    seen_part_ = 1 - unseen_part;
    // What is shared in proportion errs in proportion to what was shared.
    scale_ = expected.sum > 0 ? static_cast<double>(counted - unseen) / expected.sum : 0;
    const std::span<const int64_t> shares = apportionment_.divide(shares_, counted - unseen);
    given_ = shares.first(window.exposures.size());
    for (size_t i = 0; i < window.exposures.size(); ++i) {
      const Exposure& one = window.exposures[i];
      TaskEnergy& task = out_.tasks[one.task];
      task.self += shares[i];
      task.own_s += one.own_s;
      task.window_s = std::max(task.window_s, window.length_s);
      out_.groups[powers_.types[tasks_[one.task].type].group].energy += shares[i];
    }
    out_.rest += shares.back();
  }

  // Neighbouring ends err alike.
  void note_end(ShareError& error, double difference, bool follows) const {
    const double end = difference * std::sqrt(begin_square_);
    error.rest += end * end + (follows ? 2 * correlation_ * error.end * end : 0);
    error.end = end;
  }
  // `others`: the sum of the squares of what is expected of all others.
  // `flicker`: of its own and of all.
  void note_one(ShareError& error, uint32_t window, double part, double own, double others,
                double own_flicker, double flicker, double composition) const {
    const bool follows = error.window + 1 == window;
    note_end(error, part - (follows ? static_cast<double>(error.share) : 0), follows);
    error.own += (1 - part) * own;
    error.rest += part * part * (noise_.spread * others + noise_.partial * composition);
    error.rest += noise_.flicker_s * ((1 - 2 * part) * own_flicker + part * part * flicker);
    error.share = static_cast<float>(part);
    error.window = window;
  }

  bool runs_through(uint32_t task, size_t window) const {
    return tasks_[task].begin_ns <= timeline_.knots()[window].at_ns &&
           tasks_[task].end_ns >= timeline_.knots()[window + 1].at_ns;
  }
  void note_errors(const Window& window, const Expected& expected) {
    const auto at = static_cast<uint32_t>(window.index);
    const double squares = expected.squares * scale_ * scale_;
    const double flicker = expected.flicker * scale_ * scale_;
    for (size_t i = 0; i < window.exposures.size(); ++i) {
      const uint32_t task = window.exposures[i].task;
      const double own = expected.of_task[i] * scale_;
      const double part = seen_part_ * expected.of_task[i] / expected.sum;
      const double own_s = window.exposures[i].own_s;
      const double own_flicker = own_s > 0 ? own * own / own_s : 0;
      note_one(task_errors_[task], at, part, own, squares - own * own, own_flicker, flicker,
               expected.composition);
      subtrees_.add(task, expected.of_task[i], own_s, runs_through(task, window.index));
      now_.push_back(task);
      const uint32_t number = powers_.types[tasks_[task].type].group;
      GroupInWindow& group = groups_[number];
      if (group.squares == 0) groups_now_.push_back(number);
      group.expected += own;
      group.squares += own * own;
      group.flicker += own_flicker;
      group.part += part;
    }
    for (const uint32_t number : groups_now_) {
      GroupInWindow& group = groups_[number];
      ShareError& error = group_errors_[number];
      note_one(error, at, group.part, group.expected, squares - group.squares, group.flicker,
               flicker, expected.composition);
      // The deviations of its own tasks are many, not one.
      error.rest += (1 - group.part) * (1 - group.part) * noise_.spread * group.squares;
      group = {};
    }
    subtrees_.finish_window({at, expected.sum, expected.squares, expected.flicker, scale_,
                             expected.composition, seen_part_, std::sqrt(begin_square_),
                             correlation_});
    leave(before_, at, task_errors_);
    leave(groups_before_, at, group_errors_);
    before_.swap(now_);
    now_.clear();
    groups_before_.swap(groups_now_);
    groups_now_.clear();
  }
  // Of those that had a part of the window before and have none of this.
  void leave(const std::vector<uint32_t>& places, uint32_t window,
             std::vector<ShareError>& errors) const {
    for (const uint32_t place : places) {
      ShareError& error = errors[place];
      if (error.window != window) note_end(error, -static_cast<double>(error.share), true);
    }
  }
  void forget_window() {
    leave(before_, UINT32_MAX, task_errors_);
    leave(groups_before_, UINT32_MAX, group_errors_);
    subtrees_.forget_window(std::sqrt(begin_square_), correlation_);
    before_.clear();
    groups_before_.clear();
  }

  // The mean over the energy of the variance of the relative error of a type's power.
  double mean_systematic() const {
    double sum = 0;
    double energy = 0;
    for (size_t i = 0; i < out_.groups.size(); ++i) {
      const auto uj = static_cast<double>(out_.groups[i].energy);
      const double sd = powers_.types[i].group_sd;
      sum += uj * sd * sd;
      energy += uj;
    }
    return energy > 0 ? sum / energy : 1;
  }

  const Timeline& timeline_;
  std::span<const TaskSpan> tasks_;
  const ActivityPower& powers_;
  const WindowNoise noise_;
  std::vector<ShareError> task_errors_;
  std::vector<ShareError> group_errors_;
  SubtreeErrors subtrees_;
  std::vector<GroupInWindow> groups_;
  std::vector<double> shares_;  // of this window
  std::span<const int64_t> given_;
  double scale_ = 0;
  double seen_part_ = 1;
  double begin_square_ = 0;  // of the window's begin: variance of the energy on its wrong side
  double correlation_ = 0;   // with that of the end before
  std::vector<uint32_t> now_, before_, groups_now_, groups_before_;
  Apportionment apportionment_;
  SelfEnergy out_;
};

uint16_t gaps_of(const Timeline& timeline, const TaskSpan& span) {
  const auto& knots = timeline.knots();
  uint16_t out = 0;
  if (span.begin_ns < timeline.begin_ns() || span.end_ns > timeline.end_ns()) {
    out = static_cast<uint16_t>(Gap::kNotRead);
  }
  auto at = std::upper_bound(knots.begin(), knots.end(), span.begin_ns,
                             [](int64_t t, const Timeline::Knot& k) { return t < k.at_ns; });
  for (; at != knots.end(); ++at) {
    out |= at->gaps;
    if (at->at_ns >= span.end_ns) break;
  }
  return out;
}

// What was counted while each task was open.
void read_windows(const Timeline& timeline, std::span<const TaskSpan> tasks,
                  std::span<const TaskEvent> events, std::vector<TaskEnergy>& out) {
  constexpr double kNearlyAll = 0.9999;
  TimelineCursor cursor(timeline);
  for (const TaskEvent event : events) {
    const TaskSpan& span = tasks[event.task];
    const TimelineCursor::Point point = cursor.at(event.begins ? span.begin_ns : span.end_ns);
    TaskEnergy& task = out[event.task];
    const double sign = event.begins ? -1 : 1;
    task.window += sign * point.value;
    task.covered_ns += sign * point.covered_ns;
    if (event.begins) continue;
    const auto length_ns = static_cast<double>(span.end_ns - span.begin_ns);
    if (task.covered_ns < kNearlyAll * length_ns) task.gaps = gaps_of(timeline, span);
  }
}

}  // namespace

SelfEnergy divide(const Timeline& timeline, std::span<const TaskSpan> tasks,
                  std::span<const TaskEvent> events, size_t types, const DivideOptions& options) {
  ActivityPower powers = find_powers(timeline, tasks, events, types, options.follows_cpu);
  Expectation expectation(tasks, powers, options.rest_takes_part);
  const WindowNoise noise =
      find_noise(timeline, tasks, events, expectation, options.may_see_part, options.follows_cpu);
  Division division(timeline, tasks, powers, noise);
  for (WindowWalk walk(timeline, tasks, events, expectation.model()); walk.next();) {
    division.add(walk.window(), expectation.of(walk.window()));
    if (options.each_window) options.each_window(walk.window(), division.shares());
  }
  SelfEnergy out = division.finish();
  read_windows(timeline, tasks, events, out.tasks);
  out.powers = std::move(powers);
  return out;
}

}  // namespace headrace::energy
