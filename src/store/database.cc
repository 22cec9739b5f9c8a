#include "store/database.h"

#include <array>
#include <cctype>
#include <utility>

#include "store/interrupt.h"
#include "store/task_id_function.h"

namespace headrace::store {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// A block whose checksum is wrong, or that lies behind the end of a file that was cut, shows when
// it is read, with the type of any other I/O error.
bool is_damage(std::string_view message) {
  return contains(message, "Corrupt database file") || contains(message, "does not match stored") ||
         contains(message, "Could not read enough bytes") ||
         contains(message, "database has been invalidated");
}

// A full disk shows when a transaction is committed, as an error of the transaction.
bool is_write_failure(std::string_view message) {
  return contains(message, "Could not write file") || contains(message, "Could not sync file") ||
         contains(message, "No space left on device");
}

StatusCode code_of(duckdb_error_type type) {
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY: return StatusCode::kExhausted;
    case DUCKDB_ERROR_INTERRUPT: return StatusCode::kUnavailable;
    case DUCKDB_ERROR_IO:
    case DUCKDB_ERROR_FATAL:
    case DUCKDB_ERROR_CONNECTION: return StatusCode::kIo;
    case DUCKDB_ERROR_SERIALIZATION:
    case DUCKDB_ERROR_INTERNAL: return StatusCode::kCorrupt;
    default: return StatusCode::kInvalidArgument;
  }
}

// Why a file did not open. DuckDB gives only text here; its sentences are stable since 0.9.
Status open_error(const std::filesystem::path& path, const std::string& message) {
  if (contains(message, "Could not set lock")) {
    std::string holder = "another process";
    if (const size_t at = message.find("(PID "); at != std::string::npos) {
      const size_t end = message.find(')', at);
      holder = "process " + message.substr(at + 5, end - at - 5);
    }
    return unavailable("the store " + path.string() + " is held by " + holder +
                       "; try again when it has finished");
  }
  if (contains(message, "different configuration")) {
    return unavailable("the store " + path.string() +
                       " is open in this process for another use; close that first");
  }
  if (contains(message, "newer version") ||
      contains(message, "database file with version number")) {
    return unsupported("the store " + path.string() +
                       " was written by another version: " + message);
  }
  if (contains(message, "not a valid DuckDB") || contains(message, "orrupt") ||
      contains(message, "checksum") || contains(message, "Serialization Error") ||
      contains(message, "INTERNAL Error")) {
    return corrupt("the store " + path.string() + " is damaged: " + message);
  }
  return {StatusCode::kIo, "cannot open the store " + path.string() + ": " + message};
}

}  // namespace

struct Database::Handle {
  duckdb_database database = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { duckdb_close(&database); }
};

struct Connection::Handle {
  std::shared_ptr<void> database;  // kept open
  duckdb_connection connection = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { duckdb_disconnect(&connection); }
};

Result<Database> Database::open(const std::filesystem::path& path, const DatabaseOptions& options) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) return exhausted("no memory to open the store");
  const std::string threads = std::to_string(options.threads);
  const bool read_only = options.mode == OpenMode::kReadOnly && !path.empty();
  const std::array<std::pair<const char*, const char*>, 9> settings{{
      {"access_mode", read_only ? "READ_ONLY" : "READ_WRITE"},
      {"memory_limit", options.memory_limit.c_str()},
      {"threads", threads.c_str()},
      {"checkpoint_threshold", options.checkpoint_threshold.c_str()},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      // Of files made from now on: older formats have 3 KB of statistics for each column, which is
      // read whenever the file is opened. docs/schema.md says which clients read this one.
      {"storage_compatibility_version", "v1.5.0"},
      // DuckDB 1.5.5 answers some joins of a view with itself wrongly when it shares their plan.
      {"disabled_optimizers", "common_subplan"},
  }};
  for (const auto& [name, value] : settings) {
    if (path.empty() && std::string_view(name) == "access_mode") continue;
    if (duckdb_set_config(config, name, value) == DuckDBError) {
      duckdb_destroy_config(&config);
      return invalid_argument(std::string("DuckDB does not take ") + name + " = " + value);
    }
  }
  auto handle = std::make_shared<Handle>();
  char* error = nullptr;
  // File locks do not keep a process from opening a file twice; the cache does.
  static const duckdb_instance_cache cache = duckdb_create_instance_cache();
  const duckdb_state state =
      path.empty()
          ? duckdb_open_ext(nullptr, &handle->database, config, &error)
          : duckdb_get_or_create_from_cache(cache, path.c_str(), &handle->database, config, &error);
  duckdb_destroy_config(&config);
  if (state == DuckDBError) {
    const std::string message = error != nullptr ? error : "no reason given";
    duckdb_free(error);
    return open_error(path, message);
  }
  HEADRACE_RETURN_IF_ERROR(register_task_id_function(handle->database));
  return Database(std::move(handle));
}

