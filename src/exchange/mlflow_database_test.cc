#include "exchange/mlflow_database.h"

#include <cmath>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "exchange/imported_for_test.h"
#include "exchange/mlflow_import.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MlflowDatabaseTest : public ImportTest {
 protected:
  // A copy of what the real package of this version wrote.
  std::string written(const std::string& version) const {
    const fs::path from =
        fs::path(HEADRACE_SOURCE_DIR) / "tests/frameworks/data" / ("mlflow-" + version + ".db");
    const fs::path to = folder_ / "mlflow.db";
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    return to;
  }
  static void change(const std::string& path, const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    char* error = nullptr;
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(database);
  }
};

TEST_F(MlflowDatabaseTest, EveryVersionHasItsRunsAndMetrics) {
  for (const char* version : {"1.30.1", "2.9.2", "3.17.2"}) {
    Result<std::unique_ptr<MlflowDatabase>> database = MlflowDatabase::open(written(version));
    ASSERT_TRUE(database.ok()) << database.status().message();
    MlflowContent content;
    const Result<bool> read = (*database)->read(content);
    ASSERT_TRUE(read.ok() && *read) << version;
    EXPECT_EQ(content.runs.size(), 7U) << version;
    EXPECT_EQ(content.metrics.size(), 4U + 2 * (2 * 5 + 1) + 1) << version;
    EXPECT_EQ(content.model_versions.size(), 2U) << version;
    EXPECT_EQ(content.registered_models.size(), 1U) << version;
    EXPECT_EQ(content.datasets.size(), std::string(version) == "1.30.1" ? 0U : 1U) << version;
    EXPECT_EQ(content.models.size(), std::string(version) == "3.17.2" ? 2U : 0U) << version;
    EXPECT_THAT((*database)->notes(), IsEmpty()) << version;
    EXPECT_FALSE(*(*database)->read(content)) << "nothing has changed";
  }
}

TEST_F(MlflowDatabaseTest, ZeroNanAndInfinityAreAsTheyWereLogged) {
  Result<std::unique_ptr<MlflowDatabase>> database = MlflowDatabase::open(written("2.9.2"));
  ASSERT_TRUE(database.ok());
  MlflowContent content;
  ASSERT_TRUE((*database)->read(content).ok());
  std::vector<double> odd;
  for (const MlflowMetric& metric : content.metrics) {
    if (metric.key == "odd") odd.push_back(metric.value);
  }
  ASSERT_EQ(odd.size(), 4U);
  EXPECT_EQ(odd[0], 0.0);
  EXPECT_TRUE(std::isnan(odd[1]));
  EXPECT_EQ(odd[2], INFINITY);
  EXPECT_EQ(odd[3], -INFINITY);
}

TEST_F(MlflowDatabaseTest, AllOfItIsInTheStoreOnce) {
  const std::string path = written("3.17.2");
  import("mlflow", path);
  EXPECT_THAT(
      ask("SELECT name || ' ' || status FROM workflow ORDER BY name"),
      ElementsAre("alpha 0.001 finished", "alpha 1e-05 finished", "deleted finished",
                  "failed failed", "killed cancelled", "running running", "sweep finished"));
  EXPECT_THAT(ask("SELECT DISTINCT campaign FROM workflow"), ElementsAre("wine study"));
  EXPECT_THAT(ask("SELECT w.name FROM workflow w JOIN workflow p ON w.parent_workflow_id = "
                  "p.workflow_id WHERE p.name = 'sweep' ORDER BY 1"),
              ElementsAre("alpha 0.001", "alpha 1e-05"));
  EXPECT_THAT(ask("SELECT used->>'alpha' FROM task WHERE used->>'alpha' IS NOT NULL ORDER BY 1"),
              ElementsAre("0.00001", "0.001"));
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("27"));
  EXPECT_THAT(ask("SELECT kind || ' ' || name FROM object WHERE kind <> 'file' ORDER BY 1"),
              ElementsAre("dataset wine", "experiment Default", "experiment wine study",
                          "model model", "model model", "model wines", "model wines"));
  // Each lies in a folder that holds the model which was registered and its version.
  EXPECT_THAT(ask("SELECT name || ' ' || version FROM object WHERE kind = 'model' ORDER BY 1"),
              ElementsAre("model 1", "model 1", "wines 1", "wines 2"));
  EXPECT_THAT(ask("SELECT count(*) FROM workflow WHERE attributes->>'lifecycle_stage' = 'deleted'"),
              ElementsAre("1"));
  EXPECT_TRUE(import("mlflow", path).is_nothing());
  fs::remove_all(directory().root / "imports");
  import("mlflow", path);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("27"));
  EXPECT_THAT(ask("SELECT count(*) FROM workflow"), ElementsAre("7"));
}

