// Tasks whose energy lies outside what their parameters, node and device let expect.
//
// By activity and name of the workflow, of the tasks with a figure of their own:
//
//   ln E = constant + sum over numbers of c ln x (c x where not all are > 0) + node + device +
//   words
//
// fitted so that a few wild tasks do not bend it (robust_fit.h). z is the distance in deviations; a
// deviation is at least 2 %, at least what the task's own figure may be off by in the division, and
// grows with how little other tasks tell of this one. The same is done for time and for power: what
// of the two lies further off is why.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "query/answer_table.h"
#include "query/energy_tasks.h"
#include "query/robust_fit.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kLeastTasks = 8;   // of an activity
constexpr size_t kMostLevels = 12;  // of words
constexpr size_t kRowsForEach = 4;  // tasks for each column, at least
constexpr double kLeastDeviation = 0.02;
constexpr double kExpected = 0.05;  // of a model that is only about right
constexpr double kAlone = 0.9;      // leverage from which nobody else tells of a task
constexpr double kDeviations = 3;

using Values = std::map<std::string, Json>;

// What tasks used, and what those around them and their workflows did.
class Parameters {
 public:
  Parameters(const std::vector<EnergyTask>& all, std::map<std::string, Json> workflows)
      : workflows_(std::move(workflows)) {
    for (const EnergyTask& one : all) by_id_.emplace(one.id, &one);
  }
  // Plain numbers, words and truths; of objects which one.
  Values of(const EnergyTask& task) const {
    Values out;
    const EnergyTask* at = &task;
    for (int steps = 0; at != nullptr && steps < 16; ++steps) {
      add(at->used, &out);
      const auto parent = by_id_.find(at->parent_id);
      at = parent == by_id_.end() ? nullptr : parent->second;
    }
    const auto workflow = workflows_.find(task.workflow_id);
    if (workflow != workflows_.end()) add(workflow->second, &out);
    if (!task.hostname.empty()) out["node"] = task.hostname;
    if (!task.device.empty()) out["device"] = task.device;
    return out;
  }

 private:
  static void add(const Json& used, Values* out) {
    const auto* const map = used.as<Json::Map>();
    if (map == nullptr) return;
    for (const auto& [key, value] : *map) {
      const bool plain =
          value.is_number() || value.as<std::string>() != nullptr || value.as<bool>() != nullptr;
      if (plain) {
        out->emplace(key, value);
      } else if (!value["$object"].is_null()) {
        out->emplace(key, value["$object"].text());
      }
    }
  }
  std::map<std::string, Json> workflows_;
  std::map<std::string, const EnergyTask*> by_id_;
};

struct Predictor {
  std::string name;
  std::vector<std::vector<double>> columns;
};

std::optional<Predictor> predictor(const std::string& key, const std::vector<Values>& rows) {
  std::vector<double> numbers;
  std::map<std::string, size_t> levels;
  for (const Values& row : rows) {
    const auto found = row.find(key);
    if (found == row.end()) return std::nullopt;
    ++levels[found->second.text()];
    if (const auto number = found->second.number(); number && std::isfinite(*number)) {
      numbers.push_back(*number);
    }
  }
  if (levels.size() < 2) return std::nullopt;
  Predictor out{key, {}};
  if (numbers.size() == rows.size()) {
    const bool positive =
        std::all_of(numbers.begin(), numbers.end(), [](double v) { return v > 0; });
    if (positive) {
      for (double& one : numbers) one = std::log(one);
    }
    out.name = positive ? "ln " + key : key;
    out.columns.push_back(std::move(numbers));
    return out;
  }
  if (levels.size() > kMostLevels) return std::nullopt;
  for (auto level = std::next(levels.begin()); level != levels.end(); ++level) {
    std::vector<double>& column = out.columns.emplace_back();
    for (const Values& row : rows) column.push_back(row.at(key).text() == level->first ? 1 : 0);
  }
  return out;
}

