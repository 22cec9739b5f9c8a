#include "store/appender.h"

#include <cstring>
#include <string>
#include <utility>

namespace headrace::store {
namespace {

constexpr size_t kFlushedChunks = 4;

}  // namespace

Result<Appender> Appender::open(const Connection& connection, const std::string& table) {
  Appender out;
  if (duckdb_appender_create(connection.handle(), nullptr, table.c_str(), &out.appender_) ==
      DuckDBError) {
    return out.error("cannot append to table");
  }
  const idx_t count = duckdb_appender_column_count(out.appender_);
  std::vector<duckdb_logical_type> types(count);
  for (idx_t i = 0; i < count; ++i) types[i] = duckdb_appender_column_type(out.appender_, i);
  out.chunk_ = duckdb_create_data_chunk(types.data(), count);
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  out.columns_.resize(count);
  out.capacity_ = duckdb_vector_size();
  out.clear_chunk();
  return out;
}

Appender::Appender(Appender&& other) noexcept
    : appender_(std::exchange(other.appender_, nullptr)),
      chunk_(std::exchange(other.chunk_, nullptr)),
      columns_(std::move(other.columns_)),
      capacity_(other.capacity_),
      row_(other.row_),
      rows_(other.rows_) {}

Appender::~Appender() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  if (appender_ == nullptr) return;
  duckdb_appender_clear(appender_);
  duckdb_appender_destroy(&appender_);
}

void Appender::clear_chunk() {
  duckdb_data_chunk_reset(chunk_);
  for (size_t i = 0; i < columns_.size(); ++i) {
    ColumnView& c = columns_[i];
    c.vector = duckdb_data_chunk_get_vector(chunk_, i);
    duckdb_vector_ensure_validity_writable(c.vector);
    c.data = duckdb_vector_get_data(c.vector);
    c.validity = duckdb_vector_get_validity(c.vector);
    std::memset(c.validity, 0, capacity_ / 8);
  }
  row_ = SIZE_MAX;
}

Status Appender::flush_chunk() {
  if (row_ == SIZE_MAX) return {};
  duckdb_data_chunk_set_size(chunk_, row_ + 1);
  if (duckdb_append_data_chunk(appender_, chunk_) == DuckDBError) return error("cannot append");
  clear_chunk();
  // DuckDB would collect 200,000 rows first and copy them when they have left the caches.
  if (++chunks_ < kFlushedChunks) return {};
  chunks_ = 0;
  return duckdb_appender_flush(appender_) == DuckDBError ? error("cannot append") : Status();
}

Status Appender::next_chunk() {
  if (row_ != SIZE_MAX) HEADRACE_RETURN_IF_ERROR(flush_chunk());
  row_ = 0;
  ++rows_;
  return {};
}

void Appender::set_text(size_t column, std::string_view v) {
  const ColumnView& c = columns_[column];
  // Assigning invalid text marks the row as NULL, so the bit is set first.
  c.validity[row_ >> 6] |= uint64_t{1} << (row_ & 63);
  duckdb_vector_assign_string_element_len(c.vector, row_, v.data(), v.size());
}

void Appender::set_uuid(size_t column, const Uuid& v) {
  duckdb_hugeint raw;
  raw.upper = static_cast<int64_t>(v.high ^ uint64_t{1} << 63);
  raw.lower = v.low;
  set(column, raw);
}

Status Appender::close() {
  HEADRACE_RETURN_IF_ERROR(failed_);
  HEADRACE_RETURN_IF_ERROR(flush_chunk());
  if (duckdb_appender_close(appender_) == DuckDBError) return error("cannot write appended rows");
  return {};
}

Status Appender::error(const char* doing) {
  std::string message = doing;
  if (appender_ != nullptr) {
    duckdb_error_data data = duckdb_appender_error_data(appender_);
    if (const char* text = duckdb_error_data_message(data); text != nullptr) {
      message += std::string(": ") + text;
    }
    duckdb_destroy_error_data(&data);
  }
  failed_ = Status(StatusCode::kIo, std::move(message));
  return failed_;
}

}  // namespace headrace::store
