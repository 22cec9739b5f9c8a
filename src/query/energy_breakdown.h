// A card's energy by workflow and kind of device, so that the whole adds up in both directions.
//
//   attributed + elsewhere + idle + unattributed = measured              by kind of device
//   measured + rest of the machine + not compared = the machine's own counter      by machine
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/energy_card.h"

namespace headrace::query {

// In the order in which they are shown.
enum class DeviceKind : uint8_t { kGpu, kCpu, kMemory, kOther };
constexpr size_t kDeviceKinds = 4;
std::string_view name_of(DeviceKind kind);  // "gpu", "cpu", "memory", "other"
// node/gpu-0 and node/accel-0, node/cpu..., node/dram-0 and node/memory; anything else is other.
DeviceKind kind_of_domain(std::string_view domain);

struct BreakdownRow {
  std::string name;
  int64_t workflows = 0;  // of this name; 0 of the other rows
  int64_t uj[kDeviceKinds] = {};
  std::string truth;

  int64_t total_uj() const { return uj[0] + uj[1] + uj[2] + uj[3]; }
};

struct EnergyBreakdown {
  std::vector<BreakdownRow> workflows;  // those of one name as one, as the first began
  BreakdownRow elsewhere;
  BreakdownRow idle;
  BreakdownRow unattributed;
  BreakdownRow measured;
  // measured less all of the above: 0, or something was lost.
  BreakdownRow difference;
};

EnergyBreakdown energy_breakdown(const EnergyCard& card);
std::string energy_breakdown_text(const EnergyCard& card);
// {rows: [{name, workflows, gpu_uj, ..., total_uj, truth}], machines: [...]}
Json energy_breakdown_json(const EnergyCard& card);

}  // namespace headrace::query
