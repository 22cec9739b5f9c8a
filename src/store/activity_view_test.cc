#include "store/activity_view.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "store/store.h"
#include "store/writer.h"

namespace headrace::store {
namespace {

Field field(Role role, const std::string& key, ValueTag type) { return {role, type, key}; }

class ActivityViewTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<Store> made = Store::open_in_memory();
    ASSERT_TRUE(made.ok()) << made.status().message();
    store_.emplace(std::move(*made));
  }
  // One task in a transaction of its own; values count on from `first`.
  void add(const std::string& activity, const std::vector<Field>& fields, int64_t first) {
    Result<Writer> w = Writer::open(store_->connection());
    ASSERT_TRUE(w.ok() && w->begin().ok());
    const uint32_t producer = w->producer(7);
    const uint32_t number = w->activity(activity, "{\"name\":" + sql_name(activity) + "}");
    const uint32_t schema = w->schema(fields, activity);
    w->note_use(schema, number);
    const auto fill = [&](Appender* row, uint16_t page, size_t first_slot) {
      int64_t value = first;
      for (const Field& f : w->layout(schema).fields) {
        if (f.page == page && f.slot != kNoSlot) {
          switch (kind_of(f.type)) {
            case 0: row->set(first_slot + f.slot, static_cast<double>(value)); break;
            case 1: row->set(first_slot + f.slot, value); break;
            default: row->set_text(first_slot + f.slot, std::to_string(value)); break;
          }
        }
        ++value;
      }
    };
    ++seq_;
    Appender* tasks = w->rows(Table::kTask);
    ASSERT_NE(tasks, nullptr) << w->error().message();
    ASSERT_TRUE(tasks->next_row().ok());
    tasks->set(task_column::kProducer, producer);
    tasks->set(task_column::kSeq, seq_);
    tasks->set(task_column::kActivity, number);
    tasks->set(task_column::kSchema, schema);
    tasks->set(task_column::kStatus, uint8_t{2});
    if (schema != 0) {
      fill(tasks, 0, task_column::kFirstSlot);
      uint16_t last_page = 0;
      for (const Field& f : w->layout(schema).fields) last_page = std::max(last_page, f.page);
      for (uint16_t page = 1; page <= last_page; ++page) {
        if (std::none_of(w->layout(schema).fields.begin(), w->layout(schema).fields.end(),
                         [page](const Field& f) { return f.page == page; })) {
          continue;
        }
        Appender* pages = w->rows(Table::kPage);
        ASSERT_TRUE(pages->next_row().ok());
        pages->set(page_column::kProducer, producer);
        pages->set(page_column::kSeq, seq_);
        pages->set(page_column::kSchema, schema);
        pages->set(page_column::kPage, page);
        fill(pages, page, page_column::kFirstSlot);
      }
    }
    const Status done = w->commit();
    ASSERT_TRUE(done.ok()) << done.message();
  }
  std::string text(const std::string& sql) const {
    const Result<std::string> out = store_->connection().text("SELECT (" + sql + ")::VARCHAR");
    return out.ok() ? *out : out.status().message();
  }
  std::optional<Store> store_;
  int64_t seq_ = 0;
};

TEST_F(ActivityViewTest, ValuesHaveTheirKeysNamesAndTheTypesOfTheirActivity) {
  add("train",
      {field(Role::kUsed, "lr", ValueTag::kFloat),
       field(Role::kGenerated, "loss", ValueTag::kFloat)},
      10);
  add("load", {field(Role::kUsed, "lr", ValueTag::kString)}, 3);
  EXPECT_EQ(text("SELECT lr + loss FROM activity.train"), "21.0");
  EXPECT_EQ(text("SELECT typeof(lr) FROM activity.train"), "DOUBLE");
  EXPECT_EQ(text("SELECT typeof(lr) || lr FROM activity.load"), "VARCHAR3");
  EXPECT_EQ(text("SELECT status FROM activity.load"), "finished");
}

TEST_F(ActivityViewTest, ANewKeyShowsAndOneOfAnotherTypeWidensTheColumn) {
  add("train", {field(Role::kUsed, "n", ValueTag::kInt)}, 1);
  EXPECT_EQ(text("SELECT typeof(n) FROM activity.train"), "BIGINT");
  add("train",
      {field(Role::kUsed, "n", ValueTag::kFloat), field(Role::kUsed, "new", ValueTag::kInt)}, 4);
  EXPECT_EQ(text("SELECT any_value(typeof(n)) || sum(n) || sum(\"new\") FROM activity.train"),
            "DOUBLE5.05");
}

