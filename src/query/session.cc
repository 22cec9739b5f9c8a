#include "query/session.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/ascii_case.h"
#include "query/asked_task.h"
#include "query/filter_sql.h"
#include "query/sql_error.h"
#include "query/task_keys.h"
#include "query/touched_keys.h"
#include "store/arrow.h"
#include "store/registry.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

ColumnKind kind_of(const std::string& type) {
  const auto is = [&](const char* prefix) { return type.rfind(prefix, 0) == 0; };
  if (is("DECIMAL") || type == "DOUBLE" || type == "FLOAT") return ColumnKind::kReal;
  if (type.find("INT") != std::string::npos && type.find_first_of("([") == std::string::npos) {
    return ColumnKind::kInteger;  // TINYINT .. UHUGEINT
  }
  if (type == "BOOLEAN") return ColumnKind::kBool;
  if (is("TIMESTAMP")) return ColumnKind::kTime;
  if (type == "UUID") return ColumnKind::kId;
  if (type == "BLOB") return ColumnKind::kBytes;
  if (type == "JSON" || is("STRUCT") || is("MAP") || type.back() == ']') return ColumnKind::kJson;
  return ColumnKind::kText;
}

// The rows of a streamed result; keeps its connection, and so the database, open.
class SqlSource : public BatchSource {
 public:
  SqlSource(store::Connection connection, store::QueryResult result)
      : connection_(std::move(connection)), result_(std::move(result)) {}
  Status next(ArrowArray* out) override {
    *out = {};
    if (!result_.next()) {
      const Status status = store::stream_status(result_);
      return status.ok() ? status : reader_error(status);
    }
    return store::arrow_batch(result_, out);
  }

 private:
  store::Connection connection_;
  store::QueryResult result_;
};

// INTERVAL and a bare NULL have no number kind; UINTEGER columns of 64 bits and less do.
Result<ResultTable> table_of(store::Connection connection, store::QueryResult result) {
  std::vector<ResultColumn> columns;
  const std::vector<std::string> types = store::type_names(result);
  for (size_t i = 0; i < types.size(); ++i) {
    const ColumnKind kind = types[i] == "INTERVAL" ? ColumnKind::kText : kind_of(types[i]);
    columns.push_back({result.columns()[i].name, types[i], kind, ""});
  }
  ArrowSchema schema{};
  HEADRACE_RETURN_IF_ERROR(store::arrow_schema(result, &schema));
  return ResultTable(std::move(columns), schema,
                     std::make_unique<SqlSource>(std::move(connection), std::move(result)));
}

// `EXPLAIN [ANALYZE] q` gives q; anything else itself.
std::string explained(const std::string& text) {
  std::string rest = text;
  for (const char* word : {"explain", "analyze"}) {
    const size_t begin = rest.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return rest;
    const std::string head = rest.substr(begin, std::string(word).size());
    if (!same_but_for_case(head, word)) return rest;
    rest = rest.substr(begin + head.size());
  }
  return rest;
}

Result<Json> parse_tree(const store::Connection& connection, const std::string& text) {
  // DuckDB would run what stands before it.
  if (text.find('\0') != std::string::npos) {
    return invalid_argument("the query has a NUL in it, behind which nothing would be read");
  }
  Result<store::Statement> statement =
      connection.prepare("SELECT json_serialize_sql(CAST(? AS VARCHAR))");
  if (!statement.ok()) return statement.status();
  Result<store::QueryResult> rows = statement->bind(1, text).execute();
  if (!rows.ok()) return rows.status();
  if (!rows->next()) return corrupt("DuckDB gave no parse tree");
  Result<Json> tree = Json::parse(rows->chunk().text(0, 0));
  if (!tree.ok()) return tree;
  const bool* failed = (*tree)["error"].as<bool>();
  if (failed != nullptr && *failed) return parse_error(text, *tree);
  const auto* statements = (*tree)["statements"].as<Json::List>();
  if (statements == nullptr || statements->empty()) return invalid_argument("the query is empty");
  if (statements->size() > 1)
    return invalid_argument("one statement at a time, and this is several");
  return tree;
}

}  // namespace

const std::vector<std::string>& view_names() {
  static const std::vector<std::string> names = {"campaign", "workflow", "task",   "object",
                                                 "edge",     "sensor",   "sample", "task_energy",
                                                 "gap",      "log"};
  return names;
}

Result<Session> Session::open(const std::filesystem::path& root,
                              const store::StoreOptions& options) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(root, error);
  const std::filesystem::path file = is_file ? root : root / "store.duckdb";
  if (!std::filesystem::exists(root, error)) {
    return not_found("there is no folder " + root.string() +
                     "; nothing was captured here yet (headrace run -- CMD captures), or name "
                     "another with --dir or HEADRACE_DIR");
  }
  if (!std::filesystem::exists(file, error)) {
    return not_found("nothing was captured into " + root.string() +
                     " yet; headrace run -- CMD captures");
  }
  Result<store::Store> opened = store::Store::open(file, store::OpenMode::kReadOnly, options);
  if (!opened.ok()) return opened.status();
  return Session(root, std::move(*opened));
}

