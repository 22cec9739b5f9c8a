// Fills a table column by column in chunks, the fastest way into DuckDB.
//
//   Result<Appender> rows = Appender::open(connection, "t");
//   if (Status s = rows->next_row(); !s.ok()) return s;
//   rows->set(0, int32_t{7});
//   rows->set_text(1, "seven");
//   return rows->close();
//
// A row starts as all NULL. What is appended belongs to the connection's transaction and is there
// after close(), which also gives the error of any next_row() before it. The C++ type given to
// set() must be the column's own (int64_t for BIGINT, ...).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace headrace::store {

class Appender {
 public:
  static Result<Appender> open(const Connection& connection, const std::string& table);
  Appender(Appender&& other) noexcept;
  Appender& operator=(Appender&&) = delete;
  ~Appender();

  Status next_row() {
    if (row_ + 1 < capacity_) [[likely]] {
      ++row_;
      ++rows_;
      return {};
    }
    return next_chunk();
  }
  template <typename T>
  void set(size_t column, T v) {
    ColumnView& c = columns_[column];
    static_cast<T*>(c.data)[row_] = v;
    c.validity[row_ >> 6] |= uint64_t{1} << (row_ & 63);
  }
  // Must be UTF-8: what is not becomes NULL.
  void set_text(size_t column, std::string_view v);
  void set_uuid(size_t column, const Uuid& v);

  uint64_t rows() const { return rows_; }
  size_t columns() const { return columns_.size(); }
  // Writes everything; the appender takes no more. Without it, the last rows are dropped: then the
  // transaction is to be rolled back.
  Status close();

 private:
  Appender() = default;
  struct ColumnView {
    duckdb_vector vector = nullptr;
    void* data = nullptr;
    uint64_t* validity = nullptr;
  };
  Status next_chunk();
  Status flush_chunk();
  void clear_chunk();
  Status error(const char* doing);

  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<ColumnView> columns_;
  size_t capacity_ = 0;
  size_t chunks_ = 0;      // since the last flush
  size_t row_ = SIZE_MAX;  // the row being filled
  uint64_t rows_ = 0;
  Status failed_;
};

}  // namespace headrace::store
