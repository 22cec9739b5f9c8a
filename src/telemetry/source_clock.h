// Times that a source gives its readings, on a clock of its own, brought onto ours.
#pragma once

#include <algorithm>
#include <cstdint>

namespace headrace::telemetry {

// A reading is seen some time after the source took it; the least that was ever seen between the
// two clocks is taken for their difference, so that no reading is later than it was seen.
class SourceClock {
 public:
  // When a reading that the source says it took at `stamp_ns`, and that is seen at `now_ns` on the
  // monotonic clock, was taken on the latter.
  int64_t taken_ns(int64_t stamp_ns, int64_t now_ns) {
    const int64_t behind_ns = now_ns - stamp_ns;
    behind_ns_ = any_ ? std::min(behind_ns_, behind_ns) : behind_ns;
    any_ = true;
    return stamp_ns + behind_ns_;
  }

 private:
  bool any_ = false;
  int64_t behind_ns_ = 0;
};

}  // namespace headrace::telemetry
