// Makes a ResultTable of rows that no SQL made.
//
//   TableBuilder b({{"label", ColumnKind::kText}, {"energy_j", ColumnKind::kReal, "J"}});
//   b.text("lr=0.1").real(12.5).end_row();
//   ResultTable table = b.finish();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/result_table.h"

namespace headrace::query {

struct BuiltColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kText;  // kText, kInteger, kReal, kBool, kTime, kId or kJson
  std::string unit;
};

class TableBuilder {
 public:
  explicit TableBuilder(std::vector<BuiltColumn> columns);

  // The next cell of the row; its kind must be the column's (kId and kJson are text, kTime is ns
  // since the epoch as integer). A row may be ended early: what is missing is NULL.
  TableBuilder& text(std::string_view v);
  TableBuilder& integer(int64_t v);
  TableBuilder& real(double v);
  TableBuilder& real(std::optional<double> v) { return v ? real(*v) : null(); }
  TableBuilder& boolean(bool v);
  TableBuilder& null();
  TableBuilder& end_row();

  ResultTable finish();

 private:
  struct Column {
    BuiltColumn about;
    std::string fixed;              // 8-byte values, or the bits of bools
    std::string bytes;              // text
    std::vector<int32_t> offsets;   // of text, rows + 1
    std::vector<uint8_t> validity;  // bits
    int64_t nulls = 0;
  };
  Column& begin_cell(bool valid);

  std::vector<Column> columns_;
  size_t at_ = 0;
  int64_t rows_ = 0;
};

}  // namespace headrace::query
