#include "query/session.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

std::vector<std::vector<std::string>> texts(const Session& session, const std::string& sql) {
  const auto rows = session.rows(sql);
  EXPECT_TRUE(rows.ok()) << rows.status().message() << "\n" << sql;
  std::vector<std::vector<std::string>> out;
  if (!rows.ok()) return out;
  for (const auto& row : *rows) {
    auto& line = out.emplace_back();
    for (const Cell& cell : row) line.push_back(cell.is_null ? "NULL" : cell.text);
  }
  return out;
}

using Rows = std::vector<std::vector<std::string>>;

Session two_activities() {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "train");
  store.task(wf, {"train",
                  {{"lr", 0.5}, {"batch", int64_t{16}}, {"cfg.depth", int64_t{4}}},
                  {{"loss", 2.5}, {"val loss", 2.75}}});
  store.task(wf, {"train",
                  {{"lr", 0.25}, {"batch", int64_t{32}}, {"cfg.depth", int64_t{8}}},
                  {{"loss", 1.5}, {"val loss", 1.75}}});
  store.task(wf, {"prepare", {{"path", std::string("a.txt")}}, {}});
  return store.session();
}

TEST(Session, TypedValuesOfTasksAreColumns) {
  const Session session = two_activities();
  EXPECT_EQ(texts(session, "SELECT used.lr, generated.loss FROM task WHERE used.lr < 0.3"),
            (Rows{{"0.25", "1.5"}}));
  EXPECT_EQ(texts(session, "SELECT sum(t.used.batch), max(t.generated.\"val loss\") FROM task t"),
            (Rows{{"48", "2.75"}}));
  EXPECT_EQ(texts(session, "SELECT used['lr'] * 2 FROM task WHERE activity = 'train' ORDER BY 1"),
            (Rows{{"0.5"}, {"1"}}));
}

TEST(Session, KeyThatATaskHasNotIsNull) {
  const Session session = two_activities();
  EXPECT_EQ(
      texts(session, "SELECT activity, used.lr, used.path FROM task ORDER BY used.lr DESC"),
      (Rows{{"train", "0.5", "NULL"}, {"train", "0.25", "NULL"}, {"prepare", "NULL", "a.txt"}}));
}

TEST(Session, KeyWithADotIsFoundByItsPathAndByItsName) {
  const Session session = two_activities();
  EXPECT_EQ(texts(session, "SELECT max(used.cfg.depth) FROM task"), (Rows{{"8"}}));
  EXPECT_EQ(texts(session, "SELECT max(used.\"cfg.depth\") FROM task"), (Rows{{"8"}}));
}

TEST(Session, KeyMayDifferInCase) {
  EXPECT_EQ(texts(two_activities(), "SELECT max(used.LR) FROM task"), (Rows{{"0.5"}}));
}

TEST(Session, UnknownKeyNamesTheNearest) {
  const Session session = two_activities();
  Result<ResultTable> table = session.sql("SELECT used.lrr FROM task");
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(table.status().message(), "no task has used.lrr; did you mean lr?");
  table = session.sql("SELECT used.loss FROM task");
  EXPECT_EQ(table.status().message(), "no task has used.loss; it is generated.loss");
  table = session.sql("SELECT generated.zzz FROM task");
  EXPECT_EQ(table.status().message(), "no task has generated.zzz; known are loss and val loss");
}

TEST(Session, KeysThatDifferOnlyInCaseAreNeverMixedUp) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "train");
  store.task(wf, {"train", {{"lr", 0.5}, {"LR", int64_t{7}}, {"Batch", int64_t{2}}}, {}});
  const Session session = store.session();
  EXPECT_EQ(texts(session, "SELECT used.lr FROM task"), (Rows{{"0.5"}}));
  EXPECT_EQ(texts(session, "SELECT used['LR'] FROM task"), (Rows{{"7"}}));
  EXPECT_EQ(texts(session, "SELECT used->>'$.lr', used->>'$.LR' FROM task"), (Rows{{"0.5", "7"}}));
  EXPECT_EQ(texts(session, "SELECT used.batch, used.BATCH FROM task"), (Rows{{"2", "2"}}));
  EXPECT_EQ(session.sql("SELECT used.lr FROM task t WHERE t.used.LR = 7").status().message(),
            "used.LR and used.lr differ only in case, which SQL does not see; ask for one of them "
            "in each query, or write used->>'$.LR' and used->>'$.lr' for both");
  EXPECT_EQ(session.sql("SELECT used.Lr FROM task").status().message(),
            "no task has used.Lr; did you mean LR or lr?");
}

