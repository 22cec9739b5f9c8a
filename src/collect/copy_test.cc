#include "collect/copy.h"

#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

using CopyTest = FoldTest;

constexpr const char* kTasks =
    "SELECT string_agg(activity || used, ' ' ORDER BY task_id) FROM task";

// Twelve keys, of which two activities share all.
void add_tasks(const Directory& directory, ProducerId uid) {
  SpoolFixture p(directory, uid);
  p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
  std::vector<ShapeField> fields;
  std::vector<CellValue> cells;
  for (int i = 0; i < 12; ++i) {
    fields.push_back({"k" + std::to_string(i), Role::kUsed, ValueTag::kFloat});
    cells.push_back(cell_of(i + 0.5));
  }
  uint64_t number = 0;
  for (const char* activity : {"a", "b", "a"}) {
    ++number;
    p.task({.activity = p.activity(activity),
            .number = number,
            .begin = number,
            .end = number + 1,
            .shape = p.shape(fields),
            .cells = cells});
    std::rotate(fields.begin(), fields.begin() + 1, fields.end());
    fields.pop_back();
    cells.pop_back();
  }
  p.seal();
}

TEST_F(CopyTest, BringsTheColumnsThatTheStoreHasGot) {
  add_tasks(directory_, 5);
  std::string before;
  {
    Result<store::Store> store =
        store::Store::open(directory_.store(), store::OpenMode::kReadWrite);
    ASSERT_TRUE(store.ok()) << store.status().message();
    fold_into(*store);
    ASSERT_GT(integer(*store,
                      "SELECT count(*) FROM duckdb_columns() WHERE table_name = "
                      "'task_slots' AND starts_with(column_name, 'x')"),
              0);
    before = text(*store, kTasks);
  }
  Result<store::Store> copy = copy_to_memory(directory_.store(), {});
  ASSERT_TRUE(copy.ok()) << copy.status().message();
  EXPECT_EQ(text(*copy, kTasks), before);
  add_tasks(directory_, 6);
  fold_into(*copy);
  EXPECT_EQ(integer(*copy, "SELECT count(*) FROM task"), 6);
  EXPECT_EQ(text(*copy,
                 "SELECT string_agg(DISTINCT n::VARCHAR, ' ') FROM (SELECT used, count(*) "
                 "AS n FROM task GROUP BY used)"),
            "2");
  EXPECT_EQ(integer(*copy, "SELECT count(k3) FROM activity.a"), 4);
}

}  // namespace
}  // namespace headrace::collect
