#include "energy/domain_table.h"

#include <algorithm>
#include <unordered_map>

#include "energy/apportion.h"
#include "energy/self_energy.h"
#include "energy/uncertainty.h"
#include "model/sensor.h"

namespace headrace::energy {
namespace {

constexpr uint16_t kSeveral = 1;

uint8_t truth_bit(const std::string& truth) {
  for (const Truth one : {Truth::kMeasured, Truth::kMixed, Truth::kEstimated}) {
    if (name_of(one) == truth) return static_cast<uint8_t>(1u << static_cast<unsigned>(one));
  }
  return 1u << static_cast<unsigned>(Truth::kEstimated);
}

// Numbers the activities of tasks from 0; returns them in that order.
std::vector<uint32_t> number_types(const TaskForest& forest, const TaskForest::Range& range,
                                   std::vector<TaskSpan>& spans) {
  std::unordered_map<uint32_t, uint32_t> types;
  std::vector<uint32_t> out;
  for (size_t i = 0; i < spans.size(); ++i) {
    const uint32_t activity = forest.task(range.first + i).activity;
    const auto [at, is_new] = types.try_emplace(activity, static_cast<uint32_t>(out.size()));
    if (is_new) out.push_back(activity);
    spans[i].type = at->second;
  }
  return out;
}

std::vector<ActivityFigure> figures_of(uint32_t producer, const std::vector<uint32_t>& activities,
                                       const std::vector<TaskSpan>& spans,
                                       const SelfEnergy& energy) {
  std::vector<ActivityFigure> out(activities.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const TypePower& power = energy.powers.types[i];
    ActivityFigure& one = out[i];
    one.producer = producer;
    one.activity = activities[i];
    one.group = activities[power.group];
    one.resolution = power.resolution;
    one.group_uj = energy.groups[power.group].energy;
    one.group_variance = energy.groups[power.group].variance;
    one.power_uw = power.power_uw;
    one.windows = power.windows;
  }
  for (size_t i = 0; i < spans.size(); ++i) {
    ActivityFigure& one = out[spans[i].type];
    ++one.tasks;
    one.time_s += energy.tasks[i].own_s;
    one.energy_uj += energy.tasks[i].self;
  }
  std::erase_if(out, [](const ActivityFigure& one) { return !(one.time_s > 0); });
  return out;
}

}  // namespace

DomainTable::DomainTable(std::string domain, const TaskForest& forest, IdlePolicy policy,
                         std::span<const WatchedLayers> watched)
    : domain_(std::move(domain)),
      forest_(forest),
      policy_(policy),
      rows_(forest.size()),
      hows_{{}, {"several", "its parts were got in several ways: see its children"}},
      watched_(watched) {}

uint16_t DomainTable::intern(const How& how) {
  for (size_t i = 0; i < hows_.size(); ++i) {
    if (hows_[i].method == how.method && hows_[i].assumption == how.assumption) {
      return static_cast<uint16_t>(i);
    }
  }
  if (hows_.size() > UINT16_MAX) return kSeveral;
  hows_.push_back(how);
  return static_cast<uint16_t>(hows_.size() - 1);
}

Balance DomainTable::add(const EnergySource& source) {
  Balance balance;
  balance.producer = source.reporter;
  balance.domain = source.domain;
  balance.truth = source.truth;
  balance.idle_uj = source.idle.total();
  balance.unattributed_uj = source.others;
  balance.measured_uj = source.node.total();
  for (const Part& part : source.parts) {
    if (!source.is_node) balance.measured_uj += part.timeline.total();
    add_part(source, part, balance);
  }
  if (policy_ == IdlePolicy::kByResidency && source.is_node) give_idle(balance.idle_uj);
  return balance;
}

void DomainTable::add_part(const EnergySource& source, const Part& part, Balance& balance) {
  const auto& ranges = forest_.producers();
  const auto range = std::find_if(ranges.begin(), ranges.end(), [&](const TaskForest::Range& r) {
    return r.producer == part.producer;
  });
  if (range == ranges.end()) {
    balance.unattributed_uj += part.timeline.total();
    return;
  }
  std::vector<TaskSpan> spans = forest_.spans(*range);
  const std::vector<uint32_t> activities = number_types(forest_, *range, spans);
  LayerCollector layers(watched_, forest_, *range, part.timeline);
  DivideOptions options;
  options.rest_takes_part = policy_ != IdlePolicy::kNone;
  options.may_see_part = part.is_device;
  options.follows_cpu = !part.is_device;
  if (!layers.empty()) {
    options.each_window = [&layers](const Window& window, std::span<const int64_t> shares) {
      layers.add(window, shares);
    };
  }
  const SelfEnergy divided =
      divide(part.timeline, spans, order_events(spans), activities.size(), options);
  for (LayerFigures& one : layers.finish(divided)) {
    one.truth = part.truth;
    one.model_relative = part.truth == name_of(Truth::kMixed) ? kMixedRelative : 0;
    one.sensor_relative = part.truth == name_of(Truth::kEstimated)
                              ? stated_relative(part.assumption)
                              : kMeasuredRelative;
    layers_.push_back(std::move(one));
  }
  for (ActivityFigure& one : figures_of(part.producer, activities, spans, divided)) {
    one.model_relative = part.truth == name_of(Truth::kMixed) ? kMixedRelative : 0;
    activities_.push_back(one);
  }
  // What a device draws without a task is idle; a process that runs none does something else.
  const bool idles = part.is_device && divided.powers.knows_floor;
  (idles ? balance.idle_uj : balance.unattributed_uj) += divided.rest;
  balance.unattributed_uj += divided.unseen;
  const uint16_t how = intern({part.method, part.assumption});
  const uint8_t truth = truth_bit(part.truth);
  for (size_t i = 0; i < spans.size(); ++i) {
    const TaskEnergy& energy = divided.tasks[i];
    Row& row = rows_[range->first + i];
    row.self_uj += energy.self;
    balance.attributed_uj += energy.self;
    row.gaps |= energy.gaps;
    const auto length_ns = static_cast<double>(spans[i].end_ns - spans[i].begin_ns);
    if (!(energy.covered_ns > 0) && energy.self == 0) continue;
    row.coverage = std::clamp(energy.covered_ns / length_ns, 0.0, 1.0);
    row.variance += energy.whole_variance;
    row.window_s = std::max(row.window_s, static_cast<float>(energy.window_s));
    row.resolution = divided.powers.types[spans[i].type].resolution;
    row.how = how;
    row.truths |= truth;
    row.window_uj = energy.window;
    if (!source.is_node) continue;
    row.window_uj = source.node.value_at(spans[i].end_ns) - source.node.value_at(spans[i].begin_ns);
    if (policy_ == IdlePolicy::kByResidency) {
      residents_.push_back(static_cast<uint32_t>(range->first + i));
      residency_s_.push_back(energy.own_s);
    } else if (source.knows_idle && policy_ == IdlePolicy::kSeparate) {
      row.idle_uj = source.idle.value_at(spans[i].end_ns) - source.idle.value_at(spans[i].begin_ns);
    }
  }
}

void DomainTable::give_idle(int64_t idle_uj) {
  const std::vector<int64_t> parts = apportion(residency_s_, idle_uj);
  for (size_t i = 0; i < parts.size(); ++i) {
    rows_[residents_[i]].idle_uj = static_cast<double>(parts[i]);
  }
  residents_.clear();
  residency_s_.clear();
}

void DomainTable::roll_up() {
  for (Row& row : rows_) row.inclusive_uj = row.self_uj;
  std::vector<double> from_others(rows_.size(), 0);
  for (const uint32_t i : forest_.upward()) {
    Row& row = rows_[i];
    row.variance += from_others[i];
    const uint32_t parent = forest_.parent(i);
    if (parent == kNoTask) continue;
    Row& above = rows_[parent];
    above.inclusive_uj += row.inclusive_uj;
    // Of its own process it is known together; that of others stands by itself.
    const bool is_other = forest_.task(i).producer != forest_.task(parent).producer;
    from_others[parent] += is_other ? row.variance : from_others[i];
    above.window_s = std::max(above.window_s, row.window_s);
    above.truths |= row.truths;
    if (row.how == 0 || row.how == above.how) continue;
    above.how = above.how == 0 ? row.how : kSeveral;
  }
}

}  // namespace headrace::energy
