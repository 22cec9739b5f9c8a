// What a campaign spent on runs that a stopping rule would have ended, and what it would have lost.
//
//   Result<Regret> answer = regret(session, {"sweep", "val_loss"});
//   for (const RuleOutcome& o : answer->outcomes) use(o.rule.text(), o.keeps_best, o.time_s);
//
// The rules are stopping.h's, replayed over the points in the order of their times. Stopped after a
// point, a run costs its time until that point, and of its energy the same share (energy is spread
// evenly over a run's time). The best model of a campaign is the best point of all curves; a rule
// keeps it when that run still goes on at that point.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/regret_curves.h"
#include "query/result_table.h"
#include "query/session.h"
#include "query/stopping.h"

namespace headrace::query {

struct RegretQuestion {
  std::string campaign;            // its name, or the beginning of its id
  std::string metric{};            // unset: the only one that was logged
  std::optional<bool> minimise{};  // unset: by the name, see default_minimise
  std::string activity{};          // see CurvesQuestion
  std::vector<RuleKind> rules{};   // unset: all
  std::optional<size_t> grace{};   // unset: usual_rule
  std::optional<size_t> every{};
  std::optional<size_t> patience{};
  std::optional<double> eta{};
};

struct RegretRun {
  std::string label;
  Curve curve;
  size_t best_point = 0;  // from 1
  double best = 0;
  double last = 0;
};

struct RuleOutcome {
  struct StopFacts {
    double seconds = 0;  // since the run began
    double best = 0;     // by then
  };
  StoppingRule rule;
  std::vector<Stop> stops;         // of each run
  std::vector<StopFacts> at_stop;  // of each run; of one that goes on, at its last point
  size_t stopped = 0;
  double time_s = 0;
  std::optional<double> energy_j;
  bool keeps_best = false;
  std::optional<size_t> best_run;  // under the rule
  double best = 0;
};

struct Regret {
  std::string campaign;
  std::string metric;
  bool logged = true;  // the curves are hr.log's; else tasks generated them
  bool minimise = true;
  bool minimise_by_name = false;
  std::string activity;  // of the runs; "" for workflows
  std::vector<std::string> other_activities;
  size_t too_short = 0;            // runs left out, with one point
  std::vector<RegretRun> runs;     // by begin
  size_t longest = 0;              // points
  double time_s = 0;               // of all runs as they were
  std::optional<double> energy_j;  // unset as soon as one run has none
  std::string energy_truth;
  double after_best_s = 0;  // of that: after each run's own best point
  size_t best_run = 0;
  std::vector<RuleOutcome> outcomes;  // those that keep the best model first, then by time
  bool is_live = false;               // some run goes on
};

// Errors: as read_curves; kInvalidArgument without a metric where several were logged.
Result<Regret> regret(const Session& session, const RegretQuestion& question);

// "43 % of the time and energy bought nothing: halving keeps the same best model (lr=0.2) at 57 %."
std::string regret_sentence(const Regret& answer);
// A row for each rule: rule, keeps_best, best, best_run, time_s, time_share, energy_j,
// energy_share, stopped, runs, method.
ResultTable regret_table(const Regret& answer);
// A row for each run and rule that stops it: rule, config, stopped_after, points, best_then, best,
// time_saved_s, energy_saved_j, task_id, workflow_id, status.
ResultTable regret_stops_table(const Regret& answer);
// A row for each run that goes on: config, points, best, last, a column for each rule ("stop",
// "stop since 4", "go on"), task_id, workflow_id.
ResultTable regret_live_table(const Regret& answer);
Json regret_json(const Regret& answer);

}  // namespace headrace::query
