#include "query/asked_task.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

const std::string kId = "12345678-1234-8123-8000-010000000007";

std::optional<Uuid> asked(const std::string& sql) {
  const auto store = store::Store::open_in_memory();
  const auto text =
      store->connection().text("SELECT json_serialize_sql(" + store::sql_text(sql) + ")");
  EXPECT_TRUE(text.ok()) << text.status().message();
  return asked_task(*Json::parse(*text));
}

TEST(AskedTask, IsFoundAmongConditions) {
  for (const std::string& sql :
       {"SELECT * FROM task WHERE task_id = '" + kId + "'",
        "SELECT t.used.lr FROM task t WHERE status = 'failed' AND t.task_id = '" + kId + "'::UUID",
        "FROM Task WHERE CAST('" + kId +
            "' AS UUID) = TASK_ID AND (status = 'a' OR attempt = 2)"}) {
    ASSERT_TRUE(asked(sql).has_value()) << sql;
    EXPECT_EQ(asked(sql)->text(), kId) << sql;
  }
}

TEST(AskedTask, IsNoneWhereOtherTasksMayMatter) {
  for (const std::string& sql : {
           "SELECT * FROM task WHERE task_id = '" + kId + "' OR status = 'failed'",
           "SELECT * FROM task WHERE task_id <> '" + kId + "'",
           "SELECT * FROM task WHERE parent_task_id = '" + kId + "'",
           "SELECT * FROM task WHERE NOT task_id = '" + kId + "'",
           "SELECT (SELECT count(*) FROM task) FROM task WHERE task_id = '" + kId + "'",
           "SELECT * FROM task a JOIN task b ON a.task_id = b.parent_task_id WHERE a.task_id = '" +
               kId + "'",
           "SELECT * FROM task_energy WHERE task_id = '" + kId + "'",
           "SELECT * FROM task UNION ALL SELECT * FROM task WHERE task_id = '" + kId + "'",
           std::string("SELECT * FROM task WHERE task_id = 'no id'"),
           std::string("SELECT * FROM task"),
       }) {
    EXPECT_FALSE(asked(sql).has_value()) << sql;
  }
}

}  // namespace
}  // namespace headrace::query
