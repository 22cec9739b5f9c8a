// A SQLite database of another program, only read, also while that program writes it.
//
//   Result<SqliteFile> file = SqliteFile::open("mlflow.db");
//   file->each("SELECT key, value FROM params WHERE run_uuid = ?", {run}, [](const SqliteRow& row)
//   {
//     use(row.text(0), row.real(1));
//   });
//
// Holds a lock only within each() and a Snapshot: while it does, another program's commit waits, so
// keep both short. The one place that knows SQLite. Not shared by threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace headrace::exchange {

// Of the row at which each() stands; columns count from 0.
class SqliteRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  std::string text(int column) const;  // "" for NULL
  int64_t integer(int column) const;   // 0 for NULL
  std::optional<int64_t> optional_integer(int column) const;
  double real(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class SqliteFile {
 public:
  // Errors: kNotFound, kInvalidArgument when it is no SQLite database, kUnavailable while another
  // program holds it locked for more than 10 s, kIo.
  static Result<SqliteFile> open(const std::filesystem::path& path);

  using Bound = std::vector<std::string>;
  // Errors: kUnavailable when it stays locked, kCorrupt, kIo; kInvalidArgument for the SQL.
  Status each(const std::string& sql, const Bound& bound,
              const std::function<void(const SqliteRow&)>& row) const;

  // The columns of a table or view; empty when there is none of that name.
  Result<std::vector<std::string>> columns(const std::string& table) const;
  // Changes when another program has changed the database.
  Result<int64_t> version() const;

  // All that is read before end() is of one moment.
  Status begin_snapshot() const;
  void end_snapshot() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  SqliteFile(std::filesystem::path path, sqlite3* database)
      : path_(std::move(path)), database_(database) {}
  Status failed(int code) const;

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace headrace::exchange
