#include "store/compact.h"

#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "store/texts.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

// A file, or the names in a folder, to the medium.
Status sync_to_disk(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot open " + path.string(), errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? Status() : io_error("cannot write " + path.string(), error);
}

// Its views are made by the next Store::open, the registry being there then.
Status fill(const Connection& connection, const fs::path& made) {
  const Result<std::string> own = connection.text("SELECT current_database()");
  if (!own.ok()) return own.status();
  HEADRACE_RETURN_IF_ERROR(connection.run("ATTACH " + sql_text(made.string()) + " AS compacted"));
  Status copied = copy_tables(connection, *own, "compacted");
  if (copied.ok()) {
    copied = connection.run(
        "DELETE FROM compacted.meta WHERE key = 'views'; UPDATE compacted.meta SET value = "
        "(SELECT value FROM meta WHERE key = 'revision') WHERE key = 'revision'");
  }
  const Status detached = connection.run("DETACH compacted");
  return copied.ok() ? detached : copied;
}

}  // namespace

void remove_store(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  fs::remove(file.string() + ".wal", error);
}

Status copy_tables(const Connection& connection, const std::string& from, const std::string& to) {
  const auto of = [](const std::string& database) {
    return " WHERE database_name = " + sql_text(database) + " AND table_name = 'task_slots'";
  };
  // Columns that keys have for themselves come with the first task that needs them.
  const Result<std::vector<std::string>> columns =
      texts(connection, "SELECT column_name || ' ' || data_type FROM duckdb_columns()" + of(from) +
                            " AND column_name NOT IN (SELECT column_name FROM duckdb_columns()" +
                            of(to) + ") ORDER BY column_index");
  if (!columns.ok()) return columns.status();
  const std::string target = sql_name(to) + ".";
  for (const std::string& column : *columns) {
    for (const char* table : {"task_slots", "open_task"}) {
      HEADRACE_RETURN_IF_ERROR(
          connection.run("ALTER TABLE " + target + table + " ADD COLUMN " + column));
    }
  }
  const Result<std::vector<std::string>> tables = texts(
      connection,
      "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary AND table_name "
      "<> 'meta' AND database_name = " +
          sql_text(from) + " ORDER BY table_name");
  if (!tables.ok()) return tables.status();
  for (const std::string& table : *tables) {
    const std::string to_table = target + sql_name(table);
    HEADRACE_RETURN_IF_ERROR(connection.run("DELETE FROM " + to_table + "; INSERT INTO " +
                                            to_table + " SELECT * FROM " + sql_name(from) + "." +
                                            sql_name(table)));
  }
  return {};
}

Status take_place(const fs::path& made, const fs::path& file) {
  HEADRACE_RETURN_IF_ERROR(sync_to_disk(made));
  std::error_code error;
  fs::remove(file.string() + ".wal", error);
  fs::rename(made, file, error);
  if (error) return io_error("cannot replace " + file.string(), error.value());
  return sync_to_disk(file.parent_path());
}

Result<Compacted> compact(Store store) {
  const fs::path file = store.file();
  const fs::path made = file.string() + ".compacted";
  const Status done = [&]() -> Status {
    HEADRACE_RETURN_IF_ERROR(store.connection().run("CHECKPOINT"));
    remove_store(made);
    // A new identity comes with it: what was computed from row numbers is computed again.
    HEADRACE_RETURN_IF_ERROR(Store::open(made, OpenMode::kReadWrite).status());
    HEADRACE_RETURN_IF_ERROR(fill(store.connection(), made));
    return Store::open(made, OpenMode::kReadWrite).status();
  }();
  Compacted out;
  std::error_code error;
  out.bytes_before = fs::file_size(file, error);
  out.bytes_after = fs::file_size(made, error);
  const Status placed = done.ok() ? take_place(made, file) : done;
  if (placed.ok()) return out;
  remove_store(made);
  return placed.with_context("cannot compact " + file.string() + " (it is as it was)");
}

}  // namespace headrace::store
