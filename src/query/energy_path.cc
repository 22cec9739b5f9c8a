// From a campaign down to the samples behind one task, each step a part of the one before, and at
// each a check that all parts make the whole:
//
//   campaign = its workflows = its activities = its tasks, without the tasks inside them;
//   task = its domains; domain = the layers that the task ran and the time outside them, where
//   layers were told; domain = the task's part of what its counter counted meanwhile;
//   that = the differences between the counter's readings, the outer ones in part.
//
// Each step takes the largest part, or with a task named the ones that lead there. All but the last
// check are of whole micro-joules.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "query/answer_table.h"
#include "query/energy_path_layers.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/json_or_null.h"
#include "query/node_counters.h"
#include "query/own_energy.h"
#include "query/units.h"
#include "query/utf8.h"
#include "store/database.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

constexpr size_t kNamedParts = 10;
constexpr size_t kNamedSamples = 20;

struct Part {
  std::string id;
  std::string name;
  int64_t uj = 0;
};

struct Step {
  std::string level;
  Part part;
  std::string into;  // what its parts are
  int64_t parts = 0;
  int64_t sum_uj = 0;
  std::vector<Part> largest;
};

// Walks down the own energy of tasks, narrowing a condition on its rows.
class Descent {
 public:
  Descent(const Session& session, std::string reach)
      : session_(session), reach_(std::move(reach)) {}

  // The parts of what `where` leaves, by these expressions, the largest first.
  Result<std::vector<Part>> parts(const std::string& id, const std::string& name) const;
  void narrow(const std::string& condition) { where_ += " AND " + condition; }
  Result<int64_t> sum() const;

 private:
  std::string from() const {
    return " FROM own_energy o LEFT JOIN workflow_row w ON w.wf = o.wf LEFT JOIN activity_row a ON "
           "a.activity = o.activity JOIN producer_row p ON p.producer = o.producer WHERE " +
           where_;
  }
  const Session& session_;
  std::string reach_;
  std::string where_ = "true";
};

Result<std::vector<Part>> Descent::parts(const std::string& id, const std::string& name) const {
  const auto rows = session_.rows(with_own_energy(reach_) + "SELECT " + id + " AS id, any_value(" +
                                  name + ") AS name, sum(o.uj)::BIGINT AS uj" + from() +
                                  " GROUP BY 1 ORDER BY uj DESC, 1");
  if (!rows.ok()) return rows.status();
  std::vector<Part> out;
  for (const auto& row : *rows) out.push_back({row[0].text, row[1].text, whole_of(row[2])});
  return out;
}

Result<int64_t> Descent::sum() const {
  const auto rows = session_.rows(with_own_energy(reach_) + "SELECT sum(o.uj)::BIGINT" + from());
  if (!rows.ok()) return rows.status();
  return whole_of((*rows)[0][0]);
}

struct Leaf {
  std::string workflow_id;
  std::string activity;
  std::string task_id;
};

// The counter of the last step, against what the store says was counted while the task was open.
struct Readings {
  std::string hostname;
  std::string domain;
  TimeSpan open;
  std::optional<double> window_j;
  std::optional<double> counted_j;
  int64_t knots = 0;
  Json::List samples;
  std::string sensors;
};

class Path {
 public:
  Path(const Session& session, const EnergyScope& scope) : session_(session), scope_(scope) {}
  Status walk(const std::string& task);
  EnergyAnswer answer() const;

 private:
  Status go(Descent& descent, const std::string& level, const std::string& id,
            const std::string& name, const std::string& wanted);
  Status read_task(const std::string& id, Leaf* out) const;
  Status read_layers(const std::string& reach, const std::string& task, const std::string& domain);
  Status read_samples(const std::string& task, const std::string& domain);
  std::string json_path() const;

  const Session& session_;
  const EnergyScope& scope_;
  std::vector<Step> steps_;
  std::optional<Readings> readings_;
};

