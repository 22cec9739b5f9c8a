#include "energy/layer_figures.h"

#include <algorithm>
#include <cmath>

#include "energy/uncertainty.h"

namespace headrace::energy {
namespace {

constexpr double kJ = 1e-6;  // a micro-joule
constexpr double kNearlyAll = 0.9999;

void put_head(const LayerFigures& figures, const std::string& domain, store::Appender& out) {
  out.set(0, figures.of->producer);
  if (figures.of->workflow != 0) out.set(1, figures.of->workflow);
  if (figures.of->activity != 0) out.set(2, figures.of->activity);
  out.set_text(6, domain);
  out.set_text(18, figures.truth);
}

// Of the time in no layer, whose row has no layer: `phase` is empty or says what it was spent on.
Status put_rest(const LayerFigures& figures, const std::string& domain, std::string_view phase,
                double time_s, int64_t share_uj, store::Appender& out) {
  HEADRACE_RETURN_IF_ERROR(out.next_row());
  put_head(figures, domain, out);
  const std::vector<LayerName>& names = figures.of->names;
  const bool is_one = std::all_of(names.begin(), names.end(), [&](const LayerName& one) {
    return one.model == names.front().model;
  });
  if (is_one) out.set_text(3, names.front().model);
  if (!phase.empty()) out.set_text(5, phase);
  out.set(8, time_s);
  out.set(9, share_uj);
  return {};
}

std::string_view reason_of(const PartPower& power) {
  switch (power.resolution) {
    case Resolution::kResolved: return "";
    case Resolution::kGrouped: return "always ran together with the others of its group";
    case Resolution::kUnresolved: break;
  }
  return power.windows < LayerPowers::kFewestWindows ? "too few windows"
                                                     : "what was counted does not follow it";
}

}  // namespace

LayerCollector::LayerCollector(std::span<const WatchedLayers> watched, const TaskForest& forest,
                               const TaskForest::Range& range, const Timeline& timeline) {
  for (const WatchedLayers& one : watched) {
    if (one.producer == range.producer) watched_.push_back(&one);
  }
  if (watched_.empty()) return;
  of_task_.assign(range.count, kNone);
  for (size_t i = 0; i < range.count; ++i) {
    const TaskRow& task = forest.task(range.first + i);
    for (uint32_t w = 0; w < watched_.size(); ++w) {
      if (watched_[w]->workflow == task.workflow && watched_[w]->activity == task.activity) {
        of_task_[i] = w;
      }
    }
  }
  for (size_t i = 0; i < watched_.size(); ++i) windows_.emplace_back(timeline);
  sums_.resize(watched_.size());
}

void LayerCollector::add(const Window& window, std::span<const int64_t> shares) {
  std::fill(sums_.begin(), sums_.end(), Sum{});
  int64_t all = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    all += shares[i];
    const uint32_t of = of_task_[window.exposures[i].task];
    if (of == kNone) continue;
    sums_[of].share_uj += shares[i];
    sums_[of].own_s += window.exposures[i].own_s;
  }
  for (size_t i = 0; i < sums_.size(); ++i) {
    windows_[i].add(window, sums_[i].share_uj, sums_[i].own_s, all - sums_[i].share_uj);
  }
}

std::vector<LayerFigures> LayerCollector::finish(const SelfEnergy& divided) {
  std::vector<LayerFigures> out(watched_.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].of = watched_[i];
    out[i].energy = divide_layers(windows_[i].finish(), watched_[i]->exposure);
  }
  for (size_t i = 0; i < of_task_.size(); ++i) {
    if (of_task_[i] != kNone) out[of_task_[i]].tasks_uj += divided.tasks[i].self;
  }
  return out;
}

Status write_layers(const LayerFigures& figures, const std::string& domain, store::Appender& out) {
  const LayerEnergy& energy = figures.energy;
  for (size_t i = 0; i < energy.parts.size(); ++i) {
    const PartEnergy& part = energy.parts[i];
    // It did not run while the domain was counted.
    if (!(part.time_s > 0)) continue;
    const PartPower& power = energy.powers.parts[i];
    const bool is_resolved = power.resolution == Resolution::kResolved;
    const bool is_known = power.resolution != Resolution::kUnresolved;
    HEADRACE_RETURN_IF_ERROR(out.next_row());
    put_head(figures, domain, out);
    out.set_text(3, figures.of->names[i].model);
    out.set_text(4, figures.of->names[i].layer);
    out.set_text(5, figures.of->names[i].phase);
    out.set(7, static_cast<int64_t>(std::llround(part.calls)));
    out.set(8, part.time_s);
    out.set(9, part.share);
    out.set(10, part.group);
    if (is_known) {
      const double energy_j = kJ * static_cast<double>(is_resolved ? part.share : part.group);
      const double split_j =
          split_u95_j(power.variance * energy_j * energy_j, energy_j, figures.model_relative);
      out.set(11, std::hypot(split_j, figures.sensor_relative * energy_j));
      out.set(12, split_j);
      out.set(13, power.power_uw * kJ);
    }
    out.set_text(14, name_of(power.resolution));
    out.set(15, power.group);
    out.set(16, power.windows);
    out.set_text(17, is_known ? "layer_power" : "layer_time");
    const double coverage = part.covered_s / part.time_s;
    std::string_view reason = reason_of(power);
    if (reason.empty() && coverage < kNearlyAll) reason = name_of(Gap{energy.gaps});
    if (!reason.empty()) out.set_text(19, reason);
    out.set(20, coverage);
  }
  if (energy.repeated_s > 0) {
    HEADRACE_RETURN_IF_ERROR(
        put_rest(figures, domain, "repeat", energy.repeated_s, energy.repeated, out));
  }
  if (energy.whole == 0 && !(energy.outside_s > 0)) return {};
  return put_rest(figures, domain, "", energy.outside_s, energy.outside, out);
}

}  // namespace headrace::energy
