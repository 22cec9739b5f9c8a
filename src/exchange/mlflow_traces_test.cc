// Traces in MLflow's own tables, as MLflow 3.17 made them, with rows put in by hand.
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "exchange/imported_for_test.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MlflowTracesTest : public ImportTest {
 protected:
  MlflowTracesTest() : path_(folder_ / "mlflow.db") {
    fs::copy_file(fs::path(HEADRACE_SOURCE_DIR) / "tests/frameworks/data/mlflow-3.17.2.db", path_);
  }
  void change(const std::string& sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    char* error = nullptr;
    ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(database);
  }
  void add_trace(const std::string& id, const std::string& status, const std::string& took) const {
    change(
        "INSERT INTO trace_info(request_id, experiment_id, timestamp_ms, execution_time_ms, "
        "trace_name, "
        "status) VALUES ('" +
        id + "', 1, 1795381107331, " + took + ", 'ask', '" + status + "')");
  }
  void add_metadata(const std::string& id) const {
    change("INSERT INTO trace_request_metadata(request_id, key, value) VALUES ('" + id +
           "', 'mlflow.user', 'ada')");
  }
  void add_span(const std::string& trace, const std::string& end_ns,
                const std::string& content) const {
    change(
        "INSERT INTO spans(trace_id, experiment_id, span_id, name, status, "
        "start_time_unix_nano, end_time_unix_nano, content) VALUES ('" +
        trace + "', 1, '00000000000000aa', 'look', 'OK', 1795381107331000007, " + end_ns + ", '" +
        content + "')");
  }
  std::vector<std::string> traces() const {
    return ask(
        "SELECT t.activity || ' ' || t.status || ' ' || t.generated FROM task t WHERE "
        "t.attributes->>'foreign_id' LIKE 'tr-%' ORDER BY t.attributes->>'foreign_id'");
  }
  fs::path path_;
};

TEST_F(MlflowTracesTest, OneOfWhichSpansAloneAreKnownWaitsUntilMlflowSaysWhatItIsPartOf) {
  add_trace("tr-1", "IN_PROGRESS", "NULL");
  add_span("tr-1", "NULL", "");
  import("mlflow", path_);
  EXPECT_THAT(traces(), IsEmpty());
  change(
      "INSERT INTO trace_request_metadata(request_id, key, value) SELECT 'tr-1', "
      "'mlflow.sourceRun', run_uuid FROM runs WHERE name = 'sweep'; UPDATE trace_info SET status = "
      "'OK', execution_time_ms = 5");
  import("mlflow", path_);
  EXPECT_THAT(ask("SELECT count(*) FROM workflow"), ElementsAre("7"));
  EXPECT_THAT(traces(), ElementsAre("ask finished {}", "look lost {}"));
}

TEST_F(MlflowTracesTest, OneThatGoesOnIsTakenFurtherAtEachImport) {
  add_trace("tr-1", "IN_PROGRESS", "NULL");
  add_metadata("tr-1");
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask running {}"));
  add_span("tr-1", "NULL", "");
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask running {}", "look running {}"));
  change(
      "UPDATE spans SET end_time_unix_nano = 1795381107331000090, content = "
      "'{\"span_id\": \"AAAAAAAAAKo=\", \"name\": \"look\", \"start_time_unix_nano\": "
      "1795381107331000007, \"end_time_unix_nano\": 1795381107331000090, \"attributes\": "
      "{\"mlflow.spanOutputs\": \"3\", \"mlflow.chat.tokenUsage\": \"{\\\"total_tokens\\\": "
      "15}\"}}'; UPDATE trace_info SET status = 'OK', execution_time_ms = 1; INSERT INTO "
      "trace_tags(request_id, key, value) VALUES ('tr-1', 'shelf', 'oak')");
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask finished {\"outputs\":3}",
                                    "look finished {\"outputs\":3,\"total_tokens\":15}"));
  EXPECT_THAT(ask("SELECT epoch_ns(ended_at) - epoch_ns(started_at) FROM task WHERE activity = "
                  "'look'"),
              ElementsAre("83"));
  EXPECT_THAT(ask("SELECT tags->>'shelf' FROM task WHERE activity = 'ask'"), ElementsAre("oak"));
  EXPECT_TRUE(import("mlflow", path_).is_nothing());
  EXPECT_THAT(ask("SELECT count(*) FROM quarantine"), ElementsAre("0"));
}

TEST_F(MlflowTracesTest, ASpanThatMakesNoSenseIsKeptAsideAndToldByItsColumns) {
  add_trace("tr-1", "ERROR", "5");
  add_span("tr-1", "1795381107331000090", "{\"span_id\": ");
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask failed {}", "look finished {}"));
  EXPECT_THAT(ask("SELECT reason FROM quarantine"),
              ElementsAre(HasSubstr("span 00000000000000aa of trace tr-1")));
}

TEST_F(MlflowTracesTest, TheFileOfSpansMayComeLater) {
  add_trace("tr-1", "OK", "5");
  change(
      "INSERT INTO trace_tags(request_id, key, value) VALUES ('tr-1', 'mlflow.artifactLocation',"
      " './kept')");
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask finished {}"));
  fs::create_directory(folder_ / "kept");
  std::ofstream(folder_ / "kept/traces.json")
      << R"({"spans": [{"name": "look", "context": {"span_id": "0x01", "trace_id": "0x9f"}, )"
         R"("parent_id": null, "start_time": 1795381107331000000, "end_time": )"
         R"(1795381107336000000, "status_code": "OK", "attributes": {}, "events": []}]})";
  import("mlflow", path_);
  EXPECT_THAT(traces(), ElementsAre("ask finished {}", "look finished {}"));
  EXPECT_TRUE(import("mlflow", path_).is_nothing());
  EXPECT_THAT(ask("SELECT reason FROM quarantine"), IsEmpty());
}

TEST_F(MlflowTracesTest, OneOutsideEveryRunIsAWorkflowOfItsOwn) {
  add_trace("tr-1", "OK", "5");
  add_trace("tr-2", "OK", "5");
  change(
      "INSERT INTO trace_request_metadata(request_id, key, value) SELECT 'tr-2', "
      "'mlflow.sourceRun', run_uuid FROM runs WHERE name = 'sweep'");
  import("mlflow", path_);
  EXPECT_THAT(
      ask("SELECT w.name || ' ' || w.campaign || ' ' || w.status FROM task t JOIN workflow w "
          "USING (workflow_id) WHERE t.activity = 'ask' ORDER BY w.name"),
      ElementsAre("ask wine study finished", "sweep wine study finished"));
}

}  // namespace
}  // namespace headrace::exchange
