// An AMD GPU, or one of the two dies of an MI250X package, as sysfs and both libraries show it.
#pragma once

#include <string>

#include "lab/device.h"
#include "lab/scenario.h"

namespace headrace::lab {

struct AmdNow {
  int error = 0;  // errno
  bool torn = false;
  uint64_t energy_steps = 0;  // of 2^-16 J
  uint64_t power_uw = 0;
  uint64_t temperature_c = 0;
  uint64_t use_percent = 0;
  uint64_t memory_bytes = 0;
  int64_t at_ns = 0;  // when the card refreshed them
};

class AmdCard {
 public:
  static constexpr double kStep_uj = 15.258789;  // 2^-16 J

  // Keys: serial=, die=second (of a package whose power the first one reports),
  // energy=none (its counter stays 0, as the second die's may), power=current (as MI300: not the
  // average).
  explicit AmdCard(const Instrument& instrument);
  AmdNow at(int64_t now_ns);
  const std::string& serial() const { return serial_; }
  bool reports_current_power() const { return current_power_; }

 private:
  Meter meter_;
  std::string serial_;
  bool second_die_;
  bool counts_;
  bool current_power_;
};

}  // namespace headrace::lab
