#include "store/arrow.h"

#include <memory>

namespace headrace::store {
namespace {

struct OptionsDeleter {
  void operator()(duckdb_arrow_options options) const { duckdb_destroy_arrow_options(&options); }
};
using Options = std::unique_ptr<_duckdb_arrow_options, OptionsDeleter>;

Options options_of(QueryResult& result) {
  return Options(duckdb_result_get_arrow_options(result.handle()));
}

// Takes over `error`, which is null when all went well.
Status taken(duckdb_error_data error, const char* doing) {
  if (error == nullptr) return {};
  Status status;
  if (duckdb_error_data_has_error(error)) {
    status = corrupt(std::string(doing) + ": " + duckdb_error_data_message(error));
  }
  duckdb_destroy_error_data(&error);
  return status;
}

// Decimals and nested types name their parts; everything else has one word.
std::string type_name(duckdb_logical_type type);

std::string struct_name(duckdb_logical_type type) {
  std::string out = "STRUCT(";
  const idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    char* name = duckdb_struct_type_child_name(type, i);
    duckdb_logical_type child = duckdb_struct_type_child_type(type, i);
    out += (i > 0 ? ", " : "") + sql_name(name) + " " + type_name(child);
    duckdb_destroy_logical_type(&child);
    duckdb_free(name);
  }
  return out + ")";
}

std::string child_name(duckdb_logical_type child) {
  std::string name = type_name(child);
  duckdb_destroy_logical_type(&child);
  return name;
}

std::string type_name(duckdb_logical_type type) {
  if (char* alias = duckdb_logical_type_get_alias(type); alias != nullptr) {
    std::string name = alias;
    duckdb_free(alias);
    return name;
  }
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT: return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(duckdb_decimal_width(type)) + "," +
             std::to_string(duckdb_decimal_scale(type)) + ")";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    case DUCKDB_TYPE_UUID: return "UUID";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIME: return "TIME";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S: return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS: return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS: return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_INTERVAL: return "INTERVAL";
    case DUCKDB_TYPE_ENUM: return "ENUM";
    case DUCKDB_TYPE_LIST: return child_name(duckdb_list_type_child_type(type)) + "[]";
    case DUCKDB_TYPE_ARRAY:
      return child_name(duckdb_array_type_child_type(type)) + "[" +
             std::to_string(duckdb_array_type_array_size(type)) + "]";
    case DUCKDB_TYPE_STRUCT: return struct_name(type);
    case DUCKDB_TYPE_MAP:
      return "MAP(" + child_name(duckdb_map_type_key_type(type)) + ", " +
             child_name(duckdb_map_type_value_type(type)) + ")";
    case DUCKDB_TYPE_SQLNULL: return "NULL";
    default: return "OTHER";
  }
}

}  // namespace

Result<QueryResult> stream(const Connection& connection, const std::string& sql) {
  Result<Statement> statement = connection.prepare(sql);
  if (!statement.ok()) return statement.status();
  duckdb_result result{};
  if (duckdb_execute_prepared_streaming(statement->handle(), &result) == DuckDBError) {
    const char* text = duckdb_result_error(&result);
    Status status = invalid_argument(text != nullptr ? text : "the query failed without a reason");
    duckdb_destroy_result(&result);
    return status;
  }
  return QueryResult(result);
}

Status stream_status(QueryResult& result) {
  const char* text = duckdb_result_error(result.handle());
  if (text == nullptr || *text == '\0') return {};
  const bool stopped = duckdb_result_error_type(result.handle()) == DUCKDB_ERROR_INTERRUPT;
  return stopped ? unavailable("stopped before the end") : invalid_argument(text);
}

Status arrow_schema(QueryResult& result, ArrowSchema* out) {
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (size_t i = 0; i < result.columns().size(); ++i) {
    types.push_back(duckdb_column_logical_type(result.handle(), i));
    names.push_back(duckdb_column_name(result.handle(), i));
  }
  Status status = taken(duckdb_to_arrow_schema(options_of(result).get(), types.data(), names.data(),
                                               types.size(), out),
                        "the columns' types in Arrow");
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  return status;
}

Status arrow_batch(QueryResult& result, ArrowArray* out) {
  return taken(duckdb_data_chunk_to_arrow(options_of(result).get(), result.chunk().handle(), out),
               "rows in Arrow");
}

std::vector<std::string> type_names(QueryResult& result) {
  std::vector<std::string> names;
  for (size_t i = 0; i < result.columns().size(); ++i) {
    names.push_back(child_name(duckdb_column_logical_type(result.handle(), i)));
  }
  return names;
}

Result<StatementKind> statement_kind(const Connection& connection, const std::string& sql) {
  Result<Statement> statement = connection.prepare(sql);
  if (!statement.ok()) return statement.status();
  switch (duckdb_prepared_statement_type(statement->handle())) {
    case DUCKDB_STATEMENT_TYPE_SELECT: return StatementKind::kSelect;
    case DUCKDB_STATEMENT_TYPE_EXPLAIN: return StatementKind::kExplain;
    default: return StatementKind::kOther;
  }
}

}  // namespace headrace::store
