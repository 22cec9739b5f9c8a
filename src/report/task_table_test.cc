#include "report/task_table.h"

#include "gtest/gtest.h"

namespace headrace::report {
namespace {

TaskRow row(uint64_t number, const std::string& activity, int64_t start_ns, int64_t duration_ns) {
  TaskRow out;
  out.id = task_uuid(0x123456789abcdefu, number);
  out.activity = activity;
  out.status = "finished";
  out.start_ns = start_ns;
  out.duration_ns = duration_ns;
  out.hostname = "node-07";
  out.pid = 4711;
  out.thread = "main";
  return out;
}

TEST(TaskTable, RowsGoByPlaceThenStartAndParentsAreDistances) {
  std::vector<TaskRow> rows{row(3, "step", 20, 5), row(1, "epoch", 10, 50), row(2, "step", 12, 5)};
  rows[0].parent = rows[2].parent = rows[1].id;
  const query::Json table = task_table(rows, 3);
  // In order of start: epoch at row 0, then its two steps, 1 and 2 rows below it: zigzag 0 2 4.
  EXPECT_EQ(table["columns"]["parent"]["data"].text(), "AAIE");
  EXPECT_EQ(table["activities"].dump(), R"(["epoch","step"])");
  EXPECT_EQ(table["places"].dump(),
            R"([{"workflow":0,"hostname":"node-07","pid":4711,"thread":"main","rank":null}])");
  EXPECT_TRUE(table["columns"]["energy_j"].is_null());
}

TEST(TaskTable, AParentThatIsNotInTheTableIsNone) {
  std::vector<TaskRow> rows{row(1, "step", 0, 5)};
  rows[0].parent = task_uuid(7, 7);
  EXPECT_EQ(task_table(rows, 1)["columns"]["parent"]["data"].text(), "AA==");
}

TEST(TaskTable, AnOpenTaskHasNoDurationAndAnUnknownStatusCountsAsLost) {
  std::vector<TaskRow> rows{row(1, "step", 0, 0)};
  EXPECT_EQ(task_table(rows, 1)["columns"]["duration_ns"]["data"].text(), "AQ==");
  rows[0].duration_ns.reset();
  rows[0].status = "something new";
  const query::Json table = task_table(rows, 1);
  EXPECT_EQ(table["columns"]["duration_ns"]["data"].text(), "AA==");
  EXPECT_EQ(table["columns"]["status"]["data"].text(), "BQE=");
}

TEST(TaskTable, BulkyActivitiesLoseTheirValuesAndItIsSaid) {
  std::vector<TaskRow> rows;
  for (uint64_t i = 0; i < 100; ++i) {
    rows.push_back(row(i + 1, i < 2 ? "finetune" : "step", static_cast<int64_t>(i), 1));
    rows.back().used = R"({"lr":0.001})";
  }
  const query::Json table = task_table(rows, 100, {.value_bytes = 200});
  EXPECT_EQ(table["values"].as<query::Json::List>()->size(), 2u);
  EXPECT_EQ(table["values_left_out"].dump(), R"([{"activity":"step","tasks":98}])");
}

TEST(TaskTable, AnErrorKeepsItsHeadAndItsTail) {
  std::vector<TaskRow> rows{row(1, "step", 0, 1)};
  rows[0].error = "ValueError: bad" + std::string(50'000, '.') + "train.py, line 88";
  const std::string text =
      (*task_table(rows, 1)["errors"].as<query::Json::List>())[0]["text"].text();
  EXPECT_LT(text.size(), 9000u);
  EXPECT_TRUE(text.starts_with("ValueError: bad"));
  EXPECT_TRUE(text.ends_with("train.py, line 88"));
}

TEST(TaskTable, AHundredThousandTasksFitThreeMegabytes) {
  std::vector<TaskRow> rows;
  for (uint64_t i = 0; i < 100'000; ++i) {
    rows.push_back(row(i + 1, "step", static_cast<int64_t>(i * 40'000'123 + i * i % 977),
                       39'000'000 + static_cast<int64_t>(i * 7919 % 1'000'003)));
    rows.back().thread = i % 2 ? "worker-1" : "worker-0";
    rows.back().energy_j = 0.25;
    // A fifth has values: that much fits.
    rows.back().activity = i % 5 == 0 ? "log" : "step";
    if (i % 5 == 0) rows.back().generated = R"({"loss":2.4107})";
    if (i > 0) rows.back().parent = rows[i / 60 * 60].id;
  }
  const size_t bytes = task_table(rows, rows.size()).dump().size();
  EXPECT_LT(bytes, 2'800'000u) << "beside the page itself and its other views";
}

}  // namespace
}  // namespace headrace::report
