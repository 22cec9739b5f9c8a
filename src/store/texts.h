// A column of text, read whole.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace headrace::store {

// The first column of every row that the query gives.
inline Result<std::vector<std::string>> texts(const Connection& connection,
                                              const std::string& sql) {
  Result<QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) out.emplace_back(rows->chunk().text(0, r));
  }
  return out;
}

}  // namespace headrace::store
