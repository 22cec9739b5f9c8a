// A result in memory that can be read any number of times, and whose store is closed.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "query/result_table.h"

namespace headrace::query {

class KeptTable {
 public:
  // Reads `table` to its end.
  static Result<KeptTable> keep(ResultTable table);

  const std::vector<ResultColumn>& columns() const { return columns_; }
  uint64_t rows() const { return rows_; }
  // A table from the first row on. It shares the memory, which lives as long as any reader does,
  // or any Arrow array that came from one.
  ResultTable reader() const;

 private:
  struct Schema;
  std::vector<ResultColumn> columns_;
  std::shared_ptr<Schema> schema_;
  std::vector<std::shared_ptr<ArrowArray>> batches_;
  uint64_t rows_ = 0;
};

}  // namespace headrace::query
