#include "store/result.h"

#include <cmath>
#include <utility>

namespace headrace::store {
namespace {

double hugeint_to_double(duckdb_hugeint v) {
  return std::ldexp(static_cast<double>(v.upper), 64) + static_cast<double>(v.lower);
}

}  // namespace

bool Chunk::is_null(size_t column, size_t row) const {
  const uint64_t* validity = columns_[column].validity;
  return validity != nullptr && (validity[row / 64] >> (row % 64) & 1) == 0;
}

int64_t Chunk::integer(size_t column, size_t row) const {
  if (is_null(column, row)) return 0;
  switch (columns_[column].type) {
    case DUCKDB_TYPE_BOOLEAN: return at<bool>(column, row) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT: return at<int8_t>(column, row);
    case DUCKDB_TYPE_SMALLINT: return at<int16_t>(column, row);
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_INTEGER: return at<int32_t>(column, row);
    case DUCKDB_TYPE_UTINYINT: return at<uint8_t>(column, row);
    case DUCKDB_TYPE_USMALLINT: return at<uint16_t>(column, row);
    case DUCKDB_TYPE_UINTEGER: return at<uint32_t>(column, row);
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return at<int64_t>(column, row);
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT: return static_cast<int64_t>(at<duckdb_hugeint>(column, row).lower);
    default: return 0;
  }
}

double Chunk::real(size_t column, size_t row) const {
  if (is_null(column, row)) return 0;
  const VectorView& v = columns_[column];
  switch (v.type) {
    case DUCKDB_TYPE_DOUBLE: return at<double>(column, row);
    case DUCKDB_TYPE_FLOAT: return static_cast<double>(at<float>(column, row));
    case DUCKDB_TYPE_UBIGINT: return static_cast<double>(at<uint64_t>(column, row));
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT: return hugeint_to_double(at<duckdb_hugeint>(column, row));
    case DUCKDB_TYPE_DECIMAL:
      switch (v.decimal_storage) {
        case DUCKDB_TYPE_SMALLINT: return at<int16_t>(column, row) / v.decimal_scale;
        case DUCKDB_TYPE_INTEGER: return at<int32_t>(column, row) / v.decimal_scale;
        case DUCKDB_TYPE_BIGINT:
          return static_cast<double>(at<int64_t>(column, row)) / v.decimal_scale;
        default: return hugeint_to_double(at<duckdb_hugeint>(column, row)) / v.decimal_scale;
      }
    default: return static_cast<double>(integer(column, row));
  }
}

std::string_view Chunk::text(size_t column, size_t row) const {
  const VectorView& v = columns_[column];
  if ((v.type != DUCKDB_TYPE_VARCHAR && v.type != DUCKDB_TYPE_BLOB) || is_null(column, row)) {
    return {};
  }
  const duckdb_string_t& s = static_cast<const duckdb_string_t*>(v.data)[row];
  const uint32_t length = s.value.inlined.length;
  return {length <= sizeof s.value.inlined.inlined ? s.value.inlined.inlined : s.value.pointer.ptr,
          length};
}

Uuid Chunk::uuid(size_t column, size_t row) const {
  if (columns_[column].type != DUCKDB_TYPE_UUID || is_null(column, row)) return {};
  const auto v = at<duckdb_hugeint>(column, row);
  // DuckDB flips the top bit so that signed order is the order of the text.
  return {static_cast<uint64_t>(v.upper) ^ uint64_t{1} << 63, v.lower};
}

int64_t Chunk::time_ns(size_t column, size_t row) const {
  const int64_t v = integer(column, row);
  switch (columns_[column].type) {
    case DUCKDB_TYPE_TIMESTAMP_S: return v * 1'000'000'000;
    case DUCKDB_TYPE_TIMESTAMP_MS: return v * 1'000'000;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return v * 1'000;
    case DUCKDB_TYPE_TIMESTAMP_NS: return v;
    default: return 0;
  }
}

QueryResult::QueryResult(const duckdb_result& result) : result_(result) {
  const idx_t count = duckdb_column_count(&result_);
  columns_.reserve(count);
  chunk_.columns_.resize(count);
  for (idx_t i = 0; i < count; ++i) {
    Column column{duckdb_column_name(&result_, i), duckdb_column_type(&result_, i), false};
    Chunk::VectorView& view = chunk_.columns_[i];
    view.type = column.type;
    if (column.type == DUCKDB_TYPE_VARCHAR || column.type == DUCKDB_TYPE_DECIMAL) {
      duckdb_logical_type type = duckdb_column_logical_type(&result_, i);
      if (column.type == DUCKDB_TYPE_DECIMAL) {
        view.decimal_storage = duckdb_decimal_internal_type(type);
        view.decimal_scale = std::pow(10.0, duckdb_decimal_scale(type));
      } else if (char* alias = duckdb_logical_type_get_alias(type); alias != nullptr) {
        column.is_json = std::string_view(alias) == "JSON";
        duckdb_free(alias);
      }
      duckdb_destroy_logical_type(&type);
    }
    columns_.push_back(std::move(column));
  }
}

QueryResult::QueryResult(QueryResult&& other) noexcept
    : result_(std::exchange(other.result_, {})),
      columns_(std::move(other.columns_)),
      chunk_(std::move(other.chunk_)) {
  other.chunk_.handle_ = nullptr;
}

QueryResult& QueryResult::operator=(QueryResult&& other) noexcept {
  std::swap(result_, other.result_);
  std::swap(columns_, other.columns_);
  std::swap(chunk_, other.chunk_);
  return *this;
}

QueryResult::~QueryResult() {
  drop_chunk();
  duckdb_destroy_result(&result_);
}

void QueryResult::drop_chunk() {
  if (chunk_.handle_ != nullptr) duckdb_destroy_data_chunk(&chunk_.handle_);
  chunk_.handle_ = nullptr;
  chunk_.rows_ = 0;
}

bool QueryResult::next() {
  for (;;) {
    drop_chunk();
    chunk_.handle_ = duckdb_fetch_chunk(result_);
    if (chunk_.handle_ == nullptr) return false;
    chunk_.rows_ = duckdb_data_chunk_get_size(chunk_.handle_);
    if (chunk_.rows_ == 0) continue;
    for (size_t i = 0; i < chunk_.columns_.size(); ++i) {
      Chunk::VectorView& view = chunk_.columns_[i];
      view.vector = duckdb_data_chunk_get_vector(chunk_.handle_, i);
      view.data = duckdb_vector_get_data(view.vector);
      view.validity = duckdb_vector_get_validity(view.vector);
    }
    return true;
  }
}

uint64_t QueryResult::rows_changed() { return duckdb_rows_changed(&result_); }

}  // namespace headrace::store
