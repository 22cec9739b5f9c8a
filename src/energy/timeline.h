// What a counter counted, over time: a line that never falls, straight between its knots.
//
// Unwraps a counter at its range and tells a wrap from a reset by a bound on what it can have
// counted meanwhile. What is not known adds nothing: it lowers the coverage, and no joule is made
// up. Values are integers (micro-joules, or ns of CPU time), so that sums are exact.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace headrace::energy {

struct RawSample {
  int64_t at_ns = 0;
  uint64_t raw = 0;
  bool gap = false;  // the reading failed
};

struct Counter {
  double per_step = 1;  // of the timeline's unit for a raw step
  uint64_t range = 0;   // raw steps at which it wraps; 0: it does not
  // The most it can count in a second. An increment is believed up to 1.5 times of it, over its
  // window and one second more, which allows for counters that refresh late.
  double most_per_s = std::numeric_limits<double>::infinity();
};

class Timeline {
 public:
  // A window longer than this, though known, counts as not covered: the sampler writes every
  // second, so it was not at work.
  static constexpr int64_t kLongestWindow_ns = 3'000'000'000;

  struct Knot {
    int64_t at_ns = 0;
    int64_t value = 0;       // counted since the first knot
    int64_t covered_ns = 0;  // since the first knot
  };

  Timeline() = default;
  explicit Timeline(std::vector<Knot> knots) : knots_(std::move(knots)) {}
  // `samples` in the order of time.
  static Timeline of_counter(const Counter& counter, std::span<const RawSample> samples);

  bool empty() const { return knots_.size() < 2; }
  int64_t begin_ns() const { return knots_.empty() ? 0 : knots_.front().at_ns; }
  int64_t end_ns() const { return knots_.empty() ? 0 : knots_.back().at_ns; }
  int64_t total() const { return knots_.empty() ? 0 : knots_.back().value; }
  const std::vector<Knot>& knots() const { return knots_; }
  // Counted until `at_ns`; nothing is counted before the first knot and after the last.
  double value_at(int64_t at_ns) const;

 private:
  std::vector<Knot> knots_;
};

// Reads a timeline at times that never go back, each in constant time on average.
class TimelineCursor {
 public:
  explicit TimelineCursor(const Timeline& timeline) : knots_(timeline.knots()) {}
  struct Point {
    double value = 0;
    double covered_ns = 0;
    double window = 0;  // counted in the whole window that `at_ns` lies in; 0 outside
  };
  Point at(int64_t at_ns);

 private:
  std::span<const Timeline::Knot> knots_;
  size_t next_ = 0;  // the first knot not before the last time asked for
};

}  // namespace headrace::energy