// One step further down: into the part `wanted`, else the largest.
Status Path::go(Descent& descent, const std::string& level, const std::string& id,
                const std::string& name, const std::string& wanted) {
  Result<std::vector<Part>> parts = descent.parts(id, name);
  if (!parts.ok()) return parts.status();
  Step& above = steps_.back();
  above.into = level;
  above.parts = static_cast<int64_t>(parts->size());
  for (const Part& one : *parts) above.sum_uj += one.uj;
  above.largest.assign(
      parts->begin(),
      parts->begin() + std::min<std::ptrdiff_t>(kNamedParts, parts->end() - parts->begin()));
  const auto chosen = std::find_if(parts->begin(), parts->end(), [&](const Part& one) {
    return wanted.empty() || one.id == wanted;
  });
  if (chosen == parts->end()) {
    return not_found("there is no energy of " + level + " " + wanted + " in " + scope_.of);
  }
  descent.narrow(id + " = " + store::sql_text(chosen->id));
  const Result<int64_t> sum = descent.sum();
  if (!sum.ok()) return sum.status();
  steps_.push_back({level, {chosen->id, chosen->name, *sum}, "", 0, 0, {}});
  return {};
}

Status Path::read_task(const std::string& id, Leaf* out) const {
  const auto rows = session_.rows(
      "SELECT workflow_id::VARCHAR, coalesce(activity, '') FROM task WHERE task_id = " +
      store::sql_text(id));
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return not_found("there is no task " + id);
  *out = {(*rows)[0][0].text, (*rows)[0][1].text, id};
  return {};
}

// Into the layer and phase that used most. Of several tasks together it is a step by itself.
Status Path::read_layers(const std::string& reach, const std::string& task,
                         const std::string& domain) {
  const Result<std::optional<LayerStep>> found = layer_step(session_, reach, task, domain);
  if (!found.ok()) return found.status();
  if (!*found) return {};
  const LayerStep& step = **found;
  if (step.tasks > 1) {
    const std::string name = counted(static_cast<uint64_t>(step.tasks), "task") + " of " +
                             step.activity + " in the same process";
    steps_.push_back({"alike", {step.activity, name, step.tasks_uj}, "", 0, 0, {}});
  }
  Step& above = steps_.back();
  above.into = "layer share";
  above.parts = static_cast<int64_t>(step.shares.size());
  for (const LayerShare& one : step.shares) {
    above.sum_uj += one.uj;
    if (above.largest.size() < kNamedParts) above.largest.push_back({one.name, one.name, one.uj});
  }
  const auto largest = std::find_if(step.shares.begin(), step.shares.end(),
                                    [](const auto& one) { return !one.resolution.empty(); });
  if (largest == step.shares.end()) return {};
  const std::string shown =
      largest->name + (largest->resolution == "resolved" ? "" : " (" + largest->resolution + ")");
  steps_.push_back({"layer", {largest->name, shown, largest->uj}, "", 0, 0, {}});
  return {};
}

