#include "store/store.h"

#include <optional>
#include <system_error>

#include "base/crc32c.h"
#include "store/activity_view.h"
#include "store/amendment.h"
#include "store/migration.h"
#include "store/schema.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

std::string views_mark() {
  return std::to_string(crc32c(views_sql(0) + captured_task_sql(0) + activity_view_pattern()));
}

// What a file says of itself.
struct FileMarks {
  bool has_meta = true;
  std::optional<int64_t> version;
  std::string views;
};

Result<FileMarks> read_marks(const Connection& connection) {
  Result<QueryResult> rows = connection.query(
      "SELECT key = 'views', value, TRY_CAST(value AS BIGINT) FROM meta "
      "WHERE key IN ('schema_version', 'views')");
  FileMarks marks;
  if (rows.status().code() == StatusCode::kInvalidArgument) {
    const Result<int64_t> tables = connection.integer(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta' AND NOT internal");
    if (!tables.ok()) return tables.status();
    marks.has_meta = *tables > 0;
    return marks;
  }
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const Chunk& chunk = rows->chunk();
    for (size_t r = 0; r < chunk.rows(); ++r) {
      if (chunk.boolean(0, r)) {
        marks.views = chunk.text(1, r);
      } else if (!chunk.is_null(2, r)) {
        marks.version = chunk.integer(2, r);
      }
    }
  }
  return marks;
}

// Views are made again whenever their text has changed, so that only tables need a version.
Status make_views(const Connection& connection) {
  const Result<FileMarks> marks = read_marks(connection);
  if (!marks.ok()) return marks.status();
  if (marks->views == views_mark()) return {};
  const Result<int64_t> exclusive =
      connection.integer("SELECT count(DISTINCT slot) FROM field WHERE exclusive");
  if (!exclusive.ok()) return exclusive.status();
  HEADRACE_RETURN_IF_ERROR(connection.run(views_sql(static_cast<int>(*exclusive)))
                               .with_context("cannot make the views"));
  HEADRACE_RETURN_IF_ERROR(make_activity_views(connection, {}));
  return connection.run(
      "DELETE FROM meta WHERE key = 'views'; INSERT INTO meta VALUES ('views', '" + views_mark() +
      "')");
}

Status create_schema(const Connection& connection, const fs::path& file) {
  Result<Transaction> transaction = Transaction::begin(connection);
  if (!transaction.ok()) return transaction.status();
  HEADRACE_RETURN_IF_ERROR(connection.run(schema_sql()).with_context("cannot make the schema"));
  HEADRACE_RETURN_IF_ERROR(make_views(connection));
  if (!file.empty()) HEADRACE_RETURN_IF_ERROR(load_amendments(connection, file));
  return transaction->commit();
}

fs::path log_of(const fs::path& file) { return file.string() + ".wal"; }

constexpr const char* kRebuild = "it is built again from the segments that are kept";

}  // namespace

Result<std::string> Store::move_aside(const fs::path& file, const Status& why) {
  std::error_code error;
  fs::path aside;
  for (int n = 1; n < 1000; ++n) {
    aside = file.string() + ".damaged-" + std::to_string(n);
    if (!fs::exists(aside, error)) break;
  }
  fs::rename(file, aside, error);
  if (error) {
    return Status(StatusCode::kIo, "the store " + file.string() +
                                       " is damaged and cannot be moved aside: " + error.message());
  }
  fs::rename(log_of(file), log_of(aside), error);
  return "the store was damaged and was moved to " + aside.filename().string() + "; " + kRebuild +
         " (" + why.message() + ")";
}

void Store::add_note(const std::string& sentence) {
  if (!note_.empty()) note_ += "; ";
  note_ += sentence;
}

Result<Store> Store::open_in_memory(const StoreOptions& options) {
  DatabaseOptions database_options;
  database_options.memory_limit = options.memory_limit;
  database_options.threads = options.threads;
  Result<Database> database = Database::open("", database_options);
  if (!database.ok()) return database.status();
  Result<Connection> connection = database->connect();
  if (!connection.ok()) return connection.status();
  HEADRACE_RETURN_IF_ERROR(create_schema(*connection, {}));
  return Store(std::move(*database), std::move(*connection), {}, OpenMode::kReadWrite);
}

// Whose schema the file has: makes it if there is none, migrates an older one.
Status Store::check_version() {
  const Result<FileMarks> marks = read_marks(connection_);
  if (!marks.ok()) return marks.status();
  if (!marks->has_meta) {
    if (mode_ == OpenMode::kReadOnly) return not_found("the store is empty");
    return create_schema(connection_, file_);
  }
  if (marks->version == kSchemaVersion) {
    if (mode_ == OpenMode::kReadWrite) return make_views(connection_);
    if (marks->views == views_mark()) return {};
    return unsupported("the store " + file_.string() +
                       " has the views of another version; a command that may write the folder "
                       "will bring it up to date");
  }
  const Result<int> version = stored_version(connection_, file_);
  if (!version.ok()) return version.status();
  const std::string found = "the store " + file_.string() + " has schema version " +
                            std::to_string(*version) + ", this program " +
                            std::to_string(kSchemaVersion);
  if (mode_ == OpenMode::kReadOnly) {
    return unsupported(found + "; a command that may write the folder will bring it up to date");
  }
  HEADRACE_RETURN_IF_ERROR(migrate(connection_, migrations(), *version, kSchemaVersion));
  return make_views(connection_);
}

Result<Store> Store::open(const fs::path& file, OpenMode mode, const StoreOptions& options) {
  std::error_code error;
  if (mode == OpenMode::kReadOnly && !fs::exists(file, error)) {
    return not_found("there is no store at " + file.string());
  }
  std::string note;
  for (int attempt = 0;; ++attempt) {
    Status failed;
    {
      Result<Database> database = open_waiting(file, mode, options);
      failed = database.status();
      if (database.ok()) {
        Result<Connection> connection = database->connect();
        if (!connection.ok()) return connection.status();
        Store store(std::move(*database), std::move(*connection), file, mode);
        failed = store.check_version();
        if (failed.ok()) {
          store.note_ = note;
          return store;
        }
      }
    }
    if (mode == OpenMode::kReadOnly || attempt > 0) return failed;
    if (failed.code() == StatusCode::kCorrupt) {
      const Result<std::string> aside = move_aside(file, failed);
      if (!aside.ok()) return aside.status();
      note = *aside;
    } else {
      return failed;
    }
  }
}

}  // namespace headrace::store
