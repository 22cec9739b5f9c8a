// Which choice gives the most for what it costs: the tasks of a campaign that generated a value,
// set against their time or energy.
//
//   TradeoffQuestion q{"sweep", Cost::kEnergy, "val_loss"};
//   Result<Tradeoff> answer = tradeoff(session, q);
//   for (const TradeoffRow& row : answer->rows) use(row.label, row.quality, row.energy_j);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

enum class Cost : uint8_t { kEnergy, kTime };

struct TradeoffQuestion {
  std::string campaign;  // its name, or the beginning of its id
  Cost cost = Cost::kEnergy;
  std::string quality;             // a key of `generated`
  std::optional<bool> minimise{};  // unset: by the name, see default_minimise
  std::string activity{};          // unset: see Tradeoff::activity
};

struct TradeoffRow {
  // The used values that differ among the rows: "lr=0.001 frozen=2".
  std::string label;
  std::string task_id;
  std::string workflow_id;
  std::string activity;
  std::string status;
  std::optional<double> quality;
  std::optional<double> time_s;
  // Attributed to the task and all inside it, summed over domains that do not overlap.
  std::optional<double> energy_j;
  std::optional<double> energy_u95_j;  // half width; worst case of the domains together
  std::string energy_truth;            // measured, mixed, estimated; "" without a figure
  std::string energy_method;           // of each domain, joined by "; "
  std::string energy_assumption;       // what an estimate takes for granted; "" when measured
  bool on_front = false;
  std::optional<size_t> dominated_by;  // row
};

struct Tradeoff {
  std::string campaign;
  std::string campaign_id;
  std::string quality;
  Cost cost = Cost::kEnergy;
  bool minimise = false;
  bool minimise_by_name = false;  // the direction was taken from the name
  // What is compared: of the activities with at least two finished tasks that generated the value,
  // the one highest in the tree of tasks; of equals the one with more tasks, then with more time.
  std::string activity;
  std::vector<std::string> other_activities;  // that generated it too
  std::vector<TradeoffRow> rows;              // finished; best cost first, without cost last
  std::vector<TradeoffRow> failed;            // of the same activity, not finished
  std::string note;                           // what is missing, in a sentence; may be empty
};

// Names with loss, error, perplexity, mse, mae, rmse, nll or latency in them are better when small.
bool default_minimise(const std::string& quality);

// Errors: kNotFound for an unknown campaign, a value that no task of it generated, an activity that
// did not (the message lists what there is); kInvalidArgument for a value that is no number.
Result<Tradeoff> tradeoff(const Session& session, const TradeoffQuestion& question);

// The rows as a table: config, the quality by its name, time_s, energy_j, energy_truth, on_front,
// dominated_by, status, task_id and more. Failed ones last.
ResultTable tradeoff_table(const Tradeoff& answer);

}  // namespace headrace::query