TEST(Session, NamesOfAnyKindAreQuoted) {
  const std::vector<std::string> names = {"it's", "q\"uote", "new\nline", "é😀", "a.b.c", "select"};
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "train");
  TestTask task{"odd", {}, {}};
  for (size_t i = 0; i < names.size(); ++i) {
    task.used.emplace_back(names[i], static_cast<int64_t>(i));
  }
  store.task(wf, task);
  const Session session = store.session();
  for (size_t i = 0; i < names.size(); ++i) {
    const Rows value{{std::to_string(i)}};
    EXPECT_EQ(texts(session, "SELECT used." + store::sql_name(names[i]) + " FROM task"), value);
    EXPECT_EQ(texts(session, "SELECT used[" + store::sql_text(names[i]) + "] FROM task"), value);
  }
  EXPECT_EQ(texts(session, "SELECT used.a.b.c FROM task"), (Rows{{"4"}}));
  EXPECT_EQ(session.sql("SELECT used.\"new\nlime\" FROM task").status().message(),
            "no task has used.new\\nlime; did you mean new\\nline?");
}

TEST(Session, OneKeyWithThreeTypesIsANumberWhereItCanBe) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "train");
  store.task(wf, {"a", {{"x", int64_t{7}}}, {}});
  store.task(wf, {"a", {{"x", 0.5}}, {}});
  store.task(wf, {"a", {{"x", std::string("auto")}}, {}});
  const Session session = store.session();
  EXPECT_EQ(texts(session, "SELECT used.x FROM task ORDER BY started_at"),
            (Rows{{"7"}, {"0.5"}, {"NULL"}}));
  EXPECT_EQ(texts(session, "SELECT used->>'$.x' FROM task ORDER BY started_at"),
            (Rows{{"7"}, {"0.5"}, {"auto"}}));
}

TEST(Session, KeysAreFoundInEveryShapeOfQuery) {
  const Session session = two_activities();
  const Rows smallest{{"0.25"}};
  for (const char* sql : {
           "FROM task SELECT min(used.lr)",
           "SELECT min(USED.lr) FROM TASK",
           "SELECT min(\"used\".\"lr\") FROM \"task\"",
           "SELECT min(main.task.used.lr) FROM main.task",
           "SELECT min(a.used.lr) FROM task AS a JOIN task AS b USING (task_id) WHERE b.used.lr > "
           "0",
           "SELECT min(used.lr) FROM (SELECT * FROM task) AS t",
           "SELECT (SELECT min(t.used.lr) FROM task t) FROM campaign",
           "WITH t AS (FROM task) SELECT min(used.lr) FROM t",
           "WITH t AS (SELECT used.lr AS x FROM task) SELECT min(x) FROM t",
           "SELECT used.lr FROM task a WHERE NOT EXISTS (FROM task b WHERE b.used.lr < a.used.lr) "
           "AND used.lr > 0",
           "SELECT DISTINCT min(used.lr) OVER () FROM task",
           "SELECT z FROM task t, LATERAL (SELECT t.used.lr AS z) ORDER BY z NULLS LAST LIMIT 1",
           "SELECT used.lr FROM task GROUP BY ALL HAVING max(generated.loss) < 2",
           "SELECT min(used.lr) FROM task UNION SELECT min(used['lr']) FROM task",
           "SELECT used.lr FROM task QUALIFY row_number() OVER (ORDER BY used.lr) = 1",
           "SELECT min(CASE WHEN used.batch > 0 THEN struct_extract(used, 'lr') END) FROM task",
       }) {
    EXPECT_EQ(texts(session, sql), smallest) << sql;
    std::string wrong(sql);
    wrong.replace(wrong.find("lr"), 2, "lrr");
    EXPECT_EQ(session.sql(wrong).status().message(), "no task has used.lrr; did you mean lr?")
        << wrong;
  }
  EXPECT_EQ(texts(session, "SELECT COLUMNS('duration_s') FROM task LIMIT 1"), (Rows{{"1"}}));
  EXPECT_EQ(texts(session, "WITH task AS (SELECT 1 AS a) SELECT a FROM task"), (Rows{{"1"}}));
}