Session Session::over(std::filesystem::path root, store::Store store) {
  return {std::move(root), std::move(store)};
}

Result<std::shared_ptr<const store::Registry>> Session::registry(const store::Connection& using_it,
                                                                 bool with_keys) const {
  const std::lock_guard lock(known_->mutex);
  if (!with_keys && known_->registry == nullptr) {
    Result<store::Registry> loaded = store::Registry::without_keys(using_it);
    if (!loaded.ok()) return loaded.status();
    return std::make_shared<const store::Registry>(std::move(*loaded));
  }
  if (known_->registry == nullptr) {
    Result<store::Registry> loaded = store::Registry::load(using_it);
    if (!loaded.ok()) return loaded.status();
    known_->registry = std::make_shared<const store::Registry>(std::move(*loaded));
  }
  return known_->registry;
}

Result<ResultTable> Session::sql(const std::string& text) const { return run(text, nullptr); }

Result<ResultTable> Session::sql(const std::string& text, const Filter& filter) const {
  return run(text, &filter);
}

Result<ResultTable> Session::run(const std::string& text, const Filter* filter) const {
  Result<store::Connection> connection = connect();
  if (!connection.ok()) return connection.status();
  Result<Json> tree = parse_tree(*connection, explained(text));
  if (!tree.ok()) return tree.status();
  const TouchedKeys touched = find_touched_keys(*tree);
  for (const std::string& table : touched.tables) {
    const std::string quick =
        store::quick_view_sql(table, touched.star ? std::set<std::string>() : touched.columns);
    if (!quick.empty()) HEADRACE_RETURN_IF_ERROR(connection->run(quick));
  }
  if (touched.reads_task) {
    // Most of the registry describes captured values; a query that names none does without.
    const bool names_keys = filter != nullptr || !touched.paths.empty();
    auto known = registry(*connection, names_keys);
    if (!known.ok()) return known.status();
    Result<store::TaskView> view = needed_view(touched, **known);
    if (!view.ok()) return view.status();
    if (!names_keys && store::needs_keys(*view)) {
      known = registry(*connection, true);
      if (!known.ok()) return known.status();
    }
    view->only = asked_task(*tree);
    Result<std::string> made = filter == nullptr ? store::task_view_sql(**known, *view)
                                                 : filtered_view_sql(**known, *view, *filter);
    if (!made.ok()) return made.status();
    HEADRACE_RETURN_IF_ERROR(connection->run(*made));
  }
  Result<store::QueryResult> result = store::stream(*connection, text);
  if (!result.ok()) return reader_error(result.status());
  return table_of(std::move(*connection), std::move(*result));
}

Result<ResultTable> Session::sql(const std::string& text, const store::TaskView* view,
                                 const store::Registry& keys) const {
  Result<store::Connection> connection = connect();
  if (!connection.ok()) return connection.status();
  return sql(text, view, keys, std::move(*connection));
}

Result<ResultTable> Session::sql(const std::string& text, const store::TaskView* view,
                                 const store::Registry& keys, store::Connection connection) {
  if (view != nullptr) {
    HEADRACE_RETURN_IF_ERROR(connection.run(store::task_view_sql(keys, *view)));
  }
  Result<store::QueryResult> result = store::stream(connection, text);
  if (!result.ok()) return reader_error(result.status());
  return table_of(std::move(connection), std::move(*result));
}

Result<ResultTable> Session::own_sql(const std::string& text) const {
  Result<store::Connection> connection = connect();
  if (!connection.ok()) return connection.status();
  Result<store::QueryResult> result = store::stream(*connection, text);
  if (!result.ok()) return reader_error(result.status());
  return table_of(std::move(*connection), std::move(*result));
}

Result<std::vector<std::vector<Cell>>> Session::rows(const std::string& text) const {
  Result<ResultTable> table = sql(text);
  if (!table.ok()) return table.status();
  std::vector<std::vector<Cell>> out;
  for (;;) {
    Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      auto& cells = out.emplace_back();
      for (size_t i = 0; i < table->columns().size(); ++i) cells.push_back(table->cell(i, row));
    }
  }
}

Result<std::vector<std::string>> Session::keys(bool generated) const {
  Result<store::Connection> connection = connect();
  if (!connection.ok()) return connection.status();
  const auto known = registry(*connection, true);
  if (!known.ok()) return known.status();
  std::vector<std::string> names;
  for (const auto& [key, places] : (*known)->keys(generated ? Role::kGenerated : Role::kUsed)) {
    names.push_back(key);
  }
  return names;
}

}  // namespace headrace::query
