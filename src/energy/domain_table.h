// One domain's figures of all tasks, while they are made.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "energy/activity_power.h"
#include "energy/idle_policy.h"
#include "energy/layer_figures.h"
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

  bool holds() const { return measured_uj == attributed_uj + idle_uj + unattributed_uj; }
};

// What an activity's tasks used in one process, and what its group did.
struct ActivityFigure {
  uint32_t producer = 0;
  uint32_t activity = 0;  // the store's numbers
  uint32_t group = 0;     // an activity of it
  Resolution resolution = Resolution::kUnresolved;
  int64_t tasks = 0;
  double time_s = 0;
  int64_t energy_uj = 0;  // as the books have it
  int64_t group_uj = 0;
  double group_variance = 0;
  double model_relative = 0;  // of the division among processes
  double power_uw = 0;
  int64_t windows = 0;
};

class DomainTable {
 public:
  struct Row {
    int64_t self_uj = 0;
    int64_t inclusive_uj = 0;         // self and all descendants
    double window_uj = std::nan("");  // of the whole domain, while the task was open
    double idle_uj = std::nan("");
    double coverage = std::nan("");
    double variance = 0;  // of the division, descendants included
    float window_s = 0;   // the longest window in which it or a descendant ran
    uint16_t how = 0;     // place in hows(); 0: none
    uint8_t truths = 0;   // a bit for each Truth in it
    uint16_t gaps = 0;    // of its own time
    Resolution resolution = Resolution::kUnresolved;  // of its activity
  };
  struct How {
    std::string method;
    std::string assumption;
  };

  DomainTable(std::string domain, const TaskForest& forest, IdlePolicy policy,
              std::span<const WatchedLayers> watched = {});
  // Divides a source of this domain among its processes' tasks.
  Balance add(const EnergySource& source);
  // Sums up from children to parents; after all sources.
  void roll_up();

  const std::string& domain() const { return domain_; }
  const std::vector<Row>& rows() const { return rows_; }
  const How& how(const Row& row) const { return hows_[row.how]; }
  const std::vector<ActivityFigure>& activities() const { return activities_; }
  const std::vector<LayerFigures>& layers() const { return layers_; }

 private:
  void add_part(const EnergySource& source, const Part& part, Balance& balance);
  void give_idle(int64_t idle_uj);
  uint16_t intern(const How& how);

  const std::string domain_;
  const TaskForest& forest_;
  const IdlePolicy policy_;
  std::vector<Row> rows_;
  std::vector<How> hows_;
  std::vector<ActivityFigure> activities_;
  const std::span<const WatchedLayers> watched_;
  std::vector<LayerFigures> layers_;
  // Of the source that is being added: tasks that ran, and for how long.
  std::vector<uint32_t> residents_;
  std::vector<double> residency_s_;
};

}  // namespace headrace::energy
