#include "lab/amd_card.h"

namespace headrace::lab {

AmdCard::AmdCard(const Instrument& instrument)
    : meter_(instrument.meter()),
      serial_(instrument.key("serial", "00000000000000" + instrument.name)),
      second_die_(instrument.key("die", "first") == "second"),
      counts_(instrument.key("energy", "yes") != "none"),
      current_power_(instrument.key("power", "average") == "current") {}

AmdNow AmdCard::at(int64_t now_ns) {
  const Shown shown = meter_.at(now_ns);
  const DeviceNow device = device_at(meter_.trace(), shown);
  AmdNow out;
  out.error = shown.error;
  out.torn = shown.torn;
  // 2^16 steps a joule, in integers.
  const uint64_t joules = shown.energy_uj / 1'000'000;
  const uint64_t rest_uj = shown.energy_uj % 1'000'000;
  out.energy_steps = counts_ ? (joules << 16U) + (rest_uj << 16U) / 1'000'000 : 0;
  out.power_uw = second_die_ ? 0 : shown.power_uw;
  out.temperature_c = device.temperature_c;
  out.use_percent = device.use_percent;
  out.memory_bytes = device.memory_bytes;
  out.at_ns = shown.refreshed_ns;
  return out;
}

}  // namespace headrace::lab
