#include "lab/machines.h"

#include <array>

namespace headrace::lab {
namespace {

struct Machine {
  std::string_view name;
  const char* scenario;
};

constexpr std::array<Machine, 5> kMachines{{
    {"node", R"(# Two packages with memory, two NVIDIA GPUs whose counters refresh every 100 ms.
power cpu-0   60W 2s 180W 6s 90W repeat 8s
power cpu-1   55W 3s 150W 7s 80W repeat 8s
power dram-0  8W 2s 22W 6s 9W repeat 8s
power gpu-0   70W 1s 640W 3s 700W 5s 420W 7s 70W repeat 8s
power gpu-1   70W 4s 510W 7s 70W repeat 8s
power busy    1.5W
power waits   0.02W
meter powercap package-0      cpu-0  period=1ms quantum=61uJ range=262143328850uJ also=intel-rapl-mmio
meter powercap package-0.dram dram-0 period=1ms quantum=61uJ range=65712999613uJ
meter powercap package-1      cpu-1  period=1ms quantum=61uJ range=262143328850uJ
meter nvml 0 gpu-0 period=100ms jitter=0.03 uuid=GPU-0a0a0a0a-0000-4000-8000-000000000000
meter nvml 1 gpu-1 period=100ms jitter=0.03 uuid=GPU-1b1b1b1b-0000-4000-8000-000000000001
meter cgroup job busy version=2 path=/slurm/job_7
meter pressure cpu waits
)"},
    {"frontier",
     R"(# A blade as on Frontier: one package, four MI250X of two dies each, board counters.
power node    560W 2s 2900W 9s 700W repeat 10s
power cpu     90W 2s 220W 9s 110W repeat 10s
power memory  40W 2s 75W 9s 45W repeat 10s
power accel   95W 2s 540W 9s 110W repeat 10s
power io      0W 1s 800W 2s 0W 9s 1200W repeat 10s
meter cray node   node   period=100ms
meter cray cpu    cpu    period=100ms
meter cray memory memory period=100ms
meter cray accel0 accel  period=100ms
meter cray accel1 accel  period=100ms
meter cray accel2 accel  period=100ms
meter cray accel3 accel  period=100ms
meter amd 0 accel period=1ms serial=00000000000000a0
meter amd 1 accel period=1ms serial=00000000000000a1 die=second energy=none
meter amd 2 accel period=1ms serial=00000000000000a2
meter amd 3 accel period=1ms serial=00000000000000a3 die=second energy=none
meter amd 4 accel period=1ms serial=00000000000000a4
meter amd 5 accel period=1ms serial=00000000000000a5 die=second energy=none
meter amd 6 accel period=1ms serial=00000000000000a6
meter amd 7 accel period=1ms serial=00000000000000a7 die=second energy=none
meter lustre orion-ffff8881 io
)"},
    {"square",
     R"(# A load that goes on and off, for headrace sensor-check, and sensors of several habits.
power load 80W 131ms 430W 501ms 80W 730ms 430W 1243ms 80W 1314ms 430W 1607ms 80W 1784ms 430W 2185ms 80W 2532ms 430W repeat 2789ms
meter powercap package-0 load period=1ms quantum=61uJ range=262143328850uJ
meter nvml 0 load period=100ms jitter=0.03 uuid=GPU-0a0a0a0a-0000-4000-8000-000000000000
meter nvml 1 load period=100ms duty=0.25 uuid=GPU-1b1b1b1b-0000-4000-8000-000000000001
meter cray node load period=100ms quantum=1J
meter hwmon 0.power1 load chip=power_meter average=yes period=50ms
)"},
    {"grace", R"(# A Grace Hopper module: powers by hwmon, the GPU by NVML.
power module  180W 2s 860W 6s 200W repeat 8s
power grace   80W 2s 190W 6s 90W repeat 8s
power cpu     50W 2s 150W 6s 55W repeat 8s
power sysio   25W
power gpu     90W 2s 650W 6s 95W repeat 8s
meter hwmon 0.power1 module chip=power_meter oem=Module_Power_Socket_0 average=yes period=50ms
meter hwmon 1.power1 grace  chip=power_meter oem=Grace_Power_Socket_0  average=yes period=50ms
meter hwmon 2.power1 cpu    chip=power_meter oem=CPU_Power_Socket_0    average=yes period=50ms
meter hwmon 3.power1 sysio  chip=power_meter oem=SysIO_Power_Socket_0  average=yes period=50ms
meter nvml 0 gpu period=100ms uuid=GPU-6a6a6a6a-0000-4000-8000-000000000000
)"},
    {"faults", R"(# The machine `node` with everything that goes wrong, one thing after another.
power cpu-0   120W
power cpu-1   120W
power gpu-0   400W
power gpu-1   400W
meter powercap package-0 cpu-0 period=1ms range=1000J
meter powercap package-1 cpu-1 period=1ms
meter nvml 0 gpu-0 period=100ms
meter nvml 1 gpu-1 period=100ms duty=0.25
fault powercap package-0 torn 5s 6s
fault powercap package-0 frozen 10s 14s
fault powercap package-1 denied
fault nvml 0 lost 4s 8s
fault nvml 0 reset 8s
fault nvml 0 zero 12s 12.2s
fault nvml 0 impossible 15s 15.2s
fault nvml 1 failing 6s 7s
)"},
}};

}  // namespace

std::optional<std::string> machine(std::string_view name) {
  for (const Machine& one : kMachines) {
    if (one.name == name) return one.scenario;
  }
  return std::nullopt;
}

std::vector<std::string> machine_names() {
  std::vector<std::string> out;
  for (const Machine& one : kMachines) out.emplace_back(one.name);
  return out;
}

}  // namespace headrace::lab
