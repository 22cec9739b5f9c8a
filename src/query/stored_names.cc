#include "query/stored_names.h"

#include <set>

#include "query/filter_sql.h"

namespace headrace::query {
namespace {

Result<std::vector<std::string>> first_column(const Session& session, const std::string& sql) {
  const auto rows = session.rows(sql);
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  for (const auto& row : *rows) {
    if (!row[0].is_null) out.push_back(row[0].text);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> stored_keys(const Session& session, FilterView view,
                                             const FilterField& field) {
  if (view == FilterView::kTask) {
    Result<store::Connection> connection = session.connect();
    if (!connection.ok()) return connection.status();
    const Result<store::Registry> registry = store::Registry::load(*connection);
    if (!registry.ok()) return registry.status();
    const Role role = role_of(field.name);
    std::vector<std::string> out;
    for (const auto& [key, places] : registry->keys(role)) out.push_back(key);
    return out;
  }
  if (field.kind != FieldKind::kValues && field.kind != FieldKind::kTags) {
    return std::vector<std::string>{};
  }
  const std::string column = store::sql_name(field.column);
  return first_column(session, "SELECT DISTINCT unnest(json_keys(" + column + ")) AS k FROM " +
                                   std::string(name_of(view)) + " WHERE " + column +
                                   " IS NOT NULL ORDER BY k");
}

Result<std::vector<std::string>> stored_values(const Session& session, FilterView view,
                                               const FilterField& field, size_t limit) {
  if (field.kind == FieldKind::kStatus) return status_names();
  if (field.kind != FieldKind::kText) return std::vector<std::string>{};
  const std::string end = " ORDER BY 1 LIMIT " + std::to_string(limit);
  if (field.name == "campaign") {
    return first_column(session, "SELECT DISTINCT name FROM campaign" + end);
  }
  if (field.name == "hostname") {
    return first_column(session, "SELECT DISTINCT hostname FROM producer" + end);
  }
  if (view == FilterView::kTask) {
    if (field.name == "activity") {
      Result<store::Connection> connection = session.connect();
      if (!connection.ok()) return connection.status();
      const Result<store::Registry> registry = store::Registry::load(*connection);
      if (!registry.ok()) return registry.status();
      std::set<std::string> names;
      for (const store::Activity& activity : registry->activities()) names.insert(activity.name);
      return std::vector<std::string>(names.begin(), names.end());
    }
    if (field.name == "workflow") {
      return first_column(session, "SELECT DISTINCT name FROM workflow" + end);
    }
    return std::vector<std::string>{};
  }
  if (field.name == "error" || field.name == "note" || field.name == "command") {
    return std::vector<std::string>{};
  }
  return first_column(session, "SELECT DISTINCT " + store::sql_name(field.column) + " FROM " +
                                   std::string(name_of(view)) + end);
}

Result<std::vector<std::string>> stored_texts(const Session& session, FilterView view,
                                              const std::vector<std::string>& path, size_t limit) {
  if (view != FilterView::kTask) return std::vector<std::string>{};
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  FilterSql sql(view, *registry, 0);
  const Result<std::string> column = sql.column(path);
  if (!column.ok()) return column.status();
  Result<ResultTable> rows = session.sql(
      "SELECT v FROM (SELECT " + *column +
          " AS v FROM task LIMIT 200000) WHERE v IS NOT NULL AND "
          "typeof(v) IN ('VARCHAR', 'BOOLEAN') GROUP BY v ORDER BY count(*) DESC, v LIMIT " +
          std::to_string(limit),
      &sql.task_view(), *registry);
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  for (;;) {
    const Result<bool> more = rows->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t i = 0; i < rows->rows(); ++i) out.push_back(rows->cell(0, i).text);
  }
}

}  // namespace headrace::query
