// DuckDB behind values that close themselves and errors that are values.
//
//   Result<Database> db = Database::open("x.duckdb", {});
//   Result<Connection> connection = db->connect();
//   Status made = connection->run("CREATE TABLE t(a INTEGER, b VARCHAR)");
//   Result<Statement> insert = connection->prepare("INSERT INTO t VALUES (?, ?)");
//   insert->bind(1, int64_t{7}).bind(2, "seven");
//   Result<QueryResult> rows = insert->execute();
//
// A Database may be shared by threads; a Connection and what comes from it belongs to one at a time
// (interrupt() excepted). A connection keeps its database open. Messages are DuckDB's own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "duckdb.h"
#include "store/result.h"

namespace headrace::store {

enum class OpenMode : uint8_t { kReadWrite, kReadOnly };

struct DatabaseOptions {
  OpenMode mode = OpenMode::kReadWrite;
  std::string memory_limit = "1GB";
  int threads = 2;
  // What DuckDB keeps in its log before it folds it into the file: at the default of 16 MB a commit
  // can stall for over a second.
  std::string checkpoint_threshold = "512MB";
};

class Connection;

class Database {
 public:
  // `path` empty: in memory. Extensions are never installed or loaded by themselves. Errors:
  // kUnavailable when another process holds the file (the message names its pid), kCorrupt when the
  // file is no database or is damaged, kUnsupported when a newer DuckDB wrote it, else kIo.
  static Result<Database> open(const std::filesystem::path& path, const DatabaseOptions& options);
  Result<Connection> connect() const;

 private:
  struct Handle;
  explicit Database(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<Handle> handle_;
};

// A prepared statement. Parameters are numbered from 1; a failed bind shows in execute().
class Statement {
 public:
  explicit Statement(duckdb_prepared_statement statement) : statement_(statement) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();
  Statement& bind(size_t parameter, int64_t v);
  Statement& bind(size_t parameter, double v);
  Statement& bind(size_t parameter, std::string_view v);
  Statement& bind(size_t parameter, const char* v) { return bind(parameter, std::string_view(v)); }
  Statement& bind(size_t parameter, const Uuid& v);
  Statement& bind_null(size_t parameter);
  Result<QueryResult> execute();
  duckdb_prepared_statement handle() const { return statement_; }

 private:
  Statement& note(duckdb_state state);
  duckdb_prepared_statement statement_ = nullptr;
  bool bind_failed_ = false;
};

class Connection {
 public:
  Connection(Connection&& other) noexcept = default;
  Connection& operator=(Connection&& other) noexcept = default;

  // Runs one or more statements and forgets their rows.
  Status run(const std::string& sql) const;
  // Runs them and gives the last one's rows. Errors: kInvalidArgument for SQL that does not parse,
  // bind or convert; kExhausted for memory; kUnavailable when interrupted; else kIo or kCorrupt.
  Result<QueryResult> query(const std::string& sql) const;
  Result<Statement> prepare(const std::string& sql) const;
  // The first column of the first row as an integer or text; kNotFound when there is no row.
  Result<int64_t> integer(const std::string& sql) const;
  Result<std::string> text(const std::string& sql) const;
  // Ends what runs on this connection now. Any thread.
  void interrupt() const;
  duckdb_connection handle() const;

 private:
  friend class Database;
  struct Handle;
  explicit Connection(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<Handle> handle_;
};

// BEGIN now, ROLLBACK at the end of the scope unless commit() came first.
class Transaction {
 public:
  static Result<Transaction> begin(const Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(const Connection& connection) : connection_(&connection) {}
  const Connection* connection_;
};

// `name` as an SQL identifier and `text` as an SQL string, quoted and escaped.
std::string sql_name(std::string_view name);
std::string sql_text(std::string_view text);

}  // namespace headrace::store
