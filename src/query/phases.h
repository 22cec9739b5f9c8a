// What each kind of work keeps busy, and what a machine draws for it while its GPUs wait.
//
//   Result<Phases> answer = phases(session, {"sweep"}, here);
//   for (const Phase& p : answer->phases) use(p.activity, p.gpu_use, p.wasted_j);
//
// A phase is an activity: the times in which its tasks ran themselves (own_time.h). Use is the mean
// over these. Energy of the machine (readings.h) in these times is divided equally among the tasks
// that ran there at once; it is wasted where its GPUs together were used less than `gpu_below` and
// it drew more than `node_above_w`. What is not known is not counted, and says so by its coverage.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

struct PhasesQuestion {
  std::string of{};        // a campaign or workflow; empty: all there is
  double gpu_below = 0.2;  // 0 to 1
  double node_above_w = 100;
};

struct Phase {
  std::string activity;
  int64_t tasks = 0;
  double time_s = 0;  // own time of all its tasks
  // 0 to 1; unset: nothing of it was read.
  std::optional<double> gpu_use;
  std::optional<double> cpu_use;
  std::optional<double> disk_use;
  std::optional<double> power_w;  // of the machine, mean
  std::optional<double> energy_j;
  // Unset where use of GPUs and power were never known together.
  std::optional<double> waiting_s;  // GPUs below and machine above the bounds
  std::optional<double> wasted_j;
  double coverage = 0;  // of the own time: both were known
};

struct Phases {
  std::string of;
  PhasesQuestion question;
  std::vector<Phase> phases;          // the most wasted first, then the longest
  Phase all;                          // of all tasks
  std::vector<std::string> power_of;  // what stands for the machine: "node-a: node"
  std::string note;                   // what is missing; may be empty
};

// Errors: as identify. Cost: the readings of the machines once, and a step for each begin and end.
Result<Phases> phases(const Session& session, const PhasesQuestion& question,
                      const std::filesystem::path& here);

std::string phases_text(const Phases& answer);
// A row for each activity.
ResultTable phases_table(const Phases& answer);
// {of, gpu_below, node_above_w, power_of, phases: [...], all, note}
Json phases_json(const Phases& answer);

}  // namespace headrace::query
