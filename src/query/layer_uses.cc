#include "query/layer_uses.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "query/answer_table.h"
#include "query/emulated_domains.h"
#include "query/units.h"

namespace headrace::query {
namespace {

// Where tasks ran layers: producer, workflow and activity, the store's numbers.
using Place = std::tuple<int64_t, int64_t, int64_t>;

constexpr double kNearlyAll = 0.999;

struct PlaceWork {
  int64_t tasks = 0;
  std::array<int64_t, 3> telling{};
  std::array<double, 3> sum{};
  // "layer|phase" -> operations, where `flops` is a map; and how many tasks say it.
  std::map<std::string, std::pair<double, int64_t>> layer_flops;
};
using Works = std::map<Place, PlaceWork>;

// Of one layer and phase on a kind of device, while it is added up.
struct Adding {
  std::map<Place, std::pair<int64_t, double>> ran;  // calls and time, the same in all its domains
  LayerUse use;
  double sensor_j = 0;
  double split_j2 = 0;
};
using Key = std::tuple<std::string, std::string, std::string, std::string>;

std::string kind_of(const std::string& domain) {
  const size_t dash = domain.find_last_not_of("0123456789");
  const bool numbered = dash != std::string::npos && dash + 1 < domain.size();
  return numbered && domain[dash] == '-' ? domain.substr(0, dash) : domain;
}

void add_row(const std::vector<Cell>& row, const EmulatedDomains& emulated, Adding* to) {
  const std::string& domain = row[6].text;
  auto& [calls, time_s] = to->ran[{whole_of(row[0]), whole_of(row[1]), whole_of(row[2])}];
  calls = std::max(calls, whole_of(row[7]));
  time_s = std::max(time_s, row[8].real);
  LayerUse& use = to->use;
  use.share_uj += whole_of(row[9]);
  use.truth = joint_truth(use.truth, emulated.shown(domain, row[14].text));
  if (row[12].text != "resolved") {
    use.reason = row[13].is_null ? row[12].text : row[13].text;
  } else if (row[15].real < kNearlyAll) {
    use.reason = "counted " + number_text(100 * row[15].real, 3) + " % of its time";
  }
  const double split_j = row[11].is_null ? 0 : row[11].real;
  const double u95_j = row[10].is_null ? 0 : row[10].real;
  to->sensor_j += std::sqrt(std::max(0.0, u95_j * u95_j - split_j * split_j));
  to->split_j2 += split_j * split_j;
}

// What a value `name` of a task says, as JSON.
std::string told(const std::string& name) {
  return "coalesce(t.generated->'$." + name + "', t.used->'$." + name + "')";
}
std::string number(const std::string& name) {
  return "TRY_CAST(" + told(name) + " ->> '$' AS DOUBLE)";
}

// The tasks of the activities that ran layers.
constexpr const char* kTasks =
    " FROM task t JOIN producer_row p ON p.prefix = left(replace(t.task_id::VARCHAR, '-', ''), 16) "
    "JOIN workflow_row w ON w.workflow = t.workflow_id AND w.wf IN (SELECT wf FROM "
    "layer_energy_row) "
    "JOIN activity_row a ON a.name = t.activity WHERE (p.producer, w.wf, a.activity) IN (SELECT "
    "(producer, wf, activity) FROM layer_energy_row) AND ";

Result<Works> read_works(const Session& session, const EnergyScope& scope) {
  Works out;
  std::string columns;
  for (const char* const name : kWorkNames) {
    columns += ", count(" + number(name) + "), coalesce(sum(" + number(name) + "), 0)";
  }
  const std::string of = kTasks + scope.workflows("w.workflow");
  const auto sums = session.rows("SELECT p.producer, w.wf, a.activity, count(*)" + columns + of +
                                 " GROUP BY 1, 2, 3");
  if (!sums.ok()) return sums.status();
  for (const auto& row : *sums) {
    PlaceWork& work = out[{whole_of(row[0]), whole_of(row[1]), whole_of(row[2])}];
    work.tasks = whole_of(row[3]);
    for (size_t i = 0; i < kWorkNames.size(); ++i) {
      work.telling[i] = whole_of(row[4 + 2 * i]);
      work.sum[i] = row[5 + 2 * i].real;
    }
  }
  const std::string flops = told("flops");
  const auto maps = session.rows(
      "SELECT producer, wf, activity, key, sum(TRY_CAST(json_extract_string(f, '$.\"' || key || "
      "'\"') AS DOUBLE)), count(*) FROM (SELECT p.producer, w.wf, a.activity, " +
      flops + " AS f, unnest(json_keys(" + flops + ")) AS key" + of + " AND json_type(" + flops +
      ") = 'OBJECT') WHERE NOT contains(key, '\"') GROUP BY 1, 2, 3, 4");
  if (!maps.ok()) return maps.status();
  for (const auto& row : *maps) {
    if (row[4].is_null) continue;
    out[{whole_of(row[0]), whole_of(row[1]), whole_of(row[2])}].layer_flops[row[3].text] = {
        row[4].real, whole_of(row[5])};
  }
  return out;
}

// What all tasks at `places` did, or that some do not say it.
WorkDone sum_of(const Works& works, const std::set<Place>& places, Work what,
                const std::string& layer_and_phase = "") {
  const auto index = static_cast<size_t>(what);
  int64_t tasks = 0;
  int64_t telling = 0;
  double sum = 0;
  for (const Place& place : places) {
    const auto at = works.find(place);
    if (at == works.end()) continue;
    tasks += at->second.tasks;
    if (layer_and_phase.empty()) {
      telling += at->second.telling[index];
      sum += at->second.sum[index];
      continue;
    }
    const auto layer = at->second.layer_flops.find(layer_and_phase);
    if (layer == at->second.layer_flops.end()) continue;
    sum += layer->second.first;
    telling += layer->second.second;
  }
  const std::string name = std::string(kWorkNames[index]) +
                           (layer_and_phase.empty() ? "" : "[\"" + layer_and_phase + "\"]");
  if (tasks == 0) return {std::nullopt, "its tasks are not in the record"};
  if (telling == 0) return {std::nullopt, "no task used or generated " + name};
  if (telling < tasks) {
    return {std::nullopt, counted(static_cast<uint64_t>(tasks - telling), "task") + " of " +
                              std::to_string(tasks) + " without " + name};
  }
  if (!(sum > 0)) return {std::nullopt, name + " is 0"};
  return {sum, ""};
}

WorkDone flops_of_layers(const Works& works, const std::set<Place>& places, const WorkDone& none) {
  double sum = 0;
  for (const Place& place : places) {
    const auto at = works.find(place);
    if (at == works.end()) continue;
    for (const auto& [layer, flops] : at->second.layer_flops) {
      if (flops.second < at->second.tasks) return none;
      sum += flops.first;
    }
  }
  return sum > 0 ? WorkDone{sum, ""} : none;
}

}  // namespace

std::optional<double> LayerUse::joules_per(Work what) const {
  const std::optional<double>& amount = work[static_cast<size_t>(what)].amount;
  if (!energy_j || !amount) return std::nullopt;
  return *energy_j / *amount;
}

std::optional<double> LayerUse::joules_per_call() const {
  if (!energy_j || calls == 0) return std::nullopt;
  return *energy_j / static_cast<double>(calls);
}

Result<LayerUses> layer_uses(const Session& session, const EnergyScope& scope) {
  const auto rows = session.rows(
      "SELECT e.producer, coalesce(e.wf, 0), coalesce(e.activity, 0), e.model, e.layer, e.phase, "
      "e.domain, e.calls, e.time_s, e.share_uj, e.u95_j, e.split_u95_j, e.resolution, e.reason, "
      "e.truth, coalesce(e.coverage, 1) FROM layer_energy_row e LEFT JOIN workflow_row w ON w.wf = "
      "e.wf WHERE e.layer IS NOT NULL AND " +
      scope.workflows("w.workflow"));
  if (!rows.ok()) return rows.status();
  LayerUses out;
  if (rows->empty()) return out;
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session);
  if (!emulated.ok()) return emulated.status();
  const Result<Works> works = read_works(session, scope);
  if (!works.ok()) return works.status();
  std::map<Key, Adding> adding;
  for (const auto& row : *rows) {
    add_row(row, *emulated, &adding[{row[3].text, row[4].text, row[5].text, kind_of(row[6].text)}]);
  }
  std::map<std::tuple<std::string, std::string>, std::set<Place>> ran;
  for (auto& [key, one] : adding) {
    const auto& [model, layer, phase, device] = key;
    LayerUse& use = one.use;
    std::set<Place> places;
    for (const auto& [place, calls_and_time] : one.ran) {
      places.insert(place);
      use.calls += calls_and_time.first;
      use.time_s += calls_and_time.second;
    }
    if (use.reason.empty()) use.energy_j = joules_of_uj(use.share_uj);
    use.u95_j = std::sqrt(one.sensor_j * one.sensor_j + one.split_j2);
    use.work[0] = sum_of(*works, places, Work::kTokens);
    use.work[1] = sum_of(*works, places, Work::kSamples);
    use.work[2] = sum_of(*works, places, Work::kFlops, layer + "|" + phase);
    ModelUse& whole = out.models[{model, device}];
    whole.layers_uj += use.share_uj;
    whole.truth = joint_truth(whole.truth, use.truth);
    ran[{model, device}].insert(places.begin(), places.end());
    out.layers.emplace(key, std::move(use));
  }
  for (auto& [key, whole] : out.models) {
    for (size_t i = 0; i < kWorkNames.size(); ++i) {
      whole.work[i] = sum_of(*works, ran[key], static_cast<Work>(i));
    }
    // Told by layer, they are the model's.
    WorkDone& flops = whole.work[static_cast<size_t>(Work::kFlops)];
    if (!flops.amount) flops = flops_of_layers(*works, ran[key], flops);
  }
  return out;
}

}  // namespace headrace::query
