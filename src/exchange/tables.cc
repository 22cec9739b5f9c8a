#include "exchange/tables.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>
#include <utility>

#include "exchange/target.h"
#include "query/nearest.h"
#include "store/registry.h"
#include "store/task_view.h"

namespace headrace::exchange {
namespace {

constexpr size_t kMostTypedKeys = 1000;

std::string ending(TableFormat format) {
  switch (format) {
    case TableFormat::kParquet: return ".parquet";
    case TableFormat::kCsv: return ".csv";
    case TableFormat::kJsonl: break;
  }
  return ".jsonl";
}

std::string copy_options(TableFormat format) {
  switch (format) {
    case TableFormat::kParquet: return "FORMAT parquet, COMPRESSION zstd";
    case TableFormat::kCsv: return "FORMAT csv, HEADER true";
    case TableFormat::kJsonl: break;
  }
  return "FORMAT json";
}

bool is_text(ValueTag type) { return store::kind_of(type) == 3; }

// Why a struct of typed columns would not hold every value of the role; "" when it does.
std::string not_typed_because(const store::Registry& registry, Role role) {
  const auto& keys = registry.keys(role);
  if (keys.size() > kMostTypedKeys) return std::to_string(keys.size()) + " keys";
  std::set<std::string> seen;
  for (const auto& [key, places] : keys) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (key.empty()) return "a key without a name";
    if (!seen.insert(lower).second) return "keys that differ from " + key + " by case only";
    bool text = false;
    bool other = false;
    for (const store::Place& place : places) {
      if (place.type == ValueTag::kNull) continue;
      (is_text(place.type) ? text : other) = true;
    }
    if (text && other) return "text and other values under " + key;
  }
  return "";
}

// Makes the connection's view `task` typed where that loses nothing; says where it does not.
Result<std::string> type_values(const store::Connection& connection) {
  Result<store::Registry> registry = store::Registry::load(connection);
  if (!registry.ok()) return registry.status();
  store::TaskView view;
  std::string note;
  const auto add = [&](Role role, const char* name, std::vector<store::TouchedKey>* typed,
                       bool* json) {
    const std::string because = not_typed_because(*registry, role);
    const auto& keys = registry->keys(role);
    *json = keys.empty() || !because.empty();
    if (!because.empty()) {
      note += std::string(note.empty() ? "" : "; ") + name + " is JSON text: there are " + because;
    }
    if (*json) return;
    for (const auto& [key, places] : keys) typed->emplace_back(key);
  };
  add(Role::kUsed, "used", &view.used, &view.used_json);
  add(Role::kGenerated, "generated", &view.generated, &view.generated_json);
  HEADRACE_RETURN_IF_ERROR(connection.run(store::task_view_sql(*registry, view)));
  return note;
}

// A type as DuckDB writes it, with VARCHAR for `wanted`, inside structs and lists too: what ends in
// `,`, `)`, `[` or the text is a type and no name, for a name is followed by its type.
std::string with_text_for(std::string_view wanted, std::string_view type) {
  std::string out;
  bool in_name = false;
  for (size_t i = 0; i < type.size();) {
    if (type[i] == '"') in_name = !in_name;
    const size_t behind = i + wanted.size();
    const bool begins = i == 0 || type[i - 1] == ' ' || type[i - 1] == '(';
    const bool ends = behind == type.size() ||
                      (behind < type.size() &&
                       (type[behind] == ',' || type[behind] == ')' || type[behind] == '['));
    if (!in_name && begins && ends && type.substr(i, wanted.size()) == wanted) {
      out += "VARCHAR";
      i = behind;
    } else {
      out += type[i++];
    }
  }
  return out;
}

// Readers of tables know no UUID, or show it as bytes; joins on text work in all of them. Of
// Parquet's JSON some make bytes as well; in JSON lines it stays what it is.
Result<std::string> columns_of(const store::Connection& connection, const std::string& table,
                               TableFormat format) {
  Result<store::QueryResult> rows = connection.query("DESCRIBE SELECT * FROM " + table);
  if (!rows.ok()) return rows.status();
  std::string out;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      const std::string name = store::sql_name(chunk.text(0, row));
      std::string type = with_text_for("UUID", chunk.text(1, row));
      if (format == TableFormat::kParquet) type = with_text_for("JSON", type);
      if (!out.empty()) out += ", ";
      out += type == chunk.text(1, row) ? name : "CAST(" + name + " AS " + type + ") AS " + name;
    }
  }
  return out;
}

Status write_table(const Scope& scope, TableFormat format, TableFile* file) {
  const store::Connection& connection = scope.connection();
  const Result<std::string> columns = columns_of(connection, file->table, format);
  if (!columns.ok()) return columns.status();
  const std::filesystem::path first = written_first(file->path);
  Result<store::QueryResult> copied = connection.query(
      "COPY (SELECT " + *columns + " FROM " + file->table + scope.where(file->table) + ") TO " +
      store::sql_text(first.string()) + " (" + copy_options(format) + ")");
  if (!copied.ok()) {
    std::error_code ignored;
    if (first != file->path) std::filesystem::remove(first, ignored);
    return copied.status().with_context("cannot write " + file->path.string());
  }
  file->rows = copied->rows_changed();
  return name_whole(first, file->path);
}

Status known(const std::vector<std::string>& tables) {
  const std::vector<std::string>& all = query::view_names();
  for (const std::string& table : tables) {
    if (std::find(all.begin(), all.end(), table) != all.end()) continue;
    const auto near = query::nearest_names(table, all);
    return invalid_argument(
        "there is no table " + table +
        (near.empty() ? "; there are " + query::listed(all, 20) : query::did_you_mean(near)));
  }
  return {};
}

}  // namespace

Result<std::vector<TableFile>> export_tables(const query::Session& session,
                                             const TableChoice& choice,
                                             const std::filesystem::path& target) {
  const bool one_file = target.extension() == ending(choice.format);
  std::vector<std::string> tables = choice.tables;
  if (tables.empty()) tables = one_file ? std::vector<std::string>{"task"} : query::view_names();
  HEADRACE_RETURN_IF_ERROR(known(tables));
  if (one_file && tables.size() != 1) {
    return invalid_argument(target.string() +
                            " is one file and holds one table; name a folder for several");
  }
  std::vector<TableFile> files;
  for (const std::string& table : tables) {
    files.push_back({table, one_file ? target : target / (table + ending(choice.format)), 0, ""});
    HEADRACE_RETURN_IF_ERROR(may_write(files.back().path, choice.force));
  }
  const Result<Scope> scope = Scope::open(session, choice.scope);
  if (!scope.ok()) return scope.status();
  std::string note;
  if (choice.format == TableFormat::kParquet) {
    Result<std::string> typed = type_values(scope->connection());
    if (!typed.ok()) return typed.status();
    note = std::move(*typed);
  }
  if (!one_file) {
    std::error_code error;
    std::filesystem::create_directories(target, error);
    if (error) return io_error("cannot make the folder " + target.string(), error.value());
  }
  for (TableFile& file : files) {
    if (file.table == "task") file.note = note;
    HEADRACE_RETURN_IF_ERROR(write_table(*scope, choice.format, &file));
  }
  return files;
}

}  // namespace headrace::exchange