Result<Connection> Database::connect() const {
  auto handle = std::make_shared<Connection::Handle>();
  handle->database = handle_;
  if (duckdb_connect(handle_->database, &handle->connection) == DuckDBError) {
    return unavailable("DuckDB gave no connection");
  }
  if (Interrupt* interrupt = Interrupt::of_this_thread()) {
    HEADRACE_RETURN_IF_ERROR(interrupt->watch([weak = std::weak_ptr<Connection::Handle>(handle)] {
      if (const auto there = weak.lock()) duckdb_interrupt(there->connection);
    }));
  }
  return Connection(std::move(handle));
}

duckdb_connection Connection::handle() const { return handle_->connection; }
void Connection::interrupt() const { duckdb_interrupt(handle_->connection); }

namespace {

Result<QueryResult> take(duckdb_state state, duckdb_result& result) {
  if (state == DuckDBSuccess) return QueryResult(result);
  const char* text = duckdb_result_error(&result);
  std::string message = text != nullptr ? text : "the query failed without a reason";
  const bool damaged = is_damage(message);
  if (damaged) {
    message = "the store is damaged: " + message +
              "; move the file away and run again: it is built again from the segments kept";
  }
  const StatusCode code = damaged                     ? StatusCode::kCorrupt
                          : is_write_failure(message) ? StatusCode::kIo
                                                      : code_of(duckdb_result_error_type(&result));
  Status status(code, std::move(message));
  duckdb_destroy_result(&result);
  return status;
}

}  // namespace

Status Connection::run(const std::string& sql) const { return query(sql).status(); }

Result<QueryResult> Connection::query(const std::string& sql) const {
  duckdb_result result{};
  const duckdb_state state = duckdb_query(handle_->connection, sql.c_str(), &result);
  return take(state, result);
}

Result<Statement> Connection::prepare(const std::string& sql) const {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(handle_->connection, sql.c_str(), &statement) == DuckDBError) {
    const char* text = duckdb_prepare_error(statement);
    Status status = invalid_argument(text != nullptr ? text : "the statement cannot be prepared");
    duckdb_destroy_prepare(&statement);
    return status;
  }
  return Statement(statement);
}

Result<int64_t> Connection::integer(const std::string& sql) const {
  Result<QueryResult> rows = query(sql);
  if (!rows.ok()) return rows.status();
  if (!rows->next() || rows->columns().empty()) return not_found("no row: " + sql);
  return rows->chunk().integer(0, 0);
}

Result<std::string> Connection::text(const std::string& sql) const {
  Result<QueryResult> rows = query(sql);
  if (!rows.ok()) return rows.status();
  if (!rows->next() || rows->columns().empty()) return not_found("no row: " + sql);
  return std::string(rows->chunk().text(0, 0));
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), bind_failed_(other.bind_failed_) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  std::swap(bind_failed_, other.bind_failed_);
  return *this;
}
Statement::~Statement() {
  if (statement_ != nullptr) duckdb_destroy_prepare(&statement_);
}
Statement& Statement::note(duckdb_state state) {
  if (state == DuckDBError) bind_failed_ = true;
  return *this;
}
Statement& Statement::bind(size_t parameter, int64_t v) {
  return note(duckdb_bind_int64(statement_, parameter, v));
}
Statement& Statement::bind(size_t parameter, double v) {
  return note(duckdb_bind_double(statement_, parameter, v));
}
Statement& Statement::bind(size_t parameter, std::string_view v) {
  return note(duckdb_bind_varchar_length(statement_, parameter, v.data(), v.size()));
}
Statement& Statement::bind(size_t parameter, const Uuid& v) { return bind(parameter, v.text()); }
Statement& Statement::bind_null(size_t parameter) {
  return note(duckdb_bind_null(statement_, parameter));
}

Result<QueryResult> Statement::execute() {
  if (std::exchange(bind_failed_, false)) {
    return invalid_argument("a value does not fit the statement's parameters");
  }
  duckdb_result result{};
  const duckdb_state state = duckdb_execute_prepared(statement_, &result);
  return take(state, result);
}

Result<Transaction> Transaction::begin(const Connection& connection) {
  HEADRACE_RETURN_IF_ERROR(connection.run("BEGIN TRANSACTION"));
  return Transaction(connection);
}
Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}
Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // Nothing more can be done about a rollback that fails: closing the connection does the same.
  const Status ignored = connection_->run("ROLLBACK");
  static_cast<void>(ignored);
}
Status Transaction::commit() {
  const Connection* connection = std::exchange(connection_, nullptr);
  return connection->run("COMMIT");
}

std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c == '\0' ? std::string("\xE2\x90\x80") : std::string(1, c);
  }
  return out + '"';
}

std::string sql_text(std::string_view text) {
  // A statement ends at its first NUL.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return "concat(" + sql_text(text.substr(0, nul)) + ", chr(0), " +
           sql_text(text.substr(nul + 1)) + ")";
  }
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

}  // namespace headrace::store
