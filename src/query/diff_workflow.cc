#include "query/diff_workflow.h"

#include <set>
#include <utility>

#include "model/status.h"

namespace headrace::query {
namespace {

using store::sql_text;

constexpr const char* kColumns =
    "w.wf, w.workflow, w.parent, w.name, w.status, w.used, w.generated, w.end_ns - w.begin_ns, "
    "p.hostname, coalesce(w.attributes->>'$.command', p.facts->>'$.command'), w.attributes";

DiffWorkflow workflow_of(const store::Chunk& c, size_t row) {
  DiffWorkflow out;
  out.number = static_cast<uint32_t>(c.integer(0, row));
  out.id = c.uuid(1, row).text();
  if (!c.is_null(2, row)) out.parent = c.uuid(2, row).text();
  out.name = c.text(3, row);
  out.status = name_of(static_cast<TaskStatus>(c.integer(4, row)));
  out.used = c.text(5, row);
  out.generated = c.text(6, row);
  if (!c.is_null(7, row)) out.seconds = static_cast<double>(c.integer(7, row)) / 1e9;
  out.hostname = c.text(8, row);
  out.command = c.text(9, row);
  Result<Json> attributes = Json::parse(c.is_null(10, row) ? "{}" : c.text(10, row));
  if (attributes.ok()) out.attributes = std::move(*attributes);
  return out;
}

}  // namespace

Result<std::vector<DiffWorkflow>> read_workflows(const DiffSource& source,
                                                 const std::string& condition) {
  auto rows = source.connection.query(
      std::string("SELECT ") + kColumns +
      " FROM workflow_row w LEFT JOIN producer_row p ON p.producer = w.producer WHERE " +
      condition + " ORDER BY w.begin_ns");
  if (!rows.ok()) return rows.status();
  std::vector<DiffWorkflow> out;
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) {
      out.push_back(workflow_of(rows->chunk(), row));
    }
  }
  return out;
}

Result<std::unordered_map<std::string, DiffWorkflow>> with_those_around(
    const DiffSource& source, const std::vector<DiffWorkflow>& workflows) {
  std::unordered_map<std::string, DiffWorkflow> out;
  std::vector<DiffWorkflow> level = workflows;
  while (!level.empty()) {
    std::set<std::string> parents;
    for (DiffWorkflow& workflow : level) {
      if (!workflow.parent.empty()) parents.insert(workflow.parent);
      std::string id = workflow.id;
      out.emplace(std::move(id), std::move(workflow));
    }
    std::string list;
    for (const std::string& id : parents) {
      if (!out.contains(id)) list += (list.empty() ? "" : ", ") + sql_text(id);
    }
    level.clear();
    if (list.empty()) break;
    auto around = read_workflows(source, "w.workflow IN (" + list + ")");
    if (!around.ok()) return around.status();
    level = std::move(*around);
  }
  return out;
}

}  // namespace headrace::query
