// Divides what a node's counter counted among the processes that were recorded meanwhile.
//
// A processor's or memory's window is divided by CPU time: each recorded process by its own, all
// other processes by what the node was busy beyond those, and idling by idle CPU time at
// kIdleShare of its weight. A device's window (GPU) is its only process's; where there are several,
// they divide it by how long each kept it busy if all say that, else by CPU time; where the device
// reports no use, it is idle. The parts of a window are integers that add up to it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/timeline.h"

namespace headrace::energy {

// What an idle CPU weighs beside a busy one: the share of full power at rest that CodeCarbon's load
// model assumes, P = TDP (0.1 + 0.9 u^3).
constexpr double kIdleShare = 0.1;

struct ProcessUse {
  Timeline cpu_ns;
  // How long it kept the device busy, if that is told.
  bool tells_device = false;
  Timeline device_ns{};
  // It shared a device's window with another process, or a processor with anyone: what it got then
  // is a model's division, not a measurement.
  bool shared = false;
  // Of those windows, at least one was divided by CPU time.
  bool by_cpu = false;
  // Its part, with knots where the node's are.
  Timeline part;
};

struct NodeUse {
  Timeline busy_cpu_ns;  // of the whole node; empty when not recorded
  Timeline idle_cpu_ns;
};

// Times from which a device was in use or not, in order.
struct DeviceUse {
  int64_t at_ns = 0;
  bool in_use = true;
};

struct NodeRest {
  Timeline idle;
  int64_t others = 0;  // nobody's that was recorded
};

// Fills `part` and `shared` of every process.
NodeRest split_processor(const Timeline& node, const NodeUse& use, std::span<ProcessUse> processes);
NodeRest split_device(const Timeline& node, std::span<const DeviceUse> use,
                      std::span<ProcessUse> processes);

}  // namespace headrace::energy
