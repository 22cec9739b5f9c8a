// Parts of a machine that wait for the last task of a wave: see query/energy_nodes.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "energy/domain_tree.h"
#include "query/energy_tasks.h"
#include "query/node_counters.h"

namespace headrace::query {

struct Waited {
  double waited_s = 0;
  std::optional<double> waiting_j;  // none: no counter of it was read
};

// Tasks of one activity that overlap in time.
struct Wave {
  std::string workflow;
  std::string activity;
  int64_t number = 0;  // from 1, of the activity
  int64_t parts = 0;   // of the machine, that it ran on
  std::string last_task_id;
  std::string last_part;
  double waited_s = 0;  // of all its parts
  std::optional<double> waiting_j;
};

// A task that took far longer than its like: those of its activity in workflows of that name.
struct Straggler {
  const EnergyTask* task = nullptr;
  double median_s = 0;
  double excess_s = 0;
  std::optional<double> excess_j;  // beyond the median of its like
};

struct Waiting {
  std::vector<Wave> waves;              // in which a part waited, the dearest first
  std::map<std::string, Waited> parts;  // each moment once, though several waves wait in it
  Waited total;
};

TimeSpan stretch_of(const EnergyTask& task);
// Of tasks that no other lies in, at least five alike, as in stragglers.h; the dearest first.
std::vector<Straggler> stragglers_among(const std::vector<const EnergyTask*>& tasks);
// Those that no other of them lies in.
std::vector<const EnergyTask*> without_inner(const std::vector<EnergyTask>& tasks);

// `tasks`: whose waves are looked for; `running`: all that makes a part busy. Waves are made of
// tasks of a workflow that no other lies in, and of the outermost tasks of workflows of one name.
// Cost: sorts tasks; linear in them otherwise.
Waiting find_waiting(const std::vector<EnergyTask>& tasks,
                     const std::vector<const EnergyTask*>& running,
                     const std::vector<energy::CountedDomain>& counters);

}  // namespace headrace::query
