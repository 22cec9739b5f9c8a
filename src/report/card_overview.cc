// 4. Workflow Overview: what ran, and what flowed from where to where.
#include <algorithm>
#include <utility>

#include "query/activity_graph.h"
#include "query/units.h"
#include "query/utf8.h"
#include "report/card_parts.h"

namespace headrace::report {
namespace {

constexpr size_t kWorkflows = 50;
constexpr size_t kStructures = 6;
constexpr size_t kActivities = 60;  // of a structure

std::string count_text(const query::Cell& cell) {
  return query::grouped(static_cast<uint64_t>(cell.is_null ? 0 : cell.real));
}

std::string not_shown(size_t all, size_t shown, const std::string& what,
                      const std::string& command) {
  if (all <= shown) return "";
  return "Shown are " + std::to_string(shown) + " of " + query::grouped(all) + " " + what + "; `" +
         command + "` lists all.\n\n";
}

Result<std::string> runs(const Scope& scope) {
  const auto states = scope.session->rows("SELECT status, count(*) FROM task WHERE " +
                                          scope.is_this() + " GROUP BY 1 ORDER BY 2 DESC, 1");
  if (!states.ok()) return states.status();
  MarkdownTable by_status({"Tasks", ">Count"});
  for (const Row& row : *states) by_status.row({row[0].text, count_text(row[1])});
  std::string out = "## 4. Workflow Overview\n\n### 4.1 Run Summary\n\n" + by_status.text();
  if (scope.is_workflow()) return out;
  const auto flows = scope.session->rows(
      "SELECT w.workflow_id, w.name, w.status, w.started_at::VARCHAR, w.duration_s, "
      "count(t.task_id), "
      "count(*) FILTER (t.status IN ('failed', 'lost')) FROM workflow w LEFT JOIN (SELECT "
      "workflow_id, "
      "task_id, status FROM task WHERE " +
      scope.is_this() + ") t ON t.workflow_id = w.workflow_id WHERE w." + scope.is_this() +
      " GROUP BY ALL ORDER BY 4, 1");
  if (!flows.ok()) return flows.status();
  MarkdownTable table(
      {"Workflow", "Id", "Status", "Started (UTC)", ">Time", ">Tasks", ">Failed", ">Energy"});
  for (size_t i = 0; i < flows->size() && i < kWorkflows; ++i) {
    const Row& row = (*flows)[i];
    const auto energy = scope.root_energy.find(row[0].text);
    const bool known = energy != scope.root_energy.end();
    table.row({markdown_text(row[1].text), markdown_code(row[0].text.substr(0, 8)), row[2].text,
               row[3].text.substr(0, 19), quantity_text(row[4], "s"), count_text(row[5]),
               count_text(row[6]),
               joules_text(known ? energy->second.joules : std::nullopt,
                           known ? energy->second.truth : "")});
  }
  return out + "#### Replicated Runs\n\n" + table.text() +
         not_shown(flows->size(), kWorkflows, "workflows", "headrace ls workflows");
}

std::string structure_of(const query::ActivityGraph& graph) {
  std::string out;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const query::GraphNode& node = graph.nodes[i];
    out += query::terminal_text(node.label) + " (" + query::grouped(node.tasks) + ")\n";
    for (const query::GraphEdge& edge : graph.edges) {
      if (edge.from != i) continue;
      const bool holds = edge.kind == query::FlowKind::kParent;
      out += std::string(holds ? "  holds " : "  -> ") +
             query::terminal_text(graph.nodes[edge.to].label);
      if (edge.count > 1) out += " x" + query::grouped(edge.count);
      if (!holds && !edge.name.empty()) out += "  by " + query::terminal_text(edge.name);
      out += edge.exact ? "\n" : "  (inferred)\n";
    }
  }
  return out;
}

Result<std::string> structure(const Scope& scope) {
  const auto flows =
      scope.session->rows("SELECT workflow_id, count(*) FROM task WHERE " + scope.is_this() +
                          " GROUP BY 1 ORDER BY min(started_at), 1");
  if (!flows.ok()) return flows.status();
  std::string out = "### 4.2 Workflow Structure\n\n";
  if (flows->empty()) return out + "No task ran.\n\n";
  for (size_t i = 0; i < flows->size() && i < kStructures; ++i) {
    const std::string& id = (*flows)[i][0].text;
    const auto graph = query::activity_graph(
        *scope.session, {.workflow = Uuid::parse(id).value_or(Uuid{}), .most_nodes = kActivities});
    if (!graph.ok()) return graph.status();
    if (!scope.is_workflow()) out += "**" + markdown_text(scope.workflow_names.at(id)) + "**\n\n";
    out += markdown_block(structure_of(*graph));
    out += not_shown(graph->nodes_total, graph->nodes.size(), "activities", "headrace ls tasks");
  }
  return out + not_shown(flows->size(), kStructures, "workflows", "headrace ls workflows");
}

}  // namespace

Result<std::string> card_overview(const CardSubject& subject) {
  Result<std::string> out = runs(*subject.scope);
  if (!out.ok()) return out;
  const Result<std::string> shape = structure(*subject.scope);
  if (!shape.ok()) return shape.status();
  *out += *shape;
  return out;
}

}  // namespace headrace::report
