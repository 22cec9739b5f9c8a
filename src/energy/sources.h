// From sensors to what there is to divide: for each host and domain, its processes' parts.
//
// Domains that hold each other are never both divided (energy/domain_name.h): what lies inside them
// or around them is kept beside, for the tree of what holds what. The estimate is used only for
// processes whose host's processors were not measured at that time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "energy/domain_tree.h"
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
  std::string hostname;
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

struct Sources {
  std::vector<EnergySource> divided;  // sorted by domain
  std::vector<CountedDomain> beside;  // counted, and not divided
};
Sources find_sources(const std::vector<SensorSeries>& sensors);
// Everything that was counted on a host, for the tree; estimates are not.
std::vector<CountedDomain> counted_domains(const Sources& sources);

}  // namespace headrace::energy
