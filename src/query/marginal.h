// What the next bit of improvement costs, point by point of each run's curve, and where it costs
// more than it should.
//
//   MarginalQuestion q{"sweep", "val_loss"};
//   q.most_j = 500;
//   Result<Marginal> answer = marginal(session, q);
//   for (const MarginalRun& run : answer->runs) use(run.label, run.stop_after, run.saved_j);
//
// The cost of a point is the energy of the run since the point before, by run_energy.h; what it
// improved is by how much it is better than all before it. Its marginal cost is the cost of `per`
// of improvement at that rate: of a point that improved nothing it is without bound, of the first
// one, which improves on nothing known, there is none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

struct MarginalQuestion {
  std::string campaign;            // its name, or the beginning of its id
  std::string quality;             // what hr.log wrote, or tasks inside the runs generated
  std::optional<bool> minimise{};  // unset: by the name
  std::string activity{};          // of the runs; see CurvesQuestion
  double per = 0.01;
  std::optional<double> most_j{};  // for `per`; unset: nothing is recommended
};

struct MarginalPoint {
  double seconds = 0;  // since the run began
  std::optional<double> value;
  std::optional<double> improvement;  // unset: of the first; 0: it is no better than those before
  std::optional<double> energy_j;     // since the point before
  std::optional<double> total_j;      // since the run began
  std::optional<double> marginal_j;   // unset: none, without bound, or energy is not known
  std::optional<bool> exceeds;        // unset: not known, or no bound was asked for
};

struct MarginalRun {
  std::string label;
  std::string task_id;
  std::string workflow_id;
  std::string status;
  std::string truth;  // of its energy; "" where it is not known
  std::optional<double> energy_j;
  std::vector<MarginalPoint> points;
  // The point before the first that exceeds, from 1; unset: none exceeds.
  std::optional<size_t> stop_after;
  std::optional<double> saved_j;  // what came after it
  std::optional<double> lost;     // by how much the best of all is better than the best until then
};

struct Marginal {
  std::string campaign;
  std::string quality;
  std::string activity;
  MarginalQuestion question;
  bool minimise = true;
  std::vector<MarginalRun> runs;  // by begin
  std::string note;               // what is missing; may be empty
};

// Errors: as read_curves; kInvalidArgument for a `per` that is not positive.
Result<Marginal> marginal(const Session& session, const MarginalQuestion& question);

std::string marginal_text(const Marginal& answer);
// A row for each run and point.
ResultTable marginal_table(const Marginal& answer);
Json marginal_json(const Marginal& answer);

}  // namespace headrace::query
