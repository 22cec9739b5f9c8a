// What a query gives back: columns by name and type, and rows in chunks of up to 2,048.
//
//   Result<QueryResult> r = connection.query("SELECT activity, avg(duration_s) FROM task GROUP BY
//   1"); if (!r.ok()) return r.status(); while (r->next()) {
//     const Chunk& c = r->chunk();
//     for (size_t row = 0; row < c.rows(); ++row) use(c.text(0, row), c.real(1, row));
//   }
//
// Views (text) live as long as the chunk, which lives until the next next(). One thread at a time.
// A getter asked for a NULL or for a type it cannot give returns 0, 0.0, false, "" or nil.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "duckdb.h"

namespace headrace::store {

struct Column {
  std::string name;
  duckdb_type type = DUCKDB_TYPE_INVALID;
  bool is_json = false;  // a VARCHAR that DuckDB knows as JSON
};

class Chunk {
 public:
  size_t rows() const { return rows_; }
  size_t columns() const { return columns_.size(); }
  bool is_null(size_t column, size_t row) const;
  bool boolean(size_t column, size_t row) const { return integer(column, row) != 0; }
  // Any integer of up to 64 bits, a bool, a date, a time or a timestamp (in the type's own unit).
  int64_t integer(size_t column, size_t row) const;
  // Any number, decimals and 128-bit integers included, rounded to the nearest double.
  double real(size_t column, size_t row) const;
  // VARCHAR, JSON and BLOB.
  std::string_view text(size_t column, size_t row) const;
  Uuid uuid(size_t column, size_t row) const;
  // A timestamp of any resolution, in ns since the epoch.
  int64_t time_ns(size_t column, size_t row) const;
  // For types that have no getter here (lists, structs, ...).
  duckdb_vector vector(size_t column) const { return columns_[column].vector; }
  duckdb_data_chunk handle() const { return handle_; }

 private:
  friend class QueryResult;
  struct VectorView {
    duckdb_vector vector = nullptr;
    const void* data = nullptr;
    const uint64_t* validity = nullptr;
    duckdb_type type = DUCKDB_TYPE_INVALID;
    duckdb_type decimal_storage = DUCKDB_TYPE_INVALID;
    double decimal_scale = 1;
  };
  template <typename T>
  T at(size_t column, size_t row) const {
    return static_cast<const T*>(columns_[column].data)[row];
  }
  duckdb_data_chunk handle_ = nullptr;
  size_t rows_ = 0;
  std::vector<VectorView> columns_;
};

class QueryResult {
 public:
  // Takes over a result that DuckDB filled without error.
  explicit QueryResult(const duckdb_result& result);
  QueryResult(QueryResult&& other) noexcept;
  QueryResult& operator=(QueryResult&& other) noexcept;
  ~QueryResult();

  const std::vector<Column>& columns() const { return columns_; }
  // Moves to the next chunk that has rows; false at the end.
  bool next();
  const Chunk& chunk() const { return chunk_; }
  // Rows changed by an INSERT, UPDATE or DELETE.
  uint64_t rows_changed();
  duckdb_result* handle() { return &result_; }

 private:
  void drop_chunk();
  duckdb_result result_{};
  std::vector<Column> columns_;
  Chunk chunk_;
};

}  // namespace headrace::store