TEST_F(ActivityViewTest, OneNameForTwoThingsIsQualified) {
  add("a",
      {field(Role::kUsed, "x", ValueTag::kInt), field(Role::kGenerated, "x", ValueTag::kInt),
       field(Role::kUsed, "status", ValueTag::kInt), field(Role::kUsed, "K", ValueTag::kInt),
       field(Role::kUsed, "k", ValueTag::kInt), field(Role::kUsed, "", ValueTag::kInt)},
      1);
  EXPECT_EQ(text("SELECT [\"used.x\", \"generated.x\", \"used.status\", \"used.K\", \"used.k#2\", "
                 "\"used.\"] FROM activity.a"),
            "[1, 2, 3, 4, 5, 6]");
  EXPECT_FALSE(store_->connection().run("SELECT x FROM activity.a").ok()) << "no guess";
}

TEST_F(ActivityViewTest, OddNamesOfActivitiesAndKeys) {
  add("we\"ird.name 😀\n", {field(Role::kUsed, "a \"b\".c'd\n😀", ValueTag::kInt)}, 7);
  EXPECT_EQ(text("SELECT \"a \"\"b\"\".c'd\n😀\" FROM activity.\"we\"\"ird.name 😀\n\""), "7");
  add("task_slots", {field(Role::kUsed, "x", ValueTag::kInt)}, 8);
  EXPECT_EQ(text("SELECT x FROM activity.task_slots"), "8");
  add("Train", {field(Role::kUsed, "x", ValueTag::kInt)}, 1);
  add("train", {field(Role::kUsed, "x", ValueTag::kInt)}, 2);
  EXPECT_EQ(text("SELECT a.x * 10 + b.x FROM activity.train a, activity.\"train#2\" b"), "12");
  add("", {}, 0);
  EXPECT_EQ(text("SELECT count(*) FROM activity.\"(unnamed)\""), "1");
}

TEST_F(ActivityViewTest, AColumnThatIsAddedLaterReachesTheViewsThatNeedIt) {
  std::vector<Field> eight;
  for (int i = 0; i < 8; ++i) {
    eight.push_back(field(Role::kUsed, "k" + std::to_string(i), ValueTag::kFloat));
  }
  add("first", eight, 10);
  add("second", {eight[0]}, 20);  // shared, and no column of its kind is free
  EXPECT_EQ(text("SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'captured' AND "
                 "column_name = 'x0'"),
            "1");
  EXPECT_EQ(text("SELECT k0 FROM activity.second"), "20.0");
  add("first", eight, 30);
  EXPECT_EQ(text("SELECT list([k0, k7] ORDER BY k0) FROM activity.first"),
            "[[10.0, 17.0], [30.0, 37.0]]");
}

TEST_F(ActivityViewTest, TwoThousandKeysOfOneActivity) {
  std::vector<Field> fields;
  for (int i = 0; i < 2000; ++i) {
    fields.push_back(field(Role::kUsed, "k" + std::to_string(i), ValueTag::kFloat));
  }
  add("wide", fields, 0);
  EXPECT_EQ(text("SELECT k0 + k1000 + k1999 FROM activity.wide"), "2999.0");
  // A key keeps its page, also in a task that has nothing on the pages before it.
  add("wide", {field(Role::kUsed, "k1999", ValueTag::kFloat)}, 5);
  EXPECT_EQ(text("SELECT sum(k1999) FROM activity.wide"), "2004.0");
}

TEST_F(ActivityViewTest, OnlyViewsOfChangedActivitiesAreMadeAgain) {
  add("a", {field(Role::kUsed, "x", ValueTag::kInt)}, 1);
  add("b", {field(Role::kUsed, "x", ValueTag::kInt)}, 1);
  const char* made =
      "SELECT string_agg(view_oid, ' ' ORDER BY view_name) FROM duckdb_views() "
      "WHERE schema_name = 'activity'";
  const std::string before = text(made);
  add("a", {field(Role::kUsed, "x", ValueTag::kInt)}, 2);
  EXPECT_EQ(text(made), before) << "the same keys again";
  add("b", {field(Role::kUsed, "y", ValueTag::kInt)}, 2);
  const std::string after = text(made);
  EXPECT_NE(after, before);
  EXPECT_EQ(after.substr(0, after.find(' ')), before.substr(0, before.find(' ')));
}

// A store's views are made again when its text changes.
TEST(ActivityViewPattern, ShowsEveryWayToShowAValue) {
  const std::string sql = activity_view_pattern();
  for (const char* way :
       {"t.b0", "t.i0::HUGEINT", "TRY_CAST(t.s0 AS DOUBLE)", "make_timestamp_ns(t.i0)",
        "unhex(t.s0)", "t.s0::JSON", "TRY_CAST(t.s0 AS UUID)", "strpos(t.s0, ':')",
        "main.task_page", "g.d0[list_position(g.pages, 1)]", "WHEN t.schema = 1 THEN",
        "list(has ORDER BY schema)"}) {
    EXPECT_NE(sql.find(way), std::string::npos) << way;
  }
}

}  // namespace
}  // namespace headrace::store
