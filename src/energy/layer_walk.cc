#include "energy/layer_walk.h"

#include <algorithm>

namespace headrace::energy {
namespace {

constexpr double kNs = 1e-9;  // in seconds

}  // namespace

LayerWalk::LayerWalk(std::span<const LayerWindow> windows, const LayerExposure& exposure)
    : windows_(windows), exposure_(exposure), place_(exposure.parts, UINT32_MAX) {
  double before_ns = 0;
  int64_t past_ns = INT64_MIN;
  for (const LayerInterval& one : exposure.intervals) {
    if (!one.repeated) continue;
    const int64_t begin_ns = std::max(one.begin_ns, past_ns);
    if (begin_ns >= one.end_ns) continue;
    repeats_.push_back({begin_ns, one.end_ns, before_ns});
    before_ns += static_cast<double>(one.end_ns - begin_ns);
    past_ns = one.end_ns;
  }
}

double LayerWalk::repeated_until(int64_t at_ns) const {
  const auto after =
      std::upper_bound(repeats_.begin(), repeats_.end(), at_ns,
                       [](int64_t t, const Repeat& one) { return t < one.begin_ns; });
  if (after == repeats_.begin()) return 0;
  const Repeat& last = *(after - 1);
  return last.before_ns + static_cast<double>(std::min(at_ns, last.end_ns) - last.begin_ns);
}

double LayerWalk::cut_s2(double part, double length_ns) {
  const double length_s = length_ns * kNs;
  return std::max(0.0, part * (1 - part)) * length_s * length_s;
}

void LayerWalk::add(const LayerInterval& interval) {
  const int64_t from_ns = std::max(interval.begin_ns, window().begin_ns);
  const int64_t until_ns = std::min(interval.end_ns, window().end_ns);
  if (from_ns >= until_ns) return;
  auto length_ns = static_cast<double>(interval.end_ns - interval.begin_ns);
  auto within_ns = static_cast<double>(until_ns - from_ns);
  auto before_ns = static_cast<double>(from_ns - interval.begin_ns);
  if (!interval.repeated && !repeats_.empty()) {
    const double left_ns =
        length_ns - (repeated_until(interval.end_ns) - repeated_until(interval.begin_ns));
    // Where nothing is left, what was told does not fit together: it is kept as it is.
    if (left_ns > 0) {
      length_ns = left_ns;
      within_ns -= repeated_until(until_ns) - repeated_until(from_ns);
      before_ns -= repeated_until(from_ns) - repeated_until(interval.begin_ns);
    }
  }
  const double part = within_ns / length_ns;
  if (!interval.repeated) {
    const bool begins = interval.begin_ns >= window().begin_ns;
    const bool ends = interval.end_ns <= window().end_ns;
    if (!begins) begin_cut_s2_ += cut_s2(before_ns / length_ns, length_ns);
    if (!ends) end_cut_s2_ += cut_s2((before_ns + within_ns) / length_ns, length_ns);
  }
  const std::span<const PartTime> times =
      std::span(exposure_.times).subspan(interval.first, interval.count);
  for (const PartTime& one : times) {
    uint32_t& place = place_[one.part];
    if (place == UINT32_MAX) {
      place = static_cast<uint32_t>(out_.size());
      out_.push_back({one.part, 0, 0, 0});
    }
    const double s = part * static_cast<double>(one.self_ns) * kNs;
    out_[place].s += s;
    if (interval.repeated) {
      out_[place].repeated_s += s;
    } else {
      out_[place].calls += part * static_cast<double>(one.calls);
    }
  }
}

bool LayerWalk::next() {
  ++at_;
  if (at_ >= windows_.size()) return false;
  for (const PartSeconds& one : out_) place_[one.part] = UINT32_MAX;
  out_.clear();
  begin_cut_s2_ = end_cut_s2_ = 0;
  const std::vector<LayerInterval>& intervals = exposure_.intervals;
  for (; next_interval_ < intervals.size(); ++next_interval_) {
    if (intervals[next_interval_].begin_ns >= window().end_ns) break;
    active_.push_back(static_cast<uint32_t>(next_interval_));
  }
  std::erase_if(active_, [&](uint32_t i) { return intervals[i].end_ns <= window().begin_ns; });
  for (const uint32_t i : active_) add(intervals[i]);
  double inside_s = 0;
  for (const PartSeconds& one : out_) inside_s += one.s;
  outside_s_ = std::max(0.0, window().own_s - inside_s);
  return true;
}

}  // namespace headrace::energy
