// What a hardware monitoring chip's channel is a sensor of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::telemetry {

struct HwmonChannel {
  std::string_view chip;   // as the chip names itself
  std::string_view stem;   // energy1, power2, temp3, in1
  std::string_view label;  // of the file <stem>_label, or empty
  std::string_view oem;    // of the file <stem>_oem_info, or empty
};

// Its domain; nothing where another provider reads it, or where there are too many to be worth it.
//
// power_meter on Grace: oem_info says "Module Power Socket 0" (all of the superchip), and inside
// it "Grace Power Socket 0" (the processor), "CPU Power Socket 0" (its cores' rail) and "SysIO
// Power Socket 0"; NVIDIA Grace Performance Tuning Guide. Without oem_info it is the machine's
// supply. amd_energy: "Esocket0", and a channel for each core, which are left out.
std::optional<std::string> hwmon_domain(const HwmonChannel& channel);

}  // namespace headrace::telemetry
