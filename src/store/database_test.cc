#include "store/database.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "store/appender.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "headrace-database-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  static Connection memory() {
    Result<Database> db = Database::open("", {});
    EXPECT_TRUE(db.ok()) << db.status().message();
    Result<Connection> connection = db->connect();
    EXPECT_TRUE(connection.ok());
    return std::move(*connection);
  }
  fs::path folder_;
};

TEST_F(DatabaseTest, GivesCellsOfEveryType) {
  const Connection c = memory();
  Result<QueryResult> r = c.query(
      "SELECT true, 7::TINYINT, -8::BIGINT, 1.5::DOUBLE, 'caf\u00e9 is longer than twelve', "
      "NULL::INTEGER, "
      "'00112233-4455-6677-8899-aabbccddeeff'::UUID, make_timestamp_ns(5), 12.25::DECIMAL(10,2), "
      "170141183460469231731687303715884105727::HUGEINT, '{\"a\":1}'::JSON, "
      "TIMESTAMP '1970-01-01 00:00:01'");
  ASSERT_TRUE(r.ok()) << r.status().message();
  ASSERT_TRUE(r->next());
  const Chunk& k = r->chunk();
  ASSERT_EQ(k.rows(), 1u);
  EXPECT_TRUE(k.boolean(0, 0));
  EXPECT_EQ(k.integer(1, 0), 7);
  EXPECT_EQ(k.integer(2, 0), -8);
  EXPECT_EQ(k.real(2, 0), -8.0);
  EXPECT_EQ(k.real(3, 0), 1.5);
  EXPECT_EQ(k.text(4, 0), "caf\u00e9 is longer than twelve");
  EXPECT_TRUE(k.is_null(5, 0));
  EXPECT_EQ(k.uuid(6, 0).text(), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(k.time_ns(7, 0), 5);
  EXPECT_EQ(k.real(8, 0), 12.25);
  EXPECT_NEAR(k.real(9, 0) / 1.7014118346046923e38, 1, 1e-12);
  EXPECT_TRUE(r->columns()[10].is_json);
  EXPECT_FALSE(r->columns()[4].is_json);
  EXPECT_EQ(k.time_ns(11, 0), 1'000'000'000);
  EXPECT_FALSE(r->next());
}

TEST_F(DatabaseTest, PreparedValuesAreBoundNotPasted) {
  const Connection c = memory();
  ASSERT_TRUE(c.run("CREATE TABLE t(a BIGINT, b VARCHAR, c DOUBLE, d UUID)").ok());
  Result<Statement> insert = c.prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
  ASSERT_TRUE(insert.ok());
  const Uuid id = random_uuid();
  Result<QueryResult> done = insert->bind(1, int64_t{1})
                                 .bind(2, "'); DROP TABLE t; --")
                                 .bind(3, 0.5)
                                 .bind(4, id)
                                 .execute();
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done->rows_changed(), 1u);
  ASSERT_TRUE(insert->bind_null(2).execute().ok());
  EXPECT_EQ(*c.integer("SELECT count(*) FROM t"), 2);
  EXPECT_EQ(*c.text("SELECT b FROM t WHERE b IS NOT NULL"), "'); DROP TABLE t; --");
  EXPECT_FALSE(insert->bind(9, int64_t{1}).execute().ok());
}

TEST_F(DatabaseTest, ErrorsCarryTheReason) {
  const Connection c = memory();
  const Status parse = c.run("SELEC 1");
  EXPECT_EQ(parse.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(parse.message().find("SELEC"), std::string::npos);
  EXPECT_EQ(c.query("SELECT nope FROM range(3)").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(c.prepare("SELECT * FROM absent").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(c.integer("SELECT 1 WHERE false").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Database::open("/nowhere/x.duckdb", {}).status().code(), StatusCode::kIo);
}

TEST_F(DatabaseTest, AppendsManyChunksWithNulls) {
  const Connection c = memory();
  ASSERT_TRUE(c.run("CREATE TABLE t(a BIGINT, b DOUBLE, c VARCHAR, d BOOLEAN, e UUID)").ok());
  Result<Appender> rows = Appender::open(c, "t");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  for (int64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(rows->next_row().ok());
    rows->set(0, i);
    if (i % 2 == 0) rows->set(1, std::nan(""));
    if (i % 3 == 0) rows->set_text(2, std::string(i % 40, 'x'));
    if (i % 5 == 0) rows->set(3, true);
    if (i == 7) rows->set_uuid(4, Uuid{1, 2});
  }
  rows->next_row().ok();
  rows->set_text(2, "\xED\xA0\x80");
  ASSERT_TRUE(rows->close().ok());
  EXPECT_EQ(*c.integer("SELECT count(*) FROM t"), 5001);
  EXPECT_EQ(*c.integer("SELECT count(b) FROM t WHERE isnan(b)"), 2500);
  EXPECT_EQ(*c.integer("SELECT count(c) FROM t"), 1667);
  EXPECT_EQ(*c.integer("SELECT count(d) FROM t"), 1000);
  EXPECT_EQ(*c.integer("SELECT a FROM t WHERE e = '00000000-0000-0001-0000-000000000002'"), 7);
}

TEST_F(DatabaseTest, AbandonedTransactionsAndAppendersLeaveNothing) {
  const Connection c = memory();
  ASSERT_TRUE(c.run("CREATE TABLE t(a BIGINT)").ok());
  {
    Result<Transaction> open = Transaction::begin(c);
    ASSERT_TRUE(open.ok());
    ASSERT_TRUE(c.run("INSERT INTO t VALUES (1)").ok());
    Result<Appender> rows = Appender::open(c, "t");
    ASSERT_TRUE(rows->next_row().ok());
  }
  EXPECT_EQ(*c.integer("SELECT count(*) FROM t"), 0);
  Result<Transaction> kept = Transaction::begin(c);
  ASSERT_TRUE(c.run("INSERT INTO t VALUES (1)").ok());
  ASSERT_TRUE(kept->commit().ok());
  EXPECT_EQ(*c.integer("SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, ReadOnlyRefusesWritesAndRubbishIsNamed) {
  const fs::path path = folder_ / "x.duckdb";
  { ASSERT_TRUE(Database::open(path, {})->connect()->run("CREATE TABLE t(a INTEGER)").ok()); }
  {
    Result<Database> db = Database::open(path, {.mode = OpenMode::kReadOnly});
    ASSERT_TRUE(db.ok()) << db.status().message();
    EXPECT_FALSE(db->connect()->run("INSERT INTO t VALUES (1)").ok());
  }
  std::ofstream(folder_ / "bad.duckdb") << std::string(20000, 'x');
  EXPECT_EQ(Database::open(folder_ / "bad.duckdb", {}).status().code(), StatusCode::kCorrupt);
}

TEST_F(DatabaseTest, QuotesNamesAndText) {
  EXPECT_EQ(sql_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(sql_text("it's"), "'it''s'");
  EXPECT_EQ(*memory().integer("SELECT count(*) AS " + sql_name("a\"\xF0\x9F\x8C\x8A b")), 1);
}

}  // namespace
}  // namespace headrace::store