Status Path::read_samples(const std::string& task, const std::string& domain) {
  const auto rows = session_.rows(
      "SELECT coalesce(t.hostname, ''), epoch_ns(t.started_at), epoch_ns(t.started_at) + "
      "round(t.duration_s * 1e9)::BIGINT, e.window_j FROM task t JOIN task_energy e ON e.task_id = "
      "t.task_id WHERE t.task_id = " +
      store::sql_text(task) + " AND e.domain = " + store::sql_text(domain));
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return {};
  const auto& row = rows->front();
  Readings out;
  out.hostname = row[0].text;
  out.domain = domain;
  if (row[1].is_null || row[2].is_null) return {};
  out.open = {std::stoll(row[1].text), std::stoll(row[2].text)};
  if (!row[3].is_null) out.window_j = row[3].real;
  const auto counters = node_counters(session_, scope_.asked());
  if (!counters.ok()) return counters.status();
  for (const energy::CountedDomain& one : *counters) {
    if (one.hostname != out.hostname || one.domain != domain) continue;
    out.counted_j = counted_uj(one.timeline, out.open) * 1e-6;
    for (const auto& knot : one.timeline.knots()) {
      out.knots += knot.at_ns > out.open.begin_ns && knot.at_ns < out.open.end_ns ? 1 : 0;
    }
  }
  // One reading before and one behind, so that the differences cover all of the task's time.
  const auto samples = session_.rows(
      "WITH s AS (SELECT d.name, epoch_ns(s.time) AS ns, s.value, s.sensor_id FROM sample s JOIN "
      "sensor d ON d.sensor_id = s.sensor_id WHERE d.quantity = 'hw.energy' AND d.domain = " +
      store::sql_text(domain) + " AND s.hostname = " + store::sql_text(out.hostname) +
      ") SELECT name, ns::VARCHAR, value, sensor_id FROM s WHERE ns BETWEEN coalesce((SELECT "
      "max(ns) FROM s WHERE ns <= " +
      std::to_string(out.open.begin_ns) + "), 0) AND coalesce((SELECT min(ns) FROM s WHERE ns >= " +
      std::to_string(out.open.end_ns) + "), 9e18::BIGINT) ORDER BY ns, sensor_id");
  if (!samples.ok()) return samples.status();
  for (const auto& one : *samples) {
    if (out.sensors.find(one[0].text) == std::string::npos) {
      out.sensors += (out.sensors.empty() ? "" : ", ") + one[0].text;
    }
    out.samples.emplace_back(Json::Map{{"sensor", one[0].text},
                                       {"time", utc_text(std::stoll(one[1].text))},
                                       {"value_j", one[2].is_null ? Json() : Json(one[2].real)}});
  }
  readings_ = std::move(out);
  return {};
}

Status Path::walk(const std::string& task) {
  Leaf leaf;
  if (!task.empty()) HEADRACE_RETURN_IF_ERROR(read_task(task, &leaf));
  const Result<std::string> reach = energy_reach(session_, scope_.asked());
  if (!reach.ok()) return reach.status();
  Descent descent(session_, *reach);
  descent.narrow(scope_.workflows("w.workflow"));
  const Result<int64_t> sum = descent.sum();
  if (!sum.ok()) return sum.status();
  const Thing* const thing = scope_.asked();
  const bool is_workflow = thing != nullptr && thing->kind == ThingKind::kWorkflow;
  steps_.push_back({thing == nullptr ? "everything" : std::string(name_of(thing->kind)),
                    {thing == nullptr ? "" : thing->id, thing == nullptr ? "" : thing->name, *sum},
                    "",
                    0,
                    0,
                    {}});
  const std::string task_id = store::quick_task_id_sql("p", "o.seq") + "::VARCHAR";
  if (!is_workflow) {
    HEADRACE_RETURN_IF_ERROR(go(descent, "workflow", "coalesce(w.workflow::VARCHAR, '')",
                                "coalesce(w.name, '')", leaf.workflow_id));
  }
  HEADRACE_RETURN_IF_ERROR(
      go(descent, "activity", "coalesce(a.name, '')", "coalesce(a.name, '')", leaf.activity));
  HEADRACE_RETURN_IF_ERROR(go(descent, "task", task_id, "coalesce(a.name, '')", leaf.task_id));
  HEADRACE_RETURN_IF_ERROR(go(descent, "domain", "o.domain", "o.domain", ""));
  const std::string in_task = steps_[steps_.size() - 2].part.id;
  const std::string in_domain = steps_.back().part.id;
  HEADRACE_RETURN_IF_ERROR(read_layers(*reach, in_task, in_domain));
  return read_samples(in_task, in_domain);
}

std::string Path::json_path() const {
  std::string out = "$";
  for (const Step& one : steps_) {
    if (one.level == "everything") continue;
    out += "." + one.level + "[" + json_quoted(one.part.id) + "]";
  }
  return out + ".samples";
}

