// Which choice gives the most for what it costs: the tasks of a campaign that generated a value,
// set against their time, energy and anything else that they used or generated.
//
//   TradeoffQuestion q{"sweep", Cost::kEnergy, "val_loss"};
//   Result<Tradeoff> answer = tradeoff(session, q);
//   for (const TradeoffRow& row : answer->rows) use(row.label, row.quality, row.energy_j);
//
// Methods: pareto.h, effect.h; the marginal cost of a step along the front is its cost over what it
// improves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/effect.h"
#include "query/json.h"
#include "query/paired.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

enum class Cost : uint8_t { kEnergy, kTime };

// Something to make small or large: "val_loss" or "generated.val_loss", "used.width", "time",
// "energy", with a target "target_time" and "target_energy", and of the machine that a task ran on
// while it did (readings.h) "peak_temperature", "gpu_utilization" and "cpu_utilization".
struct Objective {
  std::string name;
  std::optional<bool> minimise{};  // unset: costs and used values small, generated ones by the name
};

// "loss<2.1", "accuracy >= 0.9": a value to reach.
struct Target {
  std::string key;
  bool below = true;
  bool or_equal = false;
  double value = 0;
  bool reached_by(double v) const {
    return below ? (or_equal ? v <= value : v < value) : (or_equal ? v >= value : v > value);
  }
};
Result<Target> parse_target(const std::string& text);

struct TradeoffQuestion {
  std::string campaign;  // its name, or the beginning of its id
  Cost cost = Cost::kEnergy;
  std::string quality;             // a key of `generated`
  std::optional<bool> minimise{};  // unset: by the name, see default_minimise
  std::string activity{};          // unset: see Tradeoff::activity
  // What the front is made of; empty: the quality and the cost. Without a quality the first that
  // the tasks generated is it.
  std::vector<Objective> objectives{};
  std::optional<Target> target{};
  std::string paired{};  // a parameter: what it does at fixed others, see Tradeoff::pairs
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
  std::vector<std::optional<double>> values;  // of each objective
  // When the target was first reached: seconds and joules since the task began (run_energy.h).
  // Unset: never, or no curve was captured.
  std::optional<double> target_s;
  std::optional<double> target_j;
  bool on_front = false;
  std::optional<size_t> dominated_by;  // row
  // How far it is from the front of quality and cost: what it costs more than the cheapest of the
  // front that is no worse, and by how much it is worse than the best of the front that costs no
  // more. 0 on that front.
  std::optional<double> over_front;
  std::optional<double> behind_front;
};

struct ResolvedObjective {
  std::string name;  // as asked
  std::string unit;  // "s", "J" or ""
  bool minimise = true;
  bool by_name = false;  // the direction was taken from the name
};

// From one row of the front of quality and cost to the next dearer one.
struct FrontStep {
  size_t from = 0;
  size_t to = 0;
  double cost = 0;          // more of it, in s or J
  double improvement = 0;   // of the quality, as a positive number
  double cost_for_one = 0;  // cost / improvement
};

struct ObjectiveEffects {
  std::string objective;
  Effects effects;
};

struct ObjectivePairs {
  std::string objective;
  std::vector<PairedEffect> pairs;
};

struct Tradeoff {
  std::string campaign;
  std::string campaign_id;
  std::string quality;
  Cost cost = Cost::kEnergy;
  bool minimise = false;
  bool minimise_by_name = false;  // the direction was taken from the name
  // What is compared: of the activities with at least two finished tasks that generated the value,
  // the one highest in the tree of tasks, as the first task of each stands; of equals the one with
  // more tasks, then with more time.
  std::string activity;
  std::vector<std::string> other_activities;  // that generated it too
  std::vector<ResolvedObjective> objectives;
  std::vector<TradeoffRow> rows;          // finished; best cost first, without cost last
  std::vector<TradeoffRow> failed;        // of the same activity, not finished
  std::vector<FrontStep> steps;           // cheapest first
  std::vector<ObjectiveEffects> effects;  // what each parameter does to each objective
  std::string effects_note;               // why there are none
  std::string paired;                     // the parameter
  std::vector<ObjectivePairs> pairs;      // what it does to each objective, paired.h
  std::string target;                     // as a text; "" without
  std::string note;                       // what is missing, in a sentence; may be empty
};

// Names with loss, error, perplexity, mse, mae, rmse, nll or latency in them are better when small.
bool default_minimise(const std::string& quality);

// Which of these values says best how good something is, by its name: a loss of validation before
// one of training, that before anything else. "" of none.
std::string likeliest_quality(const std::vector<std::string>& names);

// Errors: kNotFound for an unknown campaign, a value that no task of it generated, an activity that
// did not (the message lists what there is), a target that no curve was captured of;
// kInvalidArgument for a value that is no number.
Result<Tradeoff> tradeoff(const Session& session, const TradeoffQuestion& question);

// The rows as a table: config, the quality by its name, time_s, energy_j, energy_truth, on_front,
// dominated_by, over_front, behind_front, status, task_id and more; further objectives and
// target_s, target_j where asked for. Failed ones last.
ResultTable tradeoff_table(const Tradeoff& answer);
// Where the front goes: from, to, cost, improvement, cost_for_one.
ResultTable tradeoff_steps_table(const Tradeoff& answer);
// A row for each objective and effect: objective, parameter, from, to, change, low, high, p, share,
// method, interacts_with.
ResultTable tradeoff_effects_table(const Tradeoff& answer);
// A row for each objective and pair of levels: objective, parameter, from, to, pairs, unpaired,
// mean_from, mean_to, difference, low, high, p.
ResultTable tradeoff_pairs_table(const Tradeoff& answer);

}  // namespace headrace::query
