#include "query/why_nodes.h"

#include <set>
#include <utility>

#include "query/domain_sum.h"
#include "query/task_rows.h"
#include "query/units.h"
#include "store/object_version.h"
#include "store/registry.h"
#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::query {
namespace {

using Facts = std::map<std::string, Json>;  // by id

std::string id_list(const std::set<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? "'" : ", '") + id + "'";
  return out.empty() ? "NULL" : out;
}

// The rows as maps of their columns, by the first one.
Status read(const Session& session, const std::string& sql, Facts* out) {
  Result<ResultTable> table = session.own_sql(sql);
  if (!table.ok()) return table.status();
  for (;;) {
    Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    for (size_t row = 0; row < table->rows(); ++row) {
      Json::Map map;
      for (size_t i = 0; i < table->columns().size(); ++i) {
        Json value = table->json(i, row);
        if (!value.is_null()) map.emplace_back(table->columns()[i].name, std::move(value));
      }
      (*out)[table->cell(0, row).text] = Json(std::move(map));
    }
  }
}

// The view `object` numbers the versions of every object; here only those of the same path.
Status read_objects(const Session& session, const std::set<std::string>& ids, Facts* out) {
  if (ids.empty()) return {};
  return read(
      session,
      "WITH chosen AS (SELECT * FROM object_row WHERE object IN (" + id_list(ids) +
          ")), v AS (SELECT o.object, " + store::kObjectVersion +
          " AS version FROM object_row o WHERE coalesce(o.path, o.name) IN "
          "(SELECT coalesce(path, name) FROM chosen)) "
          "SELECT o.object AS object_id, o.kind, o.name, o.path, v.version, o.size_bytes, "
          "o.sha256, make_timestamp_ns(o.created_ns) AS created_at, "
          "o.attributes::JSON AS attributes FROM chosen o LEFT JOIN v ON v.object = o.object",
      out);
}

Status read_energy(const Session& session, const std::string& condition, Facts* out) {
  Result<ResultTable> table = session.own_sql(
      "SELECT " + store::quick_task_id_sql("p", "e.seq") +
      " AS task_id, e.domain, e.attributed_j, e.u95_j, e.truth, e.method, coalesce(e.share_j, "
      "e.attributed_j) FROM task_energy_row e "
      "JOIN producer_row p ON p.producer = e.producer WHERE " +
      condition);
  if (!table.ok()) return table.status();
  std::map<std::string, std::vector<DomainEnergy>> domains;
  std::map<std::string, std::vector<DomainEnergy>> books;
  const auto number = [](const Cell& cell) {
    return cell.is_null ? std::nullopt : std::optional<double>(cell.real);
  };
  for (;;) {
    Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < table->rows(); ++row) {
      domains[table->cell(0, row).text].push_back(
          {table->cell(1, row).text, number(table->cell(2, row)), number(table->cell(3, row)),
           table->cell(4, row).text, table->cell(5, row).text});
      DomainEnergy& book =
          books[table->cell(0, row).text].emplace_back(domains[table->cell(0, row).text].back());
      book.attributed_j = number(table->cell(6, row));
    }
  }
  for (const auto& [id, list] : domains) {
    auto* map = (*out)[id].as<Json::Map>();
    if (map == nullptr) continue;
    // For sums: also of tasks whose own figure is withheld.
    const EnergySum book = sum_domains(books[id]);
    if (book.joules) {
      map->emplace_back("energy_share_j", *book.joules);
      map->emplace_back("energy_u95_j", book.u95_j.value_or(0));
    }
    const EnergySum sum = sum_domains(list);
    map->emplace_back("energy_truth", sum.truth);
    if (!sum.joules) continue;
    map->emplace_back("energy_j", *sum.joules);
    map->emplace_back("energy_method", sum.method);
  }
  return {};
}

Status read_tasks(const Session& session, const std::set<std::string>& ids, Facts* out) {
  if (ids.empty()) return {};
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  Result<TaskRows> rows = TaskRows::open(*connection);
  if (!rows.ok()) return rows.status();
  std::vector<Uuid> tasks;
  for (const std::string& id : ids) {
    if (const auto task = Uuid::parse(id)) tasks.push_back(*task);
  }
  store::TaskView view;
  view.columns = {"task_id", "activity",   "workflow_id", "campaign",   "parent_task_id",
                  "status",  "started_at", "ended_at",    "duration_s", "hostname",
                  "pid",     "rank",       "error"};
  view.used_json = true;
  view.generated_json = true;
  view.where = rows->are(tasks, "t");
  HEADRACE_RETURN_IF_ERROR(
      read(session, "SELECT * FROM (" + store::task_select_sql(*registry, view) + ") v", out));
  return read_energy(session, rows->are(tasks, "e"), out);
}

