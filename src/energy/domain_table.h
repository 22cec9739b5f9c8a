// One domain's figures of all tasks, while they are made.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "energy/sources.h"
#include "energy/task_forest.h"

namespace headrace::energy {

// What became of a source: measured = attributed + idle + unattributed, in micro-joules.
struct Balance {
  uint32_t producer = 0;
  std::string domain;
  std::string truth;
  int64_t measured_uj = 0;
  int64_t attributed_uj = 0;
  int64_t idle_uj = 0;
  int64_t unattributed_uj = 0;
};

class DomainTable {
 public:
  struct Row {
    int64_t self_uj = 0;
    int64_t inclusive_uj = 0;          // self and all descendants
    double window_uj = std::nan("");   // of the whole domain, while the task was open
    double process_uj = std::nan("");  // of its process's part of that
    double idle_uj = std::nan("");
    double coverage = std::nan("");
    double edge_uj = 0;
    uint16_t how = 0;    // place in hows(); 0: none
    uint8_t truths = 0;  // a bit for each Truth in it
  };
  struct How {
    std::string method;
    std::string assumption;
  };

  DomainTable(std::string domain, const TaskForest& forest);
  // Divides a source of this domain among its processes' tasks.
  Balance add(const EnergySource& source);
  // Sums up from children to parents; after all sources.
  void roll_up();

  const std::string& domain() const { return domain_; }
  const std::vector<Row>& rows() const { return rows_; }
  const How& how(const Row& row) const { return hows_[row.how]; }

 private:
  void add_part(const EnergySource& source, const Part& part, Balance& balance);
  uint16_t intern(const How& how);

  const std::string domain_;
  const TaskForest& forest_;
  std::vector<Row> rows_;
  std::vector<How> hows_;
};

}  // namespace headrace::energy
