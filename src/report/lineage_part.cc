#include "report/lineage_part.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "query/identify.h"
#include "query/units.h"
#include "query/why.h"

namespace headrace::report {
namespace {

using query::Json;
using query::NodeKind;
using store::sql_text;

struct Wanted {
  std::string id;
  std::string missing;  // why there is none
};

// Models before anything else, the newest first.
std::string preferred_sql(const std::string& objects) {
  return "SELECT object_id FROM object WHERE object_id IN (" + objects +
         ") ORDER BY kind IN ('model', 'checkpoint') DESC, kind = 'pipe', created_at DESC, "
         "object_id LIMIT 1";
}

Result<Wanted> wanted_object(const Scope& scope, const std::string& object,
                             const std::optional<std::string>& best_task) {
  if (!object.empty()) {
    std::error_code error;
    const Result<query::Thing> thing = query::identify(
        *scope.session, object, {query::ThingKind::kObject}, std::filesystem::current_path(error));
    if (!thing.ok()) return thing.status();
    return Wanted{thing->id, {}};
  }
  const std::string members = "SELECT task_id FROM task WHERE " + scope.is_this() +
                              " UNION ALL SELECT workflow_id FROM workflow WHERE " +
                              scope.is_this();
  const std::string makers = best_task ? sql_text(*best_task) : members;
  const auto rows = scope.session->rows(preferred_sql(
      "SELECT to_id FROM edge WHERE relation = 'generated' AND from_id IN (" + makers + ")"));
  if (!rows.ok()) return rows.status();
  if (!rows->empty()) return Wanted{rows->at(0)[0].text, {}};
  return Wanted{
      {},
      best_task
          ? "The best configuration's task generated no object. A task says what it made with "
            "task.generated(model=hr.object(path, kind=\"model\")); --object NAME shows another's "
            "lineage."
          : "No task of the campaign generated an object. A task says what it made with "
            "task.generated(model=hr.object(path, kind=\"model\"))."};
}

// Name and value for the page's inspector.
class Detail {
 public:
  void add(const std::string& name, const Json& value) {
    if (!value.is_null()) add_text(name, value.text());
  }
  void add_text(const std::string& name, const std::string& text) {
    if (!text.empty()) list_.emplace_back(Json::List{Json(name), Json(text)});
  }
  Json take() { return std::move(list_); }

 private:
  Json::List list_;
};

Json object_detail(const Json& facts) {
  Detail detail;
  detail.add("path", facts["path"]);
  detail.add("version", facts["version"]);
  if (const auto size = facts["size_bytes"].number()) {
    detail.add_text("size", query::bytes_text(*size));
  }
  if (!facts["sha256"].is_null()) detail.add_text("sha256", facts["sha256"].text().substr(0, 16));
  return detail.take();
}

Json work_detail(const Json& facts, const ObjectNames& names) {
  Detail detail;
  detail.add("status", facts["status"]);
  if (const auto seconds = facts["duration_s"].number()) {
    detail.add_text("duration", query::duration_text(*seconds));
  }
  if (const auto joules = facts["energy_j"].number()) {
    const bool measured = facts["energy_truth"].text() == "measured";
    detail.add_text("energy", (measured ? "" : "≈ ") + query::si_text(*joules, "J"));
  }
  for (const auto& [role, sign] : {std::pair{"used", "→ "}, std::pair{"generated", "← "}}) {
    const Result<Json> values = Json::parse(with_object_names(facts[role].dump(), names));
    if (!values.ok() || values->as<Json::Map>() == nullptr) continue;
    for (const auto& [name, value] : *values->as<Json::Map>()) detail.add(sign + name, value);
  }
  return detail.take();
}

Json node_json(const query::WhyNode& node, const ObjectNames& names) {
  const std::string kind(query::name_of(node.node.kind));
  const bool is_object = node.node.kind == NodeKind::kObject;
  const Json& own = node.facts[is_object ? "kind" : "activity"];
  const Json& workflow =
      node.node.kind == NodeKind::kWorkflow ? node.facts["name"] : node.facts["workflow"];
  return Json::Map{
      {"id", node.node.id.text()},
      {"kind", kind},
      {"type", is_object && !own.is_null() ? own.text() : kind},
      // The graph has little room: a task by its activity, its values on demand.
      {"label", is_object || own.is_null() ? node.label : own.text()},
      {"workflow", is_object ? Json() : workflow},
      {"detail", is_object ? object_detail(node.facts) : work_detail(node.facts, names)}};
}

Json why_json_of(const query::Why& why, const ObjectNames& names) {
  Json::List nodes;
  for (const query::WhyNode& node : why.nodes) nodes.push_back(node_json(node, names));
  Json::List edges;
  for (const query::LineageEdge& edge : why.edges) {
    edges.emplace_back(Json::Map{{"from", why.nodes[edge.from].node.id.text()},
                                 {"to", why.nodes[edge.to].node.id.text()},
                                 {"relation", edge.relation},
                                 {"name", edge.name.empty() ? Json() : Json(edge.name)},
                                 {"exact", edge.exact}});
  }
  Json::List lines;
  for (const query::WhyLine& line : why.lines) {
    lines.emplace_back(Json::Map{{"label", line.label}, {"text", line.text}});
  }
  return Json::Map{{"object_id", why.nodes.at(0).node.id.text()},
                   {"name", why.nodes.at(0).label},
                   {"nodes", std::move(nodes)},
                   {"edges", std::move(edges)},
                   {"lines", std::move(lines)}};
}

}  // namespace

Result<LineagePart> lineage_part(const Scope& scope, const std::string& object,
                                 const std::optional<std::string>& best_task) {
  const Result<Wanted> wanted = wanted_object(scope, object, best_task);
  if (!wanted.ok()) return wanted.status();
  LineagePart part;
  if (wanted->id.empty()) {
    part.missing = wanted->missing;
    return part;
  }
  std::error_code error;
  const Result<query::Why> why =
      query::explain(*scope.session, wanted->id, std::filesystem::current_path(error));
  if (!why.ok()) return why.status();
  part.object_id = wanted->id;
  part.json = why_json_of(*why, scope.object_names);
  return part;
}

}  // namespace headrace::report