EnergyAnswer Path::answer() const {
  AnswerTable rows({{"level", "step"},
                    {"name", "what"},
                    {"energy_j", "energy", ColumnKind::kReal, "J"},
                    {"of_above", "of the step above", ColumnKind::kText},
                    {"parts", "made of", ColumnKind::kText},
                    {"difference", "sum check"}});
  Json::List steps;
  int64_t above_uj = 0;
  for (const Step& one : steps_) {
    Json::List parts;
    for (const Part& part : one.largest) {
      parts.emplace_back(Json::Map{{"id", part.id}, {"name", part.name}, {"energy_uj", part.uj}});
    }
    Json::Map step = {{"level", one.level},
                      {"id", one.part.id},
                      {"name", one.part.name},
                      {"energy_uj", one.part.uj},
                      {"energy_j", joules_of_uj(one.part.uj)}};
    const std::string share =
        above_uj > 0 && one.level != "alike"
            ? number_text(100 * static_cast<double>(one.part.uj) / static_cast<double>(above_uj),
                          3) +
                  " %"
            : "";
    above_uj = one.part.uj;
    if (one.into.empty()) {
      steps.emplace_back(std::move(step));
      rows.add({one.level, one.part.name, joules_of_uj(one.part.uj), share, "", ""});
      continue;
    }
    const int64_t off_uj = one.part.uj - one.sum_uj;
    step.emplace_back("parts_are", one.into);
    step.emplace_back("parts", one.parts);
    step.emplace_back("parts_sum_uj", one.sum_uj);
    step.emplace_back("difference_uj", off_uj);
    step.emplace_back("largest", std::move(parts));
    steps.emplace_back(std::move(step));
    rows.add({one.level, one.part.name, joules_of_uj(one.part.uj), share,
              counted(static_cast<uint64_t>(one.parts), one.into),
              std::to_string(off_uj) + " uJ off"});
  }
  std::string text =
      "Down to the samples behind the energy of " + scope_.of + ":\n\n" + rows.text();
  Json samples;
  if (readings_) {
    const Readings& r = *readings_;
    const bool both = r.window_j && r.counted_j;
    const double off_j = both ? r.counted_j.value_or(0) - r.window_j.value_or(0) : 0;
    Json::List named(r.samples.begin(), r.samples.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                kNamedSamples, r.samples.size())));
    samples = Json::Map{{"hostname", r.hostname},
                        {"domain", r.domain},
                        {"sensors", r.sensors},
                        {"begin", utc_text(r.open.begin_ns)},
                        {"end", utc_text(r.open.end_ns)},
                        {"counted_j", json_or_null(r.counted_j)},
                        {"window_j", json_or_null(r.window_j)},
                        {"difference_j", both ? Json(off_j) : Json()},
                        {"refreshes", r.knots},
                        {"samples", static_cast<int64_t>(r.samples.size())},
                        {"first", std::move(named)}};
    text += "\nbehind it: " + counted(r.samples.size(), "sample") + " of " + r.sensors + " on " +
            r.hostname;
    if (r.counted_j) {
      text += "; the counter went up by " + si_text(*r.counted_j, "J") + " while the task was open";
    }
    if (both) {
      text += ", task_energy.window_j says " + si_text(r.window_j.value_or(0), "J") + ": " +
              number_text(off_j * 1e6, 3) + " uJ off";
    }
    text += "\n";
  }
  text += json_path() + "\n";
  return {Json::Map{{"of", scope_.of},
                    {"path", json_path()},
                    {"steps", std::move(steps)},
                    {"samples", std::move(samples)}},
          terminal_lines(text)};
}

}  // namespace

Result<EnergyAnswer> energy_path(const Session& session, const EnergyScope& scope,
                                 const EnergyQuestion& question) {
  std::string task = question.task;
  if (!task.empty()) {
    const Result<Thing> found = identify(session, task, {ThingKind::kTask}, "/");
    if (!found.ok()) return found.status();
    task = found->id;
  }
  Path path(session, scope);
  HEADRACE_RETURN_IF_ERROR(path.walk(task));
  return path.answer();
}

}  // namespace headrace::query
