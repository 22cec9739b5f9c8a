#include "query/touched_keys.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// What DuckDB's own parser makes of the text.
TouchedKeys touched(const std::string& sql) {
  const auto store = store::Store::open_in_memory();
  const auto text =
      store->connection().text("SELECT json_serialize_sql(" + store::sql_text(sql) + ")");
  EXPECT_TRUE(text.ok()) << text.status().message();
  return find_touched_keys(*Json::parse(*text));
}

using Names = std::vector<std::string>;

TEST(TouchedKeys, AreFoundHoweverTheyAreWritten) {
  const TouchedKeys keys = touched(
      "SELECT used.lr, generated['val loss'], t.used.\"a b\", struct_extract(used, 'x'), "
      "max(generated.cfg.depth) FROM task t WHERE used['opt']['name'] = 'used.nothing' -- "
      "used.comment");
  EXPECT_TRUE(keys.reads_task);
  ASSERT_EQ(keys.paths.size(), 6u);
  EXPECT_EQ(keys.paths[0].names, Names({"a b"}));
  EXPECT_EQ(keys.paths[1].names, Names({"lr"}));
  EXPECT_EQ(keys.paths[2].names, (Names{"opt", "name"}));
  EXPECT_EQ(keys.paths[3].names, Names({"x"}));
  EXPECT_EQ(keys.paths[4].names, (Names{"cfg", "depth"}));
  EXPECT_EQ(keys.paths[5].names, Names({"val loss"}));
  EXPECT_FALSE(keys.bare_used);
  EXPECT_FALSE(keys.star);
}

TEST(TouchedKeys, OtherTablesColumnsAreNotTasks) {
  const TouchedKeys keys =
      touched("SELECT w.used.seed, t.used.lr FROM workflow w JOIN task t USING (workflow_id)");
  ASSERT_EQ(keys.paths.size(), 1u);
  EXPECT_EQ(keys.paths[0].names, Names({"lr"}));
  EXPECT_TRUE(keys.columns.contains("workflow_id"));
}

TEST(TouchedKeys, StarsAndWholeRowsAskForEverything) {
  EXPECT_TRUE(touched("FROM task").star);
  EXPECT_TRUE(touched("SELECT t FROM task t").star);
  EXPECT_TRUE(touched("SELECT 1 FROM task NATURAL JOIN workflow").star);
  EXPECT_FALSE(touched("SELECT count(*) FROM task").star);
  EXPECT_FALSE(touched("FROM task").star_of_values);
  EXPECT_TRUE(touched("SELECT t.task_id, used.* FROM task t").star_of_values);
  EXPECT_TRUE(touched("SELECT used FROM task").bare_used);
  EXPECT_FALSE(touched("SELECT 1").reads_task);
}

}  // namespace
}  // namespace headrace::query
