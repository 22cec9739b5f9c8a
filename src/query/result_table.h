// Rows with named, typed columns: what every answer is, whether SQL made it or an algorithm.
//
//   Result<ResultTable> table = session.sql("SELECT activity, count(*) AS n FROM task GROUP BY 1");
//   for (;;) {
//     Result<bool> more = table->next();
//     if (!more.ok()) return more.status();
//     if (!*more) break;
//     for (size_t row = 0; row < table->rows(); ++row) use(table->cell(0, row).text);
//   }
//
// Rows come in batches (of up to 2,048 from SQL), as Arrow C data inside, so that they can be
// handed to any Arrow reader without a copy. Move-only; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/arrow_abi.h"
#include "query/json.h"

namespace headrace::query {

enum class ColumnKind : uint8_t { kText, kInteger, kReal, kBool, kTime, kId, kJson, kBytes };

struct ResultColumn {
  std::string name;
  std::string type;  // SQL's name of it: DOUBLE, UUID, TIMESTAMP_NS, STRUCT(...)
  ColumnKind kind = ColumnKind::kText;
  // For people: the unit that a table shows the number in, with an SI prefix; "" as it stands.
  std::string unit;

  bool is_number() const { return kind == ColumnKind::kInteger || kind == ColumnKind::kReal; }
};

// One value. `text` is always the exact, machine-readable form; NULL has none.
struct Cell {
  bool is_null = true;
  bool is_exact_number = false;  // `text` is a JSON number
  double real = 0;               // numbers and bools
  int64_t time_ns = 0;           // kTime of a timestamp: since the epoch
  std::string text;              // kJson: compact JSON
};

// Makes the batches of a table; the last one is followed by an array without `release`.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual Status next(ArrowArray* out) = 0;
};

class ResultTable {
 public:
  // `schema` is taken over: a struct with one child for each column.
  ResultTable(std::vector<ResultColumn> columns, ArrowSchema schema,
              std::unique_ptr<BatchSource> source);
  ResultTable(ResultTable&&) noexcept;
  ResultTable& operator=(ResultTable&&) noexcept;
  ~ResultTable();

  const std::vector<ResultColumn>& columns() const { return columns_; }
  std::optional<size_t> column(const std::string& name) const;
  void set_unit(const std::string& column, const std::string& unit);

  // Moves to the next batch; false at the end.
  Result<bool> next();
  size_t rows() const { return static_cast<size_t>(batch_.length); }
  Cell cell(size_t column, size_t row) const;
  Json json(size_t column, size_t row) const;
  // A column of the batch.
  const ArrowArray& array(size_t column) const { return *batch_.children[column]; }

  // Gives all further batches as an Arrow stream, which owns this table from now on.
  static void export_stream(ResultTable table, ArrowArrayStream* out);
  const ArrowSchema& schema() const { return schema_; }

  // Ends the table after `rows` more rows; what lies behind is not computed. What this gives is
  // true, once the end is reached, when there was at least one more.
  std::shared_ptr<const bool> keep_first(uint64_t rows);

  // Reads all further batches into memory, so that what they come from can be closed.
  Status collect();

 private:
  void drop_batch();
  std::vector<ResultColumn> columns_;
  ArrowSchema schema_{};
  ArrowArray batch_{};
  std::unique_ptr<BatchSource> source_;
};

// One value of an Arrow array, by the schema's format string (also used on nested arrays).
Cell arrow_cell(const ArrowSchema& schema, const ArrowArray& array, int64_t row, ColumnKind kind);
Json arrow_json(const ArrowSchema& schema, const ArrowArray& array, int64_t row);

}  // namespace headrace::query
