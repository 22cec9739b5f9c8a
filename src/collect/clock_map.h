// A producer's ticks as wall time, from its clock records: straight lines between neighbours, the
// overall rate outside them.
//
// Durations come from the monotonic clock, so that a step of the wall clock does not stretch a
// task.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "encode/record.h"

namespace headrace::collect {

class ClockMap {
 public:
  void add(const ClockRecord& clock);
  bool empty() const { return readings_.empty(); }
  // Sorts what was added; call once before the conversions.
  void prepare();

  // The last moment that a store can show: DuckDB reads one ns more as infinity. Times of records
  // begin at 1970, so that a difference of two always fits.
  static constexpr int64_t kLast_ns = INT64_MAX - 1;

  // ns since the epoch, UTC; what no clock would say becomes 0 or kLast_ns, whichever is nearer.
  // Without a clock record: the ticks themselves.
  int64_t realtime_ns(uint64_t ticks) const {
    if (lines_.empty()) return static_cast<int64_t>(std::min<uint64_t>(ticks, kLast_ns));
    const Line& line = line_at(ticks);
    const int64_t since_ns = scaled(ticks - line.ticks, line.realtime_per_tick);
    int64_t out = 0;
    if (__builtin_add_overflow(line.realtime_ns, since_ns, &out))
      return since_ns < 0 ? 0 : kLast_ns;
    return std::clamp(out, int64_t{0}, kLast_ns);
  }
  // ns from `begin` to `end`; 0 when the end comes first.
  int64_t elapsed_ns(uint64_t begin, uint64_t end) const {
    if (end <= begin) return 0;
    if (lines_.empty()) return static_cast<int64_t>(std::min<uint64_t>(end - begin, INT64_MAX));
    const int64_t elapsed = difference(monotonic_ns(end), monotonic_ns(begin));
    return elapsed < 0 ? 0 : elapsed;
  }
  // From `begin` to `end`. None when it does not lie between 1970 and kLast_ns (the year 2262).
  struct Span {
    int64_t begin_ns;
    int64_t elapsed_ns;
    int64_t end_ns() const { return begin_ns + elapsed_ns; }
  };
  std::optional<Span> span(uint64_t begin, uint64_t end) const {
    const Span out{realtime_ns(begin), elapsed_ns(begin, end)};
    int64_t end_ns = 0;
    if (out.begin_ns <= 0 || __builtin_add_overflow(out.begin_ns, out.elapsed_ns, &end_ns) ||
        end_ns >= kLast_ns) {
      return std::nullopt;
    }
    return out;
  }
  const std::vector<ClockRecord>& readings() const { return readings_; }

 private:
  // Holds from `from` on, until the next line's; goes through the reading at `ticks`.
  struct Line {
    uint64_t from;
    uint64_t ticks;
    int64_t realtime_ns;
    int64_t monotonic_ns;
    double realtime_per_tick;
    double monotonic_per_tick;
  };
  // Clock records come from outside: what no clock would say must wrap, not overflow.
  static int64_t sum(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
  static int64_t difference(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  }
  static constexpr double kMost = 9e18;  // ns that an int64 holds
  static int64_t scaled(uint64_t ticks, double per_tick) {
    const double ns = static_cast<double>(static_cast<int64_t>(ticks)) * per_tick;
    if (!(ns > -kMost && ns < kMost)) return 0;
    return static_cast<int64_t>(ns < 0 ? ns - 0.5 : ns + 0.5);
  }
  int64_t monotonic_ns(uint64_t ticks) const {
    const Line& line = line_at(ticks);
    return sum(line.monotonic_ns, scaled(ticks - line.ticks, line.monotonic_per_tick));
  }
  const Line& line_at(uint64_t ticks) const {
    // Records come nearly in order of time.
    const Line& last = lines_[used_];
    if (ticks >= last.from && (used_ + 1 == lines_.size() || ticks < lines_[used_ + 1].from)) {
      return last;
    }
    return find(ticks);
  }
  const Line& find(uint64_t ticks) const;

  std::vector<ClockRecord> readings_;
  std::vector<Line> lines_;
  mutable size_t used_ = 0;
};

}  // namespace headrace::collect