// As many as the tasks carry, node and device first.
std::vector<Predictor> predictors(const std::vector<Values>& rows) {
  std::set<std::string> keys;
  for (const Values& row : rows) {
    for (const auto& [key, value] : row) keys.insert(key);
  }
  std::vector<std::string> order = {"node", "device"};
  for (const std::string& key : keys) {
    if (key != "node" && key != "device") order.push_back(key);
  }
  std::vector<Predictor> out;
  size_t columns = 1;
  for (const std::string& key : order) {
    std::optional<Predictor> one = predictor(key, rows);
    if (!one || (columns + one->columns.size()) * kRowsForEach > rows.size()) continue;
    columns += one->columns.size();
    out.push_back(std::move(*one));
  }
  return out;
}

// Distances of ln values from what is expected, in deviations.
struct Distances {
  RobustFit fit;
  std::vector<double> deviation;
  std::vector<double> z;
};
Distances distances(const std::vector<Predictor>& by, const std::vector<double>& logs,
                    const std::vector<double>& own_deviation) {
  std::vector<std::vector<double>> columns;
  for (const Predictor& one : by) {
    columns.insert(columns.end(), one.columns.begin(), one.columns.end());
  }
  Distances out{robust_fit(columns, logs, kExpected), {}, {}};
  for (size_t i = 0; i < logs.size(); ++i) {
    const double deviation =
        std::max({out.fit.deviation, own_deviation[i], kLeastDeviation}) *
        std::sqrt(1 + (out.fit.fitted[i] ? -1 : 1) * std::min(out.fit.leverage[i], kAlone));
    out.deviation.push_back(deviation);
    out.z.push_back((logs[i] - out.fit.predicted[i]) / deviation);
  }
  return out;
}

const char* why(double time_z, double power_z) {
  if (std::abs(time_z) >= std::abs(power_z)) {
    return time_z > 0 ? "it took longer" : "it took less time";
  }
  return power_z > 0 ? "it drew more power" : "it drew less power";
}

struct Outlier {
  double size = 0;
  Json::List row;
};

class Judge {
 public:
  Judge(const Parameters& parameters, double least) : parameters_(parameters), least_(least) {}
  void judge(const std::string& workflow, const std::string& activity,
             const std::vector<const EnergyTask*>& tasks);

  std::vector<Outlier> outliers;
  AnswerTable models{{{"workflow", "workflow"},
                      {"activity", "activity"},
                      {"tasks", "tasks", ColumnKind::kInteger},
                      {"judged", "judged", ColumnKind::kInteger},
                      {"outliers", "outliers", ColumnKind::kInteger},
                      {"spread", "spread", ColumnKind::kReal},
                      {"expected_from", "expected from"},
                      {"reason", ""}}};

 private:
  const Parameters& parameters_;
  double least_;
};

void Judge::judge(const std::string& workflow, const std::string& activity,
                  const std::vector<const EnergyTask*>& tasks) {
  if (tasks.size() < kLeastTasks) {
    const std::string reason = "fewer than " + std::to_string(kLeastTasks) + " tasks with a figure";
    models.add({workflow, activity, static_cast<int64_t>(tasks.size()), int64_t{0}, int64_t{0},
                Json(), reason, reason});
    return;
  }
  std::vector<Values> values;
  std::vector<double> energy;
  std::vector<double> time;
  std::vector<double> power;
  std::vector<double> split;
  for (const EnergyTask* one : tasks) {
    values.push_back(parameters_.of(*one));
    energy.push_back(std::log(one->energy_j()));
    time.push_back(std::log(one->duration_s));
    power.push_back(energy.back() - time.back());
    split.push_back(one->split_u95_j / 1.96 / one->energy_j());
  }
  const std::vector<Predictor> by = predictors(values);
  const Distances e = distances(by, energy, split);
  const Distances t = distances(by, time, std::vector<double>(time.size()));
  const Distances p = distances(by, power, split);
  std::string names;
  for (const Predictor& one : by) names += (names.empty() ? "" : ", ") + one.name;
  int64_t judged = 0;
  int64_t found = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (e.fit.fitted[i] && e.fit.leverage[i] > kAlone) continue;
    ++judged;
    if (std::abs(e.z[i]) < least_) continue;
    ++found;
    const double half = least_ * e.deviation[i];
    outliers.push_back({std::abs(e.z[i]),
                        {tasks[i]->id, activity, tasks[i]->workflow, tasks[i]->hostname,
                         tasks[i]->device.empty() ? Json() : Json(tasks[i]->device),
                         tasks[i]->energy_j(), std::exp(e.fit.predicted[i]),
                         std::exp(e.fit.predicted[i] - half), std::exp(e.fit.predicted[i] + half),
                         e.z[i], t.z[i], p.z[i], why(t.z[i], p.z[i]), tasks[i]->truth}});
  }
  models.add({workflow, activity, static_cast<int64_t>(tasks.size()), judged, found,
              e.fit.deviation, names.empty() ? "their median" : names, Json()});
}