TEST(Session, AllValuesByStarAreRefusedWithWhatToWriteInstead) {
  const Session session = two_activities();
  for (const char* sql : {"SELECT used.* FROM task", "SELECT activity, GENERATED.* FROM task"}) {
    EXPECT_EQ(session.sql(sql).status().message(),
              "used.* and generated.* stand for no columns in SQL, for every activity has its own "
              "values; name them (used.lr), take all as JSON (used), or read the view of one "
              "activity, as in FROM activity.train");
  }
  EXPECT_TRUE(session.sql("SELECT t.* FROM task t").ok());
}

TEST(Session, PivotSaysWhatItNeeds) {
  const Session session = two_activities();
  EXPECT_EQ(session.sql("PIVOT task ON status USING count(*)").status().message(),
            "PIVOT needs the values that become columns: PIVOT task ON status IN ('finished', "
            "'failed') USING count(*)");
  EXPECT_EQ(texts(session,
                  "PIVOT (SELECT activity, status FROM task) ON status IN ('finished') USING "
                  "count(*) ORDER BY ALL"),
            (Rows{{"prepare", "1"}, {"train", "2"}}));
}

TEST(Session, WholeRolesAreJson) {
  const Session session = two_activities();
  Result<ResultTable> table = session.sql("SELECT used, generated FROM task ORDER BY started_at");
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->columns()[0].type, "JSON");
  ASSERT_TRUE(*table->next());
  EXPECT_EQ(table->json(0, 0)["batch"], Json(int64_t{16}));
  EXPECT_EQ(table->json(1, 0)["val loss"], Json(2.75));
  EXPECT_EQ(table->json(0, 2)["path"], Json("a.txt"));
  EXPECT_EQ(texts(session,
                  "SELECT (used->>'$.lr')::DOUBLE FROM task WHERE activity = 'train' ORDER BY 1"),
            (Rows{{"0.25"}, {"0.5"}}));
}

TEST(Session, WholeAndByKeyInOneQueryIsRefusedRatherThanWrong) {
  const Result<ResultTable> table = two_activities().sql("SELECT used FROM task WHERE used.lr > 0");
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.status().message().find("used->>'$.KEY'"), std::string::npos);
}

TEST(Session, StarGivesEveryColumn) {
  Result<ResultTable> table = two_activities().sql("FROM task");
  ASSERT_TRUE(table.ok()) << table.status().message();
  for (const char* name : {"task_id", "workflow_id", "campaign", "activity", "parent_task_id",
                           "status", "started_at", "ended_at", "duration_s", "used", "generated",
                           "hostname", "pid", "thread", "rank", "error"}) {
    EXPECT_TRUE(table->column(name).has_value()) << name;
  }
}

TEST(Session, TagsAreThereForAQueryThatNamesNoKey) {
  StoreForTest store;
  store.workflow(store.campaign("sweep"), "train");
  store.run(
      "INSERT INTO activity_row VALUES (1, 'train', '{}'); INSERT INTO schema_activity VALUES (1, "
      "1); INSERT INTO field VALUES (1, 0, 2, 'run', 4, 0, 24, false); INSERT INTO "
      "task_slots(producer, seq, wf, activity, schema, ts, dur, status, attempt, s0) VALUES (1, 1, "
      "1, 1, 1, 1, 1, 2, 0, 'a')");
  const Session session = store.session();
  EXPECT_EQ(texts(session, "SELECT activity FROM task"), (Rows{{"train"}}));
  EXPECT_EQ(texts(session, "SELECT tags->>'$.run' FROM task"), (Rows{{"a"}}));
}

TEST(Session, ValuesOfOtherViewsAreNotLookedUpInTasks) {
  const Session session = two_activities();
  EXPECT_EQ(texts(session, "SELECT w.used.nothing FROM workflow w"), (Rows{{"NULL"}}));
  EXPECT_EQ(texts(session,
                  "SELECT w.used.nothing FROM workflow w JOIN task t USING (workflow_id) "
                  "WHERE t.used.lr = 0.5"),
            (Rows{{"NULL"}}));
}

// DuckDB 1.5.5 finds no parent here when it may share the plan of the view's two uses.
TEST(Session, TasksJoinTheirParents) {
  StoreForTest store;
  store.run("UPDATE producer_row SET rank = 1");
  const int wf = store.workflow(store.campaign("sweep"), "train");
  const int64_t epoch = store.task(wf, {"epoch", {}, {}});
  store.task(wf, {"step", {}, {}, epoch});
  const Session session = store.session();
  EXPECT_EQ(texts(session,
                  "SELECT child.activity, parent.activity AS p, count(*) AS n FROM task child"
                  " LEFT JOIN task parent ON parent.task_id = child.parent_task_id"
                  " AND parent.rank = child.rank GROUP BY ALL ORDER BY ALL"),
            (Rows{{"epoch", "NULL", "1"}, {"step", "epoch", "1"}}));
}

