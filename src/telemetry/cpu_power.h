// What a busy CPU draws when nothing measures it: an assumption, from published design power.
#pragma once

#include <string>
#include <string_view>

namespace headrace::telemetry {

struct CpuPower {
  double busy_w = 0;       // of one logical CPU that is busy all the time
  std::string assumption;  // the same in words, with every number, where it comes from, and
                           // "within N %": how far off it is taken to be at most (95 %)
  std::string model;       // as the CPU names itself
};

// From the text of /proc/cpuinfo. A CPU model in the table: its thermal design power (TDP) by its
// cores, and by the hardware threads of a core where the machine shows them. Any other:
// kGenericCoreWatt. HEADRACE_CPU_WATT (watts of one busy logical CPU) comes before both.
CpuPower assume_cpu_power(std::string_view cpuinfo);

// A round number inside what the table's server CPUs span (3.1 to 10.6 W of TDP a core); CodeCarbon
// assumes the same where it knows no better.
constexpr double kGenericCoreWatt = 4;

}  // namespace headrace::telemetry
