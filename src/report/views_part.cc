#include "report/views_part.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "query/diff.h"
#include "query/energy_table.h"
#include "query/metric_curves.h"
#include "query/picture_json.h"
#include "query/table_json.h"
#include "report/packed_column.h"

namespace headrace::report {
namespace {

using query::Json;

constexpr size_t kGraphs = 12;
constexpr size_t kNodes = 200;  // of a graph
constexpr size_t kMetrics = 6;
constexpr size_t kPoints = 200;        // of a curve
constexpr size_t kCurvePoints = 8000;  // of a metric's curves together
constexpr size_t kBins = 200;          // of a rank's time
constexpr size_t kHeatCells = 20'000;
constexpr size_t kEnergyRows = 2000;
constexpr size_t kDiffLines = 2000;
constexpr int64_t kComparedTasks = 20'000;  // as many are compared without being asked to

Json left(size_t all, size_t shown) { return {static_cast<int64_t>(all - shown)}; }

// A graph for each of the workflows with most tasks.
Status add_graphs(const Scope& scope, Json::Map* out) {
  const auto rows = scope.session->rows(
      "SELECT w.workflow_id, w.name FROM workflow w JOIN (SELECT workflow_id, count(*) AS n FROM "
      "task "
      "WHERE " +
      scope.is_this() +
      " GROUP BY 1) t ON t.workflow_id = w.workflow_id ORDER BY t.n DESC, w.started_at, 1");
  if (!rows.ok()) return rows.status();
  Json::List graphs;
  for (const Row& row : *rows) {
    if (graphs.size() == kGraphs) break;
    const query::GraphQuestion question{.workflow = Uuid::parse(row[0].text).value_or(Uuid{}),
                                        .most_nodes = kNodes};
    const auto graph = query::activity_graph(*scope.session, question);
    if (!graph.ok()) return graph.status();
    Json one = query::activity_graph_json(*graph, question.level);
    Json::Map& map = *one.as<Json::Map>();
    map.insert(map.begin(), {{"workflow_id", row[0].text}, {"workflow", row[1].text}});
    graphs.push_back(std::move(one));
  }
  out->emplace_back("graphs_left", left(rows->size(), graphs.size()));
  out->emplace_back("graphs", std::move(graphs));
  return {};
}

// Of the runs only who they are: their mean and its band are drawn, from `groups`.
void keep_names(Json* curves) {
  for (auto& [name, value] : *curves->as<Json::Map>()) {
    if (name != "runs") continue;
    for (Json& run : *value.as<Json::List>()) {
      Json::Map& map = *run.as<Json::Map>();
      std::erase_if(map, [](const auto& member) {
        return member.first == "step" || member.first == "seconds" || member.first == "value";
      });
    }
  }
}

Status add_curves(const Scope& scope, Json::Map* out) {
  Json::List curves;
  Json missing;
  size_t metrics = 0;
  if (scope.campaign_id.empty()) {
    missing =
        "Curves are read from campaigns, and this workflow belongs to none; "
        "hr.campaign(NAME) makes one.";
  } else {
    query::MetricQuestion question{.campaign = scope.campaign_id,
                                   .workflow_id = scope.is_workflow() ? scope.of.id : "",
                                   .metric = "",
                                   .points = kPoints};
    std::vector<std::string> names = {""};  // the first says which others there are
    for (size_t i = 0; i < names.size() && i < kMetrics; ++i) {
      question.metric = names[i];
      Result<Json> found = query::metric_curves(*scope.session, question);
      if (!found.ok()) {
        if (found.status().code() != StatusCode::kNotFound) return found.status();
        missing = found.status().message();
        break;
      }
      const size_t groups = (*found)["groups"].as<Json::List>()->size();
      if (i == 0) {
        names = {(*found)["metric"].text()};
        for (const Json& name : *(*found)["metrics"].as<Json::List>()) {
          if (name.text() != names.front()) names.push_back(name.text());
        }
        metrics = names.size();
      }
      if (groups * question.points > kCurvePoints) {
        query::MetricQuestion fewer = question;
        fewer.points = std::max<size_t>(8, kCurvePoints / groups);
        found = query::metric_curves(*scope.session, fewer);
        if (!found.ok()) return found.status();
      }
      keep_names(&*found);
      // A workflow may have none of the campaign's curves.
      if (groups > 0) curves.push_back(std::move(*found));
    }
    if (curves.empty() && missing.is_null())
      missing = "Nothing was logged here; hr.log(loss=...) does.";
  }
  out->emplace_back("metrics_left", left(std::max(metrics, kMetrics), kMetrics));
  out->emplace_back("curves", std::move(curves));
  out->emplace_back("curves_missing", std::move(missing));
  return {};
}

Status add_ranks(const Scope& scope, Json::Map* out) {
  // Energy takes three times as long to read, and is drawn only where there is some.
  const bool has_energy = scope.root_energy.contains("");
  const auto lanes = query::read_task_lanes(*scope.session, &scope.of, has_energy);
  if (!lanes.ok()) return lanes.status();
  Json::List heats;
  size_t all = 0;
  size_t shown = 0;
  for (const query::HeatQuantity quantity :
       {query::HeatQuantity::kBusy, query::HeatQuantity::kTasks, query::HeatQuantity::kFailed,
        query::HeatQuantity::kPower}) {
    query::RankHeat heat = query::rank_heat(**lanes, quantity, kBins);
    if (heat.ranks.empty()) break;
    all = heat.ranks.size();
    const size_t bins = std::clamp<size_t>(kHeatCells / all, 20, kBins);
    if (bins < kBins) heat = query::rank_heat(**lanes, quantity, bins);
    shown = std::min(all, kHeatCells / bins);
    heat.ranks.resize(shown);
    heat.values.resize(shown * bins);
    const bool says_something =
        std::any_of(heat.values.begin(), heat.values.end(),
                    [](double value) { return std::isfinite(value) && value != 0; });
    if (!says_something && quantity != query::HeatQuantity::kBusy) continue;
    Json packed = pack_f32(heat.values);
    heat.values.clear();
    Json one = query::rank_heat_json(heat, quantity);
    one.as<Json::Map>()->back().second = std::move(packed);
    heats.push_back(std::move(one));
  }
  out->emplace_back("ranks_left", left(all, shown));
  out->emplace_back("ranks", std::move(heats));
  return {};
}

Status add_energy(const Scope& scope, Json::Map* out) {
  Result<query::EnergyTable> energy = query::energy_table(*scope.session, &scope.of);
  if (!energy.ok()) return energy.status();
  query::ResultTable parts = query::energy_parts(*energy);
  std::string text = "{";
  HEADRACE_RETURN_IF_ERROR(query::append_table_json(parts, kEnergyRows, std::nullopt, &text));
  Result<Json> table = Json::parse(text + "}");
  if (!table.ok()) return table.status();
  out->emplace_back("energy", std::move(*table));
  return {};
}

// The two of a scope that ran one thing twice; nothing where there are others or very many tasks.
Result<std::vector<std::string>> pair_of(const Scope& scope) {
  std::vector<std::string> out;
  if (scope.is_workflow()) return out;
  const auto rows = scope.session->rows(
      "SELECT workflow_id, name FROM workflow WHERE parent_workflow_id IS NULL AND " +
      scope.is_this() + " ORDER BY started_at, 1 LIMIT 3");
  if (!rows.ok()) return rows.status();
  if (rows->size() != 2 || rows->at(0)[1].text != rows->at(1)[1].text) return out;
  const auto tasks = scope.session->rows("SELECT count(*) FROM task WHERE " + scope.is_this());
  if (!tasks.ok()) return tasks.status();
  if (tasks->at(0)[0].real > static_cast<double>(kComparedTasks)) return out;
  for (const Row& row : *rows) out.push_back("workflow:" + row[0].text);
  return out;
}

Status add_diff(const Scope& scope, const std::string& against, Json::Map* out) {
  std::vector<std::string> pair;
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (against.empty()) {
    Result<std::vector<std::string>> found = pair_of(scope);
    if (!found.ok()) return found.status();
    pair = std::move(*found);
  } else {
    const std::string kind(query::name_of(scope.of.kind));
    const auto other = query::identify(*scope.session, against, {scope.of.kind}, here);
    if (!other.ok()) return other.status();
    pair = {kind + ":" + other->id, kind + ":" + scope.of.id};
  }
  Json diff;
  size_t all = 0;
  if (!pair.empty()) {
    const auto answer = query::diff(*scope.session, pair[0], pair[1], here, {});
    if (!answer.ok()) return answer.status();
    diff = query::diff_json(*answer, false);
    for (auto& [name, value] : *diff.as<Json::Map>()) {
      Json::List* lines = value.as<Json::List>();
      if (name != "lines" || lines == nullptr) continue;
      all = lines->size();
      lines->resize(std::min(all, kDiffLines));
    }
  }
  out->emplace_back("diff_lines_left", left(all, std::min(all, kDiffLines)));
  out->emplace_back("diff", std::move(diff));
  return {};
}

}  // namespace

Result<Json> views_json(const Scope& scope, const std::string& against) {
  Json::Map out;
  HEADRACE_RETURN_IF_ERROR(add_graphs(scope, &out));
  HEADRACE_RETURN_IF_ERROR(add_curves(scope, &out));
  HEADRACE_RETURN_IF_ERROR(add_ranks(scope, &out));
  HEADRACE_RETURN_IF_ERROR(add_energy(scope, &out));
  HEADRACE_RETURN_IF_ERROR(add_diff(scope, against, &out));
  return Json(std::move(out));
}

}  // namespace headrace::report
