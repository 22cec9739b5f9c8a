// For tests: two stores hold the same, whatever numbers stand for names and values in each.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "collect/equal_rows_fixture.h"
#include "store/store.h"

namespace headrace::collect {

inline void expect_same_stores(const store::Store& is, const store::Store& should) {
  for (const ComparedTable& table : kComparedTables) {
    const auto rows = [&](const store::Store& store) {
      const Result<std::string> out = store.connection().text(
          "SELECT coalesce(string_agg(r, chr(10) ORDER BY r), '') FROM (SELECT t::VARCHAR AS r "
          "FROM (" +
          std::string(table.rows) + ") t)");
      EXPECT_TRUE(out.ok()) << table.name << ": " << out.status().message();
      return out.value_or("");
    };
    EXPECT_EQ(rows(is), rows(should)) << table.name;
  }
}

}  // namespace headrace::collect
