// Pieces of answers that are documents: a table among sentences, a number or null.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "query/json.h"
#include "query/json_or_null.h"
#include "query/table_builder.h"
#include "query/write.h"

namespace headrace::query {

// As a person reads it.
inline std::string shown_table(TableBuilder&& builder) {
  std::string out;
  ResultTable table = builder.finish();
  const Result<Written> written = write_table(table, {}, [&out](std::string_view piece) {
    out += piece;
    return Status();
  });
  return written.ok() ? out : written.status().message() + "\n";
}

}  // namespace headrace::query