TEST(Session, NothingIsWritten) {
  const Session session = two_activities();
  for (const char* sql : {"DELETE FROM task_slots", "INSERT INTO meta VALUES ('a', 'b')",
                          "DROP VIEW task", "CREATE TABLE x(a INT)", "COPY task TO '/tmp/x.csv'",
                          "ATTACH '/tmp/x.db'", "SET threads = 1", "PRAGMA threads = 1"}) {
    const Result<ResultTable> table = session.sql(sql);
    ASSERT_FALSE(table.ok()) << sql;
    EXPECT_EQ(table.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(table.status().message().find("the store is only read"), std::string::npos)
        << table.status().message();
  }
  EXPECT_FALSE(session.sql("SELECT 1; DELETE FROM task_slots").ok());
  EXPECT_EQ(session.sql("SELECT 1; SELECT 2").status().message(),
            "one statement at a time, and this is several");
  EXPECT_EQ(session.sql(" ").status().message(), "the query is empty");
}

TEST(Session, MistakesInSqlPointAtThePlace) {
  const Session session = two_activities();
  Status status = session.sql("SELEC activity\nFROM task").status();
  EXPECT_EQ(status.message(),
            "syntax error at or near \"SELEC\"\nLINE 1: SELEC activity\n        ^");
  status = session.sql("SELECT 1\nFROM task WHERE )").status();
  EXPECT_NE(status.message().find("LINE 2: FROM task WHERE )\n                        ^"),
            std::string::npos)
      << status.message();
  status = session.sql("SELECT activty FROM task").status();
  EXPECT_NE(status.message().find("activty"), std::string::npos);
  EXPECT_EQ(status.message().find("task_slots"), std::string::npos) << status.message();
  status = session.sql("SELECT * FROM tasks").status();
  EXPECT_EQ(status.message().substr(0, status.message().find('\n')),
            "there is no table or view tasks; did you mean task?");
}

TEST(Session, ReadsWhatIsNoPlainSelect) {
  const Session session = two_activities();
  EXPECT_EQ(texts(session, "WITH t AS (SELECT used.lr AS lr FROM task) SELECT max(lr) FROM t"),
            (Rows{{"0.5"}}));
  EXPECT_EQ(texts(session, "VALUES (1), (2)").size(), 2u);
  EXPECT_GT(texts(session, "DESCRIBE task").size(), 10u);
  EXPECT_FALSE(texts(session, "EXPLAIN SELECT used.lr FROM task").empty());
  EXPECT_FALSE(texts(session, "explain analyze SELECT used.lr FROM task").empty());
  EXPECT_FALSE(texts(session, "SUMMARIZE SELECT duration_s FROM task").empty());
  EXPECT_EQ(texts(session, "SELECT (SELECT max(generated.loss) FROM task)"), (Rows{{"2.5"}}));
}

TEST(Session, LargeResultsComeInBatchesAndCanBeCollected) {
  Result<ResultTable> table = two_activities().sql("SELECT range AS n FROM range(10000)");
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE(table->collect().ok());
  size_t rows = 0;
  for (;;) {
    const Result<bool> more = table->next();
    ASSERT_TRUE(more.ok());
    if (!*more) break;
    EXPECT_EQ(table->cell(0, 0).text, std::to_string(rows));
    rows += table->rows();
  }
  EXPECT_EQ(rows, 10000u);
}

TEST(Session, ErrorWhileRunningEndsTheRows) {
  Result<ResultTable> table = two_activities().sql(
      "SELECT CASE WHEN range = 5000 THEN 'x' ELSE '1' END::INT FROM range(9000)");
  if (table.ok()) {
    Status status;
    for (;;) {
      const Result<bool> more = table->next();
      if (!more.ok()) status = more.status();
      if (!more.ok() || !*more) break;
    }
    EXPECT_NE(status.message().find("Could not convert string 'x'"), std::string::npos);
  } else {
    EXPECT_NE(table.status().message().find("Could not convert string 'x'"), std::string::npos);
  }
}

TEST(Session, MissingFolderSaysWhatToDo) {
  const Result<Session> session = Session::open("/nowhere/at/all/.headrace");
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), StatusCode::kNotFound);
  EXPECT_NE(session.status().message().find("headrace run"), std::string::npos);
}

}  // namespace
}  // namespace headrace::query
