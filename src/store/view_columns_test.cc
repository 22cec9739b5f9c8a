#include "store/view_columns.h"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "store/store.h"

namespace headrace::store {
namespace {

// view -> "column TYPE" lines in order, from DuckDB or from our words.
using Described = std::map<std::string, std::string>;

Described described(const Connection& c) {
  Described out;
  Result<QueryResult> rows = c.query(
      "SELECT c.table_name, string_agg(c.column_name || ' ' || c.data_type, chr(10) "
      "ORDER BY c.column_index) FROM duckdb_columns() c JOIN duckdb_views() v ON "
      "v.view_name = c.table_name AND v.schema_name = c.schema_name "
      "WHERE c.schema_name = 'main' AND NOT v.internal GROUP BY 1");
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) {
      out[std::string(rows->chunk().text(0, r))] = rows->chunk().text(1, r);
    }
  }
  return out;
}

TEST(ViewColumns, WordsAndViewsHaveTheSameColumnsAndTypes) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok()) << store.status().message();
  Described words;
  for (const ViewWords& v : view_words()) {
    std::string& lines = words[v.name];
    for (const ViewColumn& c : v.columns) {
      lines += (lines.empty() ? "" : "\n") + std::string(c.name) + " " + c.type;
      EXPECT_STRNE(c.meaning, "") << v.name << "." << c.name;
    }
  }
  EXPECT_EQ(words, described(store->connection()));
}

TEST(ViewColumns, TheStoreSaysTheWordsItself) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  const Connection& c = store->connection();
  EXPECT_EQ(c.text("SELECT comment FROM duckdb_columns() WHERE table_name = 'task_energy' "
                   "AND column_name = 'window_j'")
                .value_or(""),
            "All that the domain counted while the task was open [J]");
  EXPECT_EQ(c.integer("SELECT count(*) FROM duckdb_columns() c JOIN duckdb_views() v ON "
                      "v.view_name = c.table_name AND v.schema_name = c.schema_name "
                      "WHERE v.schema_name = 'main' AND NOT v.internal AND c.comment IS NULL")
                .value_or(-1),
            0);
  EXPECT_EQ(c.integer("SELECT count(*) FROM duckdb_views() WHERE NOT internal AND comment IS NULL")
                .value_or(-1),
            0);
}

TEST(ViewColumns, ThePageIsMadeOfTheWords) {
  std::ifstream file(HEADRACE_SOURCE_DIR "/docs/schema.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), schema_page()) << "headrace config schema > docs/schema.md";
}

}  // namespace
}  // namespace headrace::store
