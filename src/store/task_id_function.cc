#include "store/task_id_function.h"

#include "base/id.h"

namespace headrace::store {
namespace {

bool is_set(const uint64_t* validity, idx_t row) {
  return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
}

void task_ids(duckdb_function_info /*info*/, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const duckdb_vector producers = duckdb_data_chunk_get_vector(input, 0);
  const duckdb_vector numbers = duckdb_data_chunk_get_vector(input, 1);
  const auto* uid = static_cast<const uint64_t*>(duckdb_vector_get_data(producers));
  const auto* seq = static_cast<const int64_t*>(duckdb_vector_get_data(numbers));
  const uint64_t* has_uid = duckdb_vector_get_validity(producers);
  const uint64_t* has_seq = duckdb_vector_get_validity(numbers);
  auto* out = static_cast<duckdb_hugeint*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < rows; ++row) {
    if (!is_set(has_uid, row) || !is_set(has_seq, row)) {
      duckdb_vector_ensure_validity_writable(output);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
      continue;
    }
    const Uuid id = task_uuid(uid[row], static_cast<TaskNumber>(seq[row]));
    // DuckDB turns the first bit so that UUIDs are ordered as signed numbers.
    out[row] = {id.low, static_cast<int64_t>(id.high ^ uint64_t{1} << 63)};
  }
}

}  // namespace

Status register_task_id_function(duckdb_database database) {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database, &connection) == DuckDBError) {
    return unavailable("DuckDB gave no connection");
  }
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "headrace_task_id");
  for (const duckdb_type type : {DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_BIGINT}) {
    duckdb_logical_type logical = duckdb_create_logical_type(type);
    duckdb_scalar_function_add_parameter(function, logical);
    duckdb_destroy_logical_type(&logical);
  }
  duckdb_logical_type uuid = duckdb_create_logical_type(DUCKDB_TYPE_UUID);
  duckdb_scalar_function_set_return_type(function, uuid);
  duckdb_destroy_logical_type(&uuid);
  duckdb_scalar_function_set_function(function, task_ids);
  duckdb_scalar_function_set_special_handling(function);
  // Fails where another handle of this process has opened the same file and done so already.
  static_cast<void>(duckdb_register_scalar_function(connection, function));
  duckdb_destroy_scalar_function(&function);
  duckdb_disconnect(&connection);
  return {};
}

}  // namespace headrace::store
