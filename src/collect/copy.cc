#include "collect/copy.h"

#include <system_error>

#include "store/activity_view.h"
#include "store/compact.h"
#include "store/task_view.h"

namespace headrace::collect {

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
    HEADRACE_RETURN_IF_ERROR(store::copy_tables(c, "original", "memory"));
    HEADRACE_RETURN_IF_ERROR(
        c.run("DELETE FROM meta; INSERT INTO meta SELECT * FROM original.meta"));
    // Its text depends on the columns that keys have for themselves.
    const Result<int64_t> columns = c.integer(
        "SELECT count(*) FROM duckdb_columns() WHERE database_name = 'memory' AND table_name = "
        "'task_slots' AND starts_with(column_name, 'x')");
    if (!columns.ok()) return columns.status();
    HEADRACE_RETURN_IF_ERROR(c.run(store::stored_task_view_sql(static_cast<int>(*columns))));
  } else {
    copy->add_note("the store has another schema version and was read anew from the segments");
  }
  HEADRACE_RETURN_IF_ERROR(c.run("DETACH original"));
  HEADRACE_RETURN_IF_ERROR(store::make_activity_views(c, {}));
  return copy;
}

}  // namespace headrace::collect
