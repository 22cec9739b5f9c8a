// What the store holds, as a few sums: what a scraper asks for every few seconds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/session.h"

namespace headrace::serve {

struct StoredSums {
  using ByStatus = std::vector<std::pair<std::string, uint64_t>>;  // each status, zeros too
  struct Campaign {
    std::string id;  // names may be the same
    std::string name;
    ByStatus tasks;
    std::optional<double> energy_j;  // over domains that do not overlap
  };
  struct Energy {
    std::string domain;
    std::string truth;
    double measured_j;
    double attributed_j;
    double idle_j;
    double unattributed_j;
  };
  std::vector<std::pair<std::string, double>> records;  // by state
  ByStatus tasks;
  std::vector<Campaign> campaigns;  // the hundred that began last
  std::vector<Energy> energy;
};

// What cannot be read is left out. Cost: as query::workflow_figures.
std::shared_ptr<const StoredSums> read_stored_sums(const query::Session& session);

}  // namespace headrace::serve
