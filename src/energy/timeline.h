// What a counter counted, over time: a line that never falls, straight between its knots.
//
// Unwraps a counter at its range and tells a wrap from a reset by a bound on what it can have
// counted meanwhile. What is not known adds nothing: it lowers the coverage, says why, and no joule
// is made up. Values are integers (micro-joules, or ns of CPU time), so that sums are exact.
//
// A kernel's counter is at every reading what it is then: a knot each reading. A counter of energy
// is refreshed now and then and read in between: its knots are its refreshes, whose times are known
// only to lie between two readings (energy/refresh.h).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "model/read_failure.h"

namespace headrace::energy {

struct RawSample {
  int64_t at_ns = 0;
  uint64_t raw = 0;
  bool gap = false;  // the reading failed
  ReadFailure why = ReadFailure::kFailed;
};

struct Counter {
  double per_step = 1;  // of the timeline's unit for a raw step
  uint64_t range = 0;   // raw steps at which it wraps; 0: it does not
  // The most it can count in a second. An increment is believed up to 1.5 times of it, over its
  // window and one second more, which allows for counters that refresh late.
  double most_per_s = std::numeric_limits<double>::infinity();
  bool refreshes = false;
  // How often it is refreshed at least, where that is known; 0: not known.
  int64_t refresh_ns = 0;
};

// Why the energy of a window is not known, or not surely. A bit each, so that they can be joined.
enum class Gap : uint16_t {
  kNone = 0,
  kReadFailed = 1,     // a reading in it failed, and nobody said why
  kReset = 2,          // the counter began anew
  kWrap = 4,           // it may have wrapped more than once
  kImpossible = 8,     // a reading that no such thing can have counted
  kSpuriousZero = 16,  // it read low once or twice and went on from where it was
  kFrozen = 32,        // it stood still for longer than what it counts can have
  kNotRead = 64,       // nobody read it: stopped, suspended
  kClock = 128,        // the clock went back
  kDenied = 256,       // a reading in it failed: no permission
  kGone = 512,         // the device or file was not there
  kTorn = 1024,        // half an answer
  kStale = 2048,       // the source said that it was not refreshed
};
// "read failed, reset", in the order of the bits.
std::string_view name_of(Gap gap);

class Timeline {
 public:
  // A window longer than this, though known, counts as not covered: the sampler writes every
  // second, so it was not at work.
  static constexpr int64_t kLongestWindow_ns = 3'000'000'000;

  struct Knot {
    int64_t at_ns = 0;
    int64_t value = 0;       // counted since the first knot
    int64_t covered_ns = 0;  // since the first knot
    double spread_ns = 0;    // standard deviation of `at_ns`
    double correlation = 0;  // of its error with that of the knot before
    uint16_t gaps = 0;       // why the window that ends here is not covered; 0: it is
  };

  Timeline() = default;
  // `step`: the smallest difference that the counter shows.
  explicit Timeline(std::vector<Knot> knots, double step = 1)
      : knots_(std::move(knots)), step_(step) {}
  // `samples` in the order of time.
  static Timeline of_counter(const Counter& counter, std::span<const RawSample> samples);

  bool empty() const { return knots_.size() < 2; }
  int64_t begin_ns() const { return knots_.empty() ? 0 : knots_.front().at_ns; }
  int64_t end_ns() const { return knots_.empty() ? 0 : knots_.back().at_ns; }
  int64_t total() const { return knots_.empty() ? 0 : knots_.back().value; }
  const std::vector<Knot>& knots() const { return knots_; }
  double step() const { return step_; }
  // Counted until `at_ns`; nothing is counted before the first knot and after the last.
  double value_at(int64_t at_ns) const;

 private:
  std::vector<Knot> knots_;
  double step_ = 1;
};

// Reads a timeline at times that never go back, each in constant time on average.
class TimelineCursor {
 public:
  explicit TimelineCursor(const Timeline& timeline) : knots_(timeline.knots()) {}
  struct Point {
    double value = 0;
    double covered_ns = 0;
  };
  Point at(int64_t at_ns);

 private:
  std::span<const Timeline::Knot> knots_;
  size_t next_ = 0;  // the first knot not before the last time asked for
};

}  // namespace headrace::energy
