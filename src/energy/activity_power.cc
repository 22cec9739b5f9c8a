#include "energy/activity_power.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "energy/column_groups.h"
#include "energy/normal_equations.h"
#include "energy/window_walk.h"

namespace headrace::energy {
namespace {

// Twenty thousand windows are half an hour of a counter that is refreshed ten times a second.
constexpr double kKeeps = 1 - 1.0 / 20'000;
// What tasks of one type differ in power, for weighing long windows against short ones.
constexpr double kTypicalSpread = 0.05;
// And for what follows CPU time, which comes in slices: windows of one process differ a hundredfold
// in length, and the shortest would say the same as the longest.
constexpr double kTypicalFlicker_s = 1e-3;
// Windows are joined until the times of their ends are known to this part of their length: errors
// of a regressor pull its coefficient to zero.
constexpr double kTimeError = 0.05;
constexpr double kRounding = 1e-9;

// Sums up windows until they are worth a row.
class Rows {
 public:
  Rows(const Timeline& timeline, std::span<const TaskSpan> tasks, size_t columns,
       std::span<const uint32_t> column_of, double flicker_s)
      : knots_(timeline.knots()),
        tasks_(tasks),
        column_of_(column_of),
        flicker_s_(flicker_s),
        own_s_(columns, 0),
        windows_(columns, 0),
        equations_(columns, kKeeps) {}

  void add(const Window& window) {
    const Timeline::Knot& begin = knots_[window.index];
    const Timeline::Knot& end = knots_[window.index + 1];
    if (end.gaps != 0) {
      clear();
      return;
    }
    if (joined_ == 0) first_ = window.index;
    double own_s = 0;
    for (const Exposure& one : window.exposures) {
      const uint32_t column = column_of_[tasks_[one.task].type];
      if (own_s_[column] == 0) touched_.push_back(column);
      own_s_[column] += one.own_s;
      own_s += one.own_s;
    }
    length_s_ += window.length_s;
    at_once_ |= own_s > window.busy_s * (1 + kRounding);
    rest_s_ += window.length_s - own_s;
    energy_ += static_cast<double>(end.value - begin.value);
    ++joined_;
    const double spread_s = 1e-9 * std::hypot(knots_[first_].spread_ns, end.spread_ns);
    if (spread_s > kTimeError * length_s_) return;
    flush(spread_s);
  }
  const NormalEquations& equations() const { return equations_; }
  const std::vector<int64_t>& windows() const { return windows_; }
  bool at_once() const { return at_once_; }

 private:
  void flush(double spread_s) {
    terms_.clear();
    // The rest is negative where several tasks run at once: each brings the floor along.
    if (std::abs(rest_s_) > kRounding * length_s_) terms_.push_back({0, rest_s_});
    for (const uint32_t column : touched_) {
      terms_.push_back({column, own_s_[column]});
      windows_[column] += static_cast<int64_t>(joined_);
    }
    const double spread = kTypicalSpread * length_s_;
    equations_.add(terms_, energy_,
                   1 / (spread * spread + flicker_s_ * length_s_ + spread_s * spread_s));
    clear();
  }
  void clear() {
    for (const uint32_t column : touched_) own_s_[column] = 0;
    touched_.clear();
    length_s_ = rest_s_ = energy_ = 0;
    joined_ = 0;
  }

  std::span<const Timeline::Knot> knots_;
  std::span<const TaskSpan> tasks_;
  std::span<const uint32_t> column_of_;
  const double flicker_s_;
  std::vector<double> own_s_;
  std::vector<int64_t> windows_;
  std::vector<uint32_t> touched_;
  std::vector<NormalEquations::Term> terms_;
  NormalEquations equations_;
  bool at_once_ = false;
  size_t first_ = 0;
  size_t joined_ = 0;
  double length_s_ = 0;
  double rest_s_ = 0;
  double energy_ = 0;
};

// The column of each type: 0 is the rest; the rarest types share the last.
std::vector<uint32_t> columns_of(std::span<const TaskSpan> tasks, size_t types) {
  std::vector<double> time_s(types, 0);
  for (const TaskSpan& task : tasks) {
    time_s[task.type] += static_cast<double>(task.end_ns - task.begin_ns);
  }
  std::vector<uint32_t> order(types);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return time_s[a] > time_s[b]; });
  std::vector<uint32_t> out(types);
  for (size_t i = 0; i < types; ++i) {
    out[order[i]] = static_cast<uint32_t>(std::min(i, ActivityPower::kMostTypes - 1)) + 1;
  }
  return out;
}

}  // namespace

std::string_view name_of(Resolution resolution) {
  switch (resolution) {
    case Resolution::kResolved: return "resolved";
    case Resolution::kGrouped: return "grouped";
    case Resolution::kUnresolved: return "unresolved";
  }
  return "unresolved";
}

ActivityPower find_powers(const Timeline& timeline, std::span<const TaskSpan> tasks,
                          std::span<const TaskEvent> events, size_t types, bool follows_cpu) {
  ActivityPower out;
  out.types.resize(types);
  for (uint32_t i = 0; i < types; ++i) out.types[i].group = i;
  if (timeline.empty()) return out;
  const std::vector<uint32_t> column_of = columns_of(tasks, types);
  const size_t columns = std::min(types, ActivityPower::kMostTypes) + 1;
  Rows rows(timeline, tasks, columns, column_of, follows_cpu ? kTypicalFlicker_s : 0);
  for (WindowWalk walk(timeline, tasks, events); walk.next(); ++out.windows) {
    rows.add(walk.window());
  }
  const double length_s = static_cast<double>(timeline.end_ns() - timeline.begin_ns()) * 1e-9;
  out.mean_uw = static_cast<double>(timeline.total()) / length_s;
  // Time without a task may draw what a type does, but not where tasks run side by side.
  const ColumnGroups groups(
      rows.equations(), rows.windows(),
      {ActivityPower::kLargestError, ActivityPower::kLargestInflation, !rows.at_once()});
  std::vector<uint32_t> members(columns, 0);
  std::vector<uint32_t> first(columns, kNoTask);
  ++members[groups.of(0)];
  for (uint32_t i = 0; i < types; ++i) {
    const uint32_t group = groups.of(column_of[i]);
    ++members[group];
    if (first[group] == kNoTask) first[group] = i;
  }
  bool any = false;
  for (uint32_t i = 0; i < types; ++i) {
    const uint32_t column = column_of[i];
    TypePower& type = out.types[i];
    type.windows = groups.windows(column);
    type.power_uw = out.mean_uw;
    type.group = first[groups.of(column)];
    if (!groups.is_known(column) || type.windows < ActivityPower::kFewestWindows) continue;
    any = true;
    const bool alone = members[groups.of(column)] == 1;
    type.power_uw = groups.power(column);
    type.group_sd = groups.relative_sd(column);
    type.resolution = alone ? Resolution::kResolved : Resolution::kGrouped;
    type.relative_sd = alone ? groups.relative_sd(column) : 1;
  }
  // Nothing is known of the rest where nothing is known of the tasks.
  out.knows_floor = any;
  out.floor_uw = any ? std::max(0.0, groups.power(0)) : out.mean_uw;
  return out;
}

}  // namespace headrace::energy
