#include "exchange/sqlite_file.h"

#include <sqlite3.h>
#include <system_error>

namespace headrace::exchange {
namespace {

constexpr int kWait_ms = 10'000;

// As a URI names it: what has a meaning there, escaped.
std::string uri_of(const std::filesystem::path& path, const char* options) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "file:";
  for (const char c : path.string()) {
    if (c == '%' || c == '?' || c == '#') {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 15U];
    } else {
      out += c;
    }
  }
  return out + options;
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

bool SqliteRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::string SqliteRow::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return text == nullptr ? std::string() : std::string(text, size);
}
std::optional<int64_t> SqliteRow::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

int64_t SqliteRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double SqliteRow::real(int column) const { return sqlite3_column_double(statement_, column); }

void SqliteFile::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Status SqliteFile::failed(int code) const {
  const std::string what = path_.string() + ": " + sqlite3_errmsg(database_.get());
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(what + ": another program holds it; try again when it does not");
    case SQLITE_NOTADB: return invalid_argument(what + ": it is no SQLite database");
    case SQLITE_CORRUPT: return corrupt(what);
    case SQLITE_ERROR: return invalid_argument(what);
    default: return {StatusCode::kIo, what};
  }
}

Result<SqliteFile> SqliteFile::open(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return not_found("there is no file " + path.string());
  }
  // A database in WAL mode cannot be read where its index cannot be made, in a folder that is only
  // readable; without a log beside it nobody writes it and none is needed.
  for (const char* options : {"?mode=ro", "?mode=ro&immutable=1"}) {
    sqlite3* database = nullptr;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    int code = sqlite3_open_v2(uri_of(path, options).c_str(), &database, flags, nullptr);
    SqliteFile file(path, database);
    if (code == SQLITE_OK) {
      sqlite3_busy_timeout(database, kWait_ms);
      code =
          sqlite3_exec(database, "SELECT count(*) FROM sqlite_master", nullptr, nullptr, nullptr);
    }
    if (code == SQLITE_OK) return file;
    const bool has_log = std::filesystem::exists(path.string() + "-wal", error);
    if ((code & 0xFF) != SQLITE_CANTOPEN || has_log) return file.failed(code);
  }
  return Status(StatusCode::kIo, path.string() + " cannot be opened");
}

Status SqliteFile::each(const std::string& sql, const Bound& bound,
                        const std::function<void(const SqliteRow&)>& row) const {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
  if (code != SQLITE_OK) return failed(code);
  for (size_t i = 0; i < bound.size(); ++i) {
    sqlite3_bind_text(raw, static_cast<int>(i + 1), bound[i].data(),
                      static_cast<int>(bound[i].size()), SQLITE_STATIC);
  }
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) row(SqliteRow(raw));
  return code == SQLITE_DONE ? ok_status() : failed(code);
}

Result<std::vector<std::string>> SqliteFile::columns(const std::string& table) const {
  std::vector<std::string> out;
  const Status read = each("SELECT name FROM pragma_table_info(?)", {table},
                           [&out](const SqliteRow& row) { out.push_back(row.text(0)); });
  if (!read.ok()) return read;
  return out;
}

Result<int64_t> SqliteFile::version() const {
  int64_t out = 0;
  const Status read =
      each("PRAGMA data_version", {}, [&out](const SqliteRow& row) { out = row.integer(0); });
  if (!read.ok()) return read;
  return out;
}

Status SqliteFile::begin_snapshot() const {
  const int code = sqlite3_exec(database_.get(), "BEGIN", nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? ok_status() : failed(code);
}
void SqliteFile::end_snapshot() const {
  static_cast<void>(sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr));
}

}  // namespace headrace::exchange
