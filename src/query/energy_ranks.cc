// Tasks by time and by energy, and how many places lie between the two.
//
// Without an activity compared are the tasks that lie in no other. Equal values share the best
// place. What a task's energy may be off by leaves it a range of places: below it only tasks whose
// intervals lie surely below. On one host the sensors' own error is left out of it, for it is the
// same in all and turns no order round.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "query/answer_table.h"
#include "query/energy_tasks.h"
#include "query/json_or_null.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

// 1 for the largest.
std::vector<int64_t> places(const std::vector<double>& values) {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> out;
  for (const double one : values) {
    out.push_back(1 + (sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), one)));
  }
  return out;
}

// The places with their ties' mean, for Spearman's correlation.
std::vector<double> mean_places(const std::vector<double>& values) {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> out;
  for (const double one : values) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), one);
    out.push_back(0.5 * static_cast<double>((low - sorted.begin()) + (high - sorted.begin())));
  }
  return out;
}

std::optional<double> spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = mean_places(a);
  const std::vector<double> y = mean_places(b);
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? std::optional(xy / std::sqrt(xx * yy)) : std::nullopt;
}

struct Ranked {
  const EnergyTask* task = nullptr;
  int64_t by_time = 0;
  int64_t by_energy = 0;
  int64_t best = 0;  // by energy, within the errors
  int64_t worst = 0;

  // Positive: more energy than its time lets expect.
  int64_t moved() const { return by_time - by_energy; }
  // Even with the errors the places differ by as much.
  bool is_sure(int64_t least) const {
    const int64_t nearest = std::clamp(by_time, best, worst);
    return std::abs(by_time - nearest) >= std::max<int64_t>(least, 1);
  }
};

std::vector<Ranked> rank(const std::vector<const EnergyTask*>& tasks) {
  std::set<std::string> hosts;
  for (const EnergyTask* one : tasks) hosts.insert(one->hostname);
  std::vector<double> times;
  std::vector<double> energies;
  std::vector<double> lows;
  std::vector<double> highs;
  for (const EnergyTask* one : tasks) {
    const double u95_j =
        hosts.size() > 1 ? std::hypot(one->split_u95_j, one->sensor_u95_j) : one->split_u95_j;
    times.push_back(one->duration_s);
    energies.push_back(one->energy_j());
    lows.push_back(one->energy_j() - u95_j);
    highs.push_back(one->energy_j() + u95_j);
  }
  const std::vector<int64_t> by_time = places(times);
  const std::vector<int64_t> by_energy = places(energies);
  std::vector<double> low = lows;
  std::vector<double> high = highs;
  std::sort(low.begin(), low.end());
  std::sort(high.begin(), high.end());
  std::vector<Ranked> out;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const int64_t above = low.end() - std::upper_bound(low.begin(), low.end(), highs[i]);
    const int64_t below = std::lower_bound(high.begin(), high.end(), lows[i]) - high.begin();
    out.push_back({tasks[i], by_time[i], by_energy[i], above + 1,
                   static_cast<int64_t>(tasks.size()) - below});
  }
  return out;
}

std::string opening(const EnergyScope& scope, size_t tasks, std::optional<double> agreement) {
  return "Tasks of " + scope.of + " by time and by energy: " + counted(tasks, "task") +
         (agreement ? ", Spearman's correlation " + number_text(*agreement, 3) : "") + "\n";
}

}  // namespace

Result<EnergyAnswer> energy_ranks(const Session& session, const EnergyScope& scope,
                                  const EnergyQuestion& question) {
  const auto tasks = energy_tasks(session, scope, question.activity, false, false);
  if (!tasks.ok()) return tasks.status();
  std::vector<const EnergyTask*> known;
  for (const EnergyTask& one : *tasks) {
    if (one.energy_uj && !one.withheld) known.push_back(&one);
  }
  const auto least = static_cast<int64_t>(question.least.value_or(1));
  std::vector<Ranked> ranked = rank(known);
  std::vector<double> times;
  std::vector<double> energies;
  for (const EnergyTask* one : known) {
    times.push_back(one->duration_s);
    energies.push_back(one->energy_j());
  }
  const std::optional<double> agreement = known.empty() ? std::nullopt : spearman(times, energies);
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::pair(-std::abs(a.moved()), a.by_energy) <
           std::pair(-std::abs(b.moved()), b.by_energy);
  });
  std::erase_if(ranked, [&](const Ranked& one) { return std::abs(one.moved()) < least; });
  AnswerTable rows({{"task_id", "task_id", ColumnKind::kId},
                    {"activity", "activity"},
                    {"workflow", "workflow"},
                    {"duration_s", "time", ColumnKind::kReal, "s"},
                    {"energy_j", "energy", ColumnKind::kReal, "J"},
                    {"u95_j", "± 95 %", ColumnKind::kReal, "J"},
                    {"truth", "truth"},
                    {"time_rank", "by time", ColumnKind::kInteger},
                    {"energy_rank", "by energy", ColumnKind::kInteger},
                    {"energy_rank_best", "from", ColumnKind::kInteger},
                    {"energy_rank_worst", "to", ColumnKind::kInteger},
                    {"moved", "moved", ColumnKind::kInteger},
                    {"is_sure", "sure", ColumnKind::kBool}});
  for (const Ranked& one : ranked) {
    const EnergyTask& task = *one.task;
    rows.add({task.id, task.activity, task.workflow, task.duration_s, task.energy_j(),
              std::hypot(task.split_u95_j, task.sensor_u95_j), task.truth, one.by_time,
              one.by_energy, one.best, one.worst, one.moved(), one.is_sure(least)});
  }
  const auto without = static_cast<int64_t>(tasks->size() - known.size());
  std::string text = opening(scope, known.size(), agreement);
  if (rows.size() == 0) {
    text += "no task's place differs by " + std::to_string(least) + " or more\n";
  } else {
    text += counted(rows.size(), "task") + " at least " + std::to_string(least) +
            " places apart; moved > 0: dearer than its time lets expect; sure: the errors of the "
            "energies do not explain it\n\n" +
            rows.text();
  }
  if (without > 0) {
    text += counted(static_cast<uint64_t>(without), "task") + " without a figure left out\n";
  }
  return EnergyAnswer{
      Json::Map{{"of", scope.of},
                {"activity", question.activity.empty() ? Json() : Json(question.activity)},
                {"least", least},
                {"tasks", static_cast<int64_t>(known.size())},
                {"without_energy", without},
                {"spearman", json_or_null(agreement)},
                {"inversions", static_cast<int64_t>(rows.size())},
                {"rows", rows.json(question.limit)}},
      terminal_lines(text)};
}

}  // namespace headrace::query
