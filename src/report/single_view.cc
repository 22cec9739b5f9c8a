#include "report/single_view.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "query/picture_json.h"
#include "report/html.h"
#include "report/scope.h"

namespace headrace::report {
namespace {

using query::Json;

constexpr size_t kMostBars = 10'000;
constexpr size_t kMostNodes = 500;
constexpr double kNsPerSecond = 1e9;

Json document(const char* view, const query::Thing& of, Json answer, const std::string& truth) {
  return Json::Map{
      {"format", "headrace.view"},
      {"version", int64_t{1}},
      {"view", view},
      {"of",
       Json::Map{{"kind", std::string(query::name_of(of.kind))}, {"id", of.id}, {"name", of.name}}},
      {"truth", truth.empty() ? Json() : Json(truth)},
      {"answer", std::move(answer)}};
}

std::string truth_of(const Scope& scope) {
  const auto all = scope.root_energy.find("");
  return all == scope.root_energy.end() ? "" : all->second.truth;
}

}  // namespace

Result<Json> timeline_view(const query::Session& session, const TimelineQuestion& question) {
  const Result<Scope> scope = find_scope(session, question.of);
  if (!scope.ok()) return scope.status();
  const auto lanes = query::read_task_lanes(session, &scope->of, !scope->root_energy.empty());
  if (!lanes.ok()) return lanes.status();
  const query::TaskLanes& all = **lanes;
  const auto at = [&all](double seconds) {
    return all.begin_ns + static_cast<int64_t>(seconds * kNsPerSecond);
  };
  query::WindowQuestion window{.from_ns = question.from_s ? at(*question.from_s) : all.begin_ns,
                               // Beyond the last task too, so that one that ends there is seen.
                               .to_ns = question.until_s ? at(*question.until_s) : all.end_ns + 1,
                               .width = std::max<size_t>(question.width, 1),
                               .lanes_from = 0,
                               .lanes = question.lanes};
  if (window.to_ns <= window.from_ns) {
    return invalid_argument("the window ends before it begins; seconds count from the start of " +
                            scope->of.name);
  }
  while (window.width > 1 && query::task_window(all, window).spans.size() > kMostBars) {
    window.width /= 2;
  }
  Json answer = query::timeline_json(all, window);
  answer.as<Json::Map>()->emplace_back("width", static_cast<int64_t>(window.width));
  return document("timeline", scope->of, std::move(answer), truth_of(*scope));
}

Result<Json> graph_view(const query::Session& session, const std::string& of,
                        query::GraphLevel level) {
  std::string wanted = of;
  if (wanted.empty()) {
    const auto rows = session.rows(
        "SELECT workflow_id FROM workflow ORDER BY started_at DESC NULLS LAST, 1 LIMIT 1");
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return not_found("no workflow was captured in " + session.root().string());
    wanted = "workflow:" + rows->at(0)[0].text;
  }
  std::error_code error;
  const auto workflow = query::identify(session, wanted, {query::ThingKind::kWorkflow},
                                        std::filesystem::current_path(error));
  if (!workflow.ok()) return workflow.status();
  const Result<Scope> scope = find_scope(session, "workflow:" + workflow->id);
  if (!scope.ok()) return scope.status();
  const auto graph =
      query::activity_graph(session, {.workflow = Uuid::parse(workflow->id).value_or(Uuid{}),
                                      .level = level,
                                      .most_nodes = kMostNodes});
  if (!graph.ok()) return graph.status();
  return document("graph", *workflow, query::activity_graph_json(*graph, level), truth_of(*scope));
}

std::string view_page(const Json& view) { return page_html(view.dump()); }

}  // namespace headrace::report
