#include "collect/copy.h"

#include <system_error>
#include <vector>

#include "store/activity_view.h"
#include "store/task_view.h"

namespace headrace::collect {
namespace {

// Task tables get columns as they need them (Writer::schema): gives the empty ones of `copy` those
// of the tables they are to be filled from, and the `task` view that reads them.
Status add_columns(const store::Connection& copy) {
  Result<store::QueryResult> rows = copy.query(
      "SELECT table_name, column_name, data_type FROM duckdb_columns() o "
      "SEMI JOIN duckdb_tables() t ON t.table_oid = o.table_oid AND t.database_oid = "
      "o.database_oid "
      "WHERE o.database_name = 'original' AND NOT EXISTS (FROM duckdb_columns() c WHERE "
      "c.database_name = current_database() AND c.table_name = o.table_name "
      "AND c.column_name = o.column_name) ORDER BY table_name, column_index");
  if (!rows.ok()) return rows.status();
  std::string added;
  int of_tasks = 0;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      if (c.text(0, r) == "task_slots") ++of_tasks;
      added += "ALTER TABLE " + store::sql_name(c.text(0, r)) + " ADD COLUMN " +
               store::sql_name(c.text(1, r)) + " " + std::string(c.text(2, r)) + ";\n";
    }
  }
  return added.empty() ? Status() : copy.run(added + store::stored_task_view_sql(of_tasks));
}

}  // namespace

Result<store::Store> copy_to_memory(const std::filesystem::path& file,
                                    const store::StoreOptions& options) {
  Result<store::Store> copy = store::Store::open_in_memory(options);
  std::error_code error;
  if (!copy.ok() || !std::filesystem::exists(file, error)) return copy;
  const store::Connection& c = copy->connection();
  HEADRACE_RETURN_IF_ERROR(
      c.run("ATTACH " + store::sql_text(file.string()) + " AS original (READ_ONLY)"));
  const Result<int64_t> same = c.integer(
      "SELECT count(*) FROM original.meta o JOIN meta m ON m.key = o.key AND m.value = o.value "
      "WHERE o.key = 'schema_version'");
  if (!same.ok()) return same.status();
  if (*same == 1) {
    Result<store::QueryResult> tables =
        c.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 'original'");
    if (!tables.ok()) return tables.status();
    std::vector<std::string> names;
    while (tables->next()) {
      for (size_t r = 0; r < tables->chunk().rows(); ++r) {
        names.emplace_back(tables->chunk().text(0, r));
      }
    }
    HEADRACE_RETURN_IF_ERROR(add_columns(c));
    HEADRACE_RETURN_IF_ERROR(c.run("DELETE FROM meta"));
    for (const std::string& name : names) {
      const std::string quoted = store::sql_name(name);
      HEADRACE_RETURN_IF_ERROR(
          c.run("INSERT INTO " + quoted + " SELECT * FROM original." + quoted));
    }
  } else {
    copy->add_note("the store has another schema version and was read anew from the segments");
  }
  HEADRACE_RETURN_IF_ERROR(c.run("DETACH original"));
  HEADRACE_RETURN_IF_ERROR(store::make_activity_views(c, {}));
  return copy;
}

}  // namespace headrace::collect
