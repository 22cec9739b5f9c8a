// From sensors to what there is to divide: for each host and domain, its processes' parts.
//
// Domains that hold each other are never both used: the node's direct children are (packages,
// memories, GPUs), what lies inside them or around them is not. The estimate is used only for
// processes whose host's processors were not measured at that time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "energy/recorded.h"
#include "energy/timeline.h"

namespace headrace::energy {

// One process's part of a source, to be divided among its tasks.
struct Part {
  uint32_t producer = 0;
  Timeline timeline;       // micro-joules
  bool is_device = false;  // of a GPU, which does nothing else than its tasks
  std::string truth;
  std::string method;
  std::string assumption;
};

struct EnergySource {
  std::string domain;
  uint32_t reporter = 0;  // a producer that read it
  std::string truth;
  bool is_node = false;  // node, idle and others are set
  Timeline node;         // the whole domain
  Timeline idle;
  bool knows_idle = false;
  int64_t others = 0;  // of processes that were not recorded
  std::vector<Part> parts;
};

// Sorted by domain.
std::vector<EnergySource> find_sources(const std::vector<SensorSeries>& sensors);

}  // namespace headrace::energy