Status read_workflows(const Session& session, std::set<std::string> ids, Facts* out) {
  while (!ids.empty()) {
    Facts found;
    HEADRACE_RETURN_IF_ERROR(
        read(session,
             "SELECT workflow_id, name, campaign, parent_workflow_id, status, started_at, "
             "duration_s, used, generated, hostname, pid, command, exit_code, tags, note, "
             "attributes FROM workflow WHERE workflow_id IN (" +
                 id_list(ids) + ")",
             &found));
    ids.clear();
    for (auto& [id, facts] : found) {
      const std::string parent =
          facts["parent_workflow_id"].is_null() ? "" : facts["parent_workflow_id"].text();
      if (!parent.empty() && !out->contains(parent) && !found.contains(parent)) ids.insert(parent);
      out->emplace(id, std::move(facts));
    }
  }
  return {};
}

std::string label_of(NodeKind kind, const Json& facts) {
  switch (kind) {
    case NodeKind::kObject:
      return facts["name"].is_null() ? facts["path"].is_null() ? "object" : facts["path"].text()
                                     : facts["name"].text();
    case NodeKind::kTask: return facts["activity"].is_null() ? "task" : facts["activity"].text();
    case NodeKind::kWorkflow: return facts["name"].is_null() ? "workflow" : facts["name"].text();
  }
  return "";
}

}  // namespace

Result<NodeFacts> read_nodes(const Session& session, const Lineage& lineage) {
  std::set<std::string> ids[3];
  for (const LineageNode& node : lineage.nodes) {
    ids[static_cast<size_t>(node.kind)].insert(node.id.text());
  }
  Facts objects;
  NodeFacts out;
  Facts& tasks = out.tasks;
  HEADRACE_RETURN_IF_ERROR(read_objects(session, ids[0], &objects));
  for (std::set<std::string> more = ids[1]; !more.empty();) {
    HEADRACE_RETURN_IF_ERROR(read_tasks(session, more, &tasks));
    more.clear();
    for (const auto& [id, facts] : tasks) {
      const Json& parent = facts["parent_task_id"];
      if (!parent.is_null() && !tasks.contains(parent.text())) more.insert(parent.text());
    }
    // A parent that is not in the store must not be asked for again.
    for (const std::string& id : more) tasks[id] = Json(Json::Map{});
  }
  auto processes = read_processes(session, ids[1]);
  if (!processes.ok()) return processes.status();
  out.processes = std::move(*processes);
  std::set<std::string> workflows = ids[2];
  for (const auto& [id, facts] : tasks) {
    if (!facts["workflow_id"].is_null()) workflows.insert(facts["workflow_id"].text());
  }
  HEADRACE_RETURN_IF_ERROR(read_workflows(session, workflows, &out.workflows));
  for (auto& [id, facts] : tasks) {
    const auto workflow = out.workflows.find(facts["workflow_id"].text());
    if (workflow != out.workflows.end() && facts.as<Json::Map>() != nullptr) {
      facts.as<Json::Map>()->emplace_back("workflow", workflow->second["name"]);
    }
  }
  for (const LineageNode& node : lineage.nodes) {
    const std::string id = node.id.text();
    const Facts& all = node.kind == NodeKind::kObject ? objects
                       : node.kind == NodeKind::kTask ? tasks
                                                      : out.workflows;
    const auto found = all.find(id);
    Json facts = found == all.end() ? Json(Json::Map{}) : found->second;
    std::string label = label_of(node.kind, facts);
    out.nodes.push_back({node, std::move(label), std::move(facts)});
  }
  return out;
}

Json inherited_attribute(const NodeFacts& facts, const std::string& workflow_id,
                         const std::string& name) {
  std::string id = workflow_id;
  for (int steps = 0; steps < 32; ++steps) {
    const auto workflow = facts.workflows.find(id);
    if (workflow == facts.workflows.end()) break;
    const Json& value = workflow->second["attributes"][name];
    if (!value.is_null()) return value;
    if (workflow->second["parent_workflow_id"].is_null()) break;
    id = workflow->second["parent_workflow_id"].text();
  }
  return {};
}

}  // namespace headrace::query
