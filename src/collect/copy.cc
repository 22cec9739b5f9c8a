#include "collect/copy.h"

#include <system_error>
#include <vector>

#include "store/activity_view.h"

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
    Result<store::QueryResult> tables =
        c.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 'original'");
    if (!tables.ok()) return tables.status();
    std::vector<std::string> names;
    while (tables->next()) {
      for (size_t r = 0; r < tables->chunk().rows(); ++r) {
        names.emplace_back(tables->chunk().text(0, r));
      }
    }
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
