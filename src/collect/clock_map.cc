#include "collect/clock_map.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace headrace::collect {
namespace {

// Two readings closer than this say little about the rate: each is off by up to its uncertainty.
constexpr int64_t kShortest_ns = 20'000'000;

// ns a tick of a source that has been read too little. Producers of one machine have one time stamp
// counter, and a folder mostly comes from this one.
double nominal_rate(TickSource source) {
  if (source != TickSource::kTsc || tick_source() != TickSource::kTsc) return 1;
  static const double rate = [] {
    const ClockReading first = read_clocks();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const ClockReading second = read_clocks();
    return static_cast<double>(second.monotonic_ns - first.monotonic_ns) /
           static_cast<double>(second.ticks - first.ticks);
  }();
  return rate;
}

}  // namespace

void ClockMap::add(const ClockRecord& clock) { readings_.push_back(clock); }

void ClockMap::prepare() {
  const auto before = [](const ClockRecord& a, const ClockRecord& b) { return a.ticks < b.ticks; };
  std::sort(readings_.begin(), readings_.end(), before);
  const auto same = [](const ClockRecord& a, const ClockRecord& b) { return a.ticks == b.ticks; };
  readings_.erase(std::unique(readings_.begin(), readings_.end(), same), readings_.end());
  lines_.clear();
  used_ = 0;
  if (readings_.empty()) return;
  const ClockRecord& first = readings_.front();
  const ClockRecord& last = readings_.back();
  const auto ticks = static_cast<double>(last.ticks - first.ticks);
  const int64_t span_ns = difference(last.monotonic_ns, first.monotonic_ns);
  double overall = 0;
  if (span_ns >= kShortest_ns) {
    overall = static_cast<double>(span_ns) / ticks;
  } else {
    overall = nominal_rate(static_cast<TickSource>(first.header.flags));
  }
  // Before the first reading: backwards from it.
  lines_.push_back({0, first.ticks, first.realtime_ns, first.monotonic_ns, overall, overall});
  for (size_t i = 0; i < readings_.size(); ++i) {
    const ClockRecord& r = readings_[i];
    Line line{r.ticks, r.ticks, r.realtime_ns, r.monotonic_ns, overall, overall};
    if (i + 1 < readings_.size()) {
      const ClockRecord& next = readings_[i + 1];
      const auto gap = static_cast<double>(next.ticks - r.ticks);
      line.realtime_per_tick =
          static_cast<double>(difference(next.realtime_ns, r.realtime_ns)) / gap;
      line.monotonic_per_tick =
          static_cast<double>(difference(next.monotonic_ns, r.monotonic_ns)) / gap;
    }
    lines_.push_back(line);
  }
}

const ClockMap::Line& ClockMap::find(uint64_t ticks) const {
  const auto past = std::upper_bound(lines_.begin(), lines_.end(), ticks,
                                     [](uint64_t t, const Line& line) { return t < line.from; });
  used_ = past == lines_.begin() ? 0 : static_cast<size_t>(past - lines_.begin()) - 1;
  return lines_[used_];
}

}  // namespace headrace::collect
