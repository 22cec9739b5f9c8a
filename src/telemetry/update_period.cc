#include "telemetry/update_period.h"

#include <algorithm>

namespace headrace::telemetry {

void UpdatePeriod::push(const Reading& reading, int64_t now_ns, bool closely) {
  if (!reading.ok) {
    any_ = false;
    changed_ns_ = 0;
    return;
  }
  if (any_ && reading.raw == last_) stood_still_ = true;
  if (any_ && reading.raw != last_) {
    if (changed_ns_ != 0 && (closely || stood_still_)) {
      if (between_ns_.size() == kBetween) between_ns_.erase(between_ns_.begin());
      between_ns_.push_back(now_ns - changed_ns_);
    }
    changed_ns_ = now_ns;
    stood_still_ = false;
  }
  last_ = reading.raw;
  any_ = true;
}

std::optional<int64_t> UpdatePeriod::period_ns() const {
  if (between_ns_.size() < kLeastBetween) return std::nullopt;
  std::vector<int64_t> sorted = between_ns_;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

}  // namespace headrace::telemetry
