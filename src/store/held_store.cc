#include "store/held_store.h"

#include <system_error>
#include <utility>
#include <vector>

#include "store/migration.h"
#include "store/texts.h"

namespace headrace::store {
namespace fs = std::filesystem;

Result<HeldStore> HeldStore::open(const fs::path& file, const StoreOptions& options,
                                  OpenMode mode) {
  std::error_code error;
  if (!fs::exists(file, error)) return not_found("there is no store at " + file.string());
  const Result<Database> database = open_waiting(file, mode, options);
  if (!database.ok()) return database.status();
  Result<Connection> connection = database->connect();
  if (!connection.ok()) return connection.status();
  HeldStore out(file, std::move(*connection));
  const Result<int> version = stored_version(out.connection_, file);
  if (!version.ok()) return version.status();
  out.schema_version_ = *version;
  if (mode == OpenMode::kReadWrite) HEADRACE_RETURN_IF_ERROR(out.connection_.run("CHECKPOINT"));
  return out;
}

Result<std::map<std::string, int64_t>> HeldStore::row_counts() const {
  const Result<std::vector<std::string>> tables = texts(
      connection_, "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary");
  if (!tables.ok()) return tables.status();
  std::map<std::string, int64_t> out;
  for (const std::string& table : *tables) {
    const Result<int64_t> n = connection_.integer("SELECT count(*) FROM " + sql_name(table));
    if (!n.ok()) return n.status();
    out[table] = *n;
  }
  return out;
}

Result<std::vector<std::string>> HeldStore::folded_segments() const {
  return texts(connection_, "SELECT name FROM segment");
}

// The lock is this process's: it goes with the first of its descriptors of the file that is closed,
// so the file itself comes last.
Status HeldStore::copy_to(const fs::path& to) && {
  const std::pair<std::string, std::string> files[] = {
      {file_.string() + ".wal", to.string() + ".wal"}, {file_.string(), to.string()}};
  for (const auto& [from, copy] : files) {
    std::error_code error;
    if (from.ends_with(".wal") && !fs::exists(from, error)) continue;
    fs::copy_file(from, copy, error);
    if (error) return io_error("cannot copy " + from + " to " + copy, error.value());
  }
  return {};
}

}  // namespace headrace::store
