// The readable views as files that any table reader opens: Parquet, CSV, JSON lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "exchange/scope.h"

namespace headrace::exchange {

enum class TableFormat : uint8_t { kParquet, kCsv, kJsonl };

struct TableChoice {
  TableFormat format = TableFormat::kParquet;
  ScopeChoice scope;
  // Of query::view_names(); empty: all of them, or `task` where the target is one file.
  std::vector<std::string> tables;
  bool force = false;
};

struct TableFile {
  std::string table;
  std::filesystem::path path;
  uint64_t rows = 0;
  std::string note;  // mostly empty: what a reader should know
};

// A folder gets a file for each table ("task.parquet"); a `target` that ends like the format is one
// file with one table. Ids are text. In Parquet `used` and `generated` of `task` are structs of
// typed columns; where a struct cannot hold every value as it is (a key with text and numbers, keys
// that differ by case only, more than 1,000 keys) the column is JSON, as it is in the other
// formats, and `note` says why. Each file takes its name when it is whole. Errors: kInvalidArgument
// when a file is there already (nothing is written then) or a table's name is wrong.
Result<std::vector<TableFile>> export_tables(const query::Session& session,
                                             const TableChoice& choice,
                                             const std::filesystem::path& target);

}  // namespace headrace::exchange