TEST_F(MlflowDatabaseTest, AFollowerTakesNewRowsAndTheNewStatus) {
  const std::string path = written("2.9.2");
  Result<OpenedSource> source = kMlflow.open(path, "");
  ASSERT_TRUE(source.ok()) << source.status().message();
  Result<collect::Intake> intake = collect::Intake::open(directory(), source->source);
  ASSERT_TRUE(intake.ok());
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  const uint64_t rows = intake->report().rows;
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_EQ(intake->report().rows, rows);
  change(path,
         "INSERT INTO metrics SELECT 'late', 0.5, 1795369999000, run_uuid, 9, 0 FROM runs WHERE "
         "status = 'RUNNING';"
         "UPDATE runs SET status = 'FINISHED', end_time = 1795370000000 WHERE status = 'RUNNING'");
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_EQ(intake->report().rows, rows + 1);
  EXPECT_THAT(ask("SELECT status FROM workflow WHERE name = 'running'"), ElementsAre("finished"));
  EXPECT_THAT(ask("SELECT t.status FROM task t JOIN workflow w USING (workflow_id) WHERE w.name = "
                  "'running'"),
              ElementsAre("finished"));
}

TEST_F(MlflowDatabaseTest, RowsThatWereRemovedForGoodDoNotHideNewOnes) {
  const std::string path = written("2.9.2");
  Result<std::unique_ptr<MlflowDatabase>> database = MlflowDatabase::open(path);
  ASSERT_TRUE(database.ok());
  MlflowContent content;
  ASSERT_TRUE((*database)->read(content).ok());
  // The rows of the last run go, and the next one gets their numbers.
  change(path,
         "DELETE FROM metrics WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE lifecycle_stage = "
         "'deleted'); INSERT INTO metrics SELECT 'late', 0.5, 1795369999000, run_uuid, 9, 0 FROM "
         "runs WHERE status = 'RUNNING'; VACUUM");
  ASSERT_TRUE((*database)->read(content).ok());
  ASSERT_EQ(content.metrics.size(), 1U);
  EXPECT_EQ(content.metrics[0].key, "late");
}

TEST_F(MlflowDatabaseTest, AnUnknownRevisionIsReadByItsColumnsOrNamed) {
  const std::string path = written("2.9.2");
  change(path, "UPDATE alembic_version SET version_num = 'ffff0000ffff'");
  import("mlflow", path);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("\"ffff0000ffff\" is not known here")));
  EXPECT_THAT(ask("SELECT count(*) FROM workflow"), ElementsAre("7"));
  change(path, "ALTER TABLE params RENAME COLUMN run_uuid TO run_number");
  const Status status = kMlflow.open(path, "").status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("\"ffff0000ffff\""));
  EXPECT_THAT(status.message(), HasSubstr("params.run_uuid"));
}

TEST_F(MlflowDatabaseTest, WhatIsNoStoreOfMlflowsIsSaid) {
  const std::string other = folder_ / "other.db";
  change(other, "CREATE TABLE t(a)");
  EXPECT_THAT(kMlflow.open(other, "").status().message(), HasSubstr("no table \"runs\""));
  std::ofstream(folder_ / "text.db") << "this is text, and long enough to be looked at as a page";
  EXPECT_EQ(kMlflow.open(folder_ / "text.db", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(kMlflow.open(folder_ / "nothing.db", "").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(kMlflow.open(folder_, "").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace headrace::exchange
