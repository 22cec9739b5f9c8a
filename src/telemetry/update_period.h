// How often a source refreshes, from when its readings were seen to change.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "telemetry/provider.h"

namespace headrace::telemetry {

class UpdatePeriod {
 public:
  // `closely`: it is read as often as can be, so that a change at every reading says that it
  // refreshes at least so often. Otherwise only a change that comes after a reading without one
  // counts.
  void push(const Reading& reading, int64_t now_ns, bool closely);
  void forget() { between_ns_.clear(), any_ = false; }

  bool is_known() const { return between_ns_.size() >= kBetween; }
  // The middle one of the last times between two changes; nothing before there are two.
  std::optional<int64_t> period_ns() const;
  std::optional<uint64_t> last() const { return any_ ? std::optional(last_) : std::nullopt; }

 private:
  static constexpr size_t kBetween = 4;  // of five changes
  static constexpr size_t kLeastBetween = 2;

  bool any_ = false;
  uint64_t last_ = 0;
  bool stood_still_ = false;  // at a reading since the last change
  int64_t changed_ns_ = 0;    // 0: no change was seen yet
  std::vector<int64_t> between_ns_;
};

}  // namespace headrace::telemetry