Result<std::map<std::string, Json>> used_by_workflows(const Session& session,
                                                      const EnergyScope& scope) {
  const auto rows = session.rows("SELECT workflow::VARCHAR, used FROM workflow_row WHERE " +
                                 scope.workflows("workflow"));
  if (!rows.ok()) return rows.status();
  std::map<std::string, Json> out;
  for (const auto& row : *rows) {
    const Result<Json> used = Json::parse(row[1].is_null ? "{}" : row[1].text);
    if (used.ok()) out.emplace(row[0].text, *used);
  }
  return out;
}

}  // namespace

Result<EnergyAnswer> energy_outliers(const Session& session, const EnergyScope& scope,
                                     const EnergyQuestion& question) {
  const auto all = energy_tasks(session, scope, "", true, true);
  if (!all.ok()) return all.status();
  auto workflows = used_by_workflows(session, scope);
  if (!workflows.ok()) return workflows.status();
  const Parameters parameters(*all, std::move(*workflows));
  std::map<std::pair<std::string, std::string>, std::vector<const EnergyTask*>> alike;
  int64_t without = 0;
  for (const EnergyTask& one : *all) {
    if (!question.activity.empty() && one.activity != question.activity) continue;
    auto& tasks = alike[{one.workflow, one.activity}];
    const bool known = one.energy_uj.value_or(0) > 0 && !one.withheld && one.duration_s > 0;
    if (known && one.status == "finished") {
      tasks.push_back(&one);
    } else {
      ++without;
    }
  }
  if (alike.empty() && !question.activity.empty()) {
    return not_found("no task of " + question.activity + " has ended in " + scope.of +
                     "; headrace ls tasks lists what there is");
  }
  const double least = question.least.value_or(kDeviations);
  Judge judge(parameters, least);
  for (const auto& [like, tasks] : alike) judge.judge(like.first, like.second, tasks);
  std::stable_sort(judge.outliers.begin(), judge.outliers.end(),
                   [](const Outlier& a, const Outlier& b) { return a.size > b.size; });
  AnswerTable rows({{"task_id", "task_id", ColumnKind::kId},
                    {"activity", "activity"},
                    {"workflow", "workflow"},
                    {"hostname", "node"},
                    {"device", ""},
                    {"energy_j", "energy", ColumnKind::kReal, "J"},
                    {"expected_j", "expected", ColumnKind::kReal, "J"},
                    {"low_j", "from", ColumnKind::kReal, "J"},
                    {"high_j", "to", ColumnKind::kReal, "J"},
                    {"z", "z", ColumnKind::kReal},
                    {"z_time", "of time", ColumnKind::kReal},
                    {"z_power", "of power", ColumnKind::kReal},
                    {"because", "because"},
                    {"truth", "truth"}});
  for (Outlier& one : judge.outliers) rows.add(std::move(one.row));
  std::string text = "Tasks of " + scope.of + " that used another energy than expected, by " +
                     number_text(least, 3) + " deviations or more: " + grouped(rows.size()) + "\n";
  if (rows.size() > 0) text += "\n" + rows.text();
  if (judge.models.size() > 0) text += "\n" + judge.models.text();
  if (without > 0) {
    text += counted(static_cast<uint64_t>(without), "task") +
            " left out: not finished, or without a figure of its own\n";
  }
  return EnergyAnswer{Json::Map{{"of", scope.of},
                                {"deviations", least},
                                {"rows", rows.json(question.limit)},
                                {"models", judge.models.json()},
                                {"left_out", without}},
                      terminal_lines(text)};
}

}  // namespace headrace::query
