#include "exchange/mlflow_files.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/imported_for_test.h"
#include "exchange/mlflow_import.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRun = "mlruns/7/0123456789abcdef0123456789abcdef";

class MlflowFilesTest : public ImportTest {
 protected:
  MlflowFilesTest() {
    put("mlruns/7/meta.yaml",
        "artifact_location: ./mlruns/7\ncreation_time: 1795368782500\nexperiment_id: '7'\n"
        "lifecycle_stage: active\nname: 'wine: tests'\n");
    put("mlruns/7/tags/asked by", "cellar");
    put(std::string(kRun) + "/meta.yaml", run_facts("end_time: null\n", 1));
    put(std::string(kRun) + "/params/model/alpha", "0.001");
    put(std::string(kRun) + "/tags/mlflow.source.name", "/home/a/train.py");
    put(std::string(kRun) + "/metrics/val/loss", "1795368782700 0.0 0\n1795368782800 nan 1\n");
    put(std::string(kRun) + "/artifacts/plots/a.txt", "hello");
  }
  std::string run_facts(const std::string& end, int status) const {
    return "artifact_uri: file://" + (folder_ / kRun / "artifacts").string() + "\n" + end +
           "experiment_id: '7'\nlifecycle_stage: active\n"
           "run_id: 0123456789abcdef0123456789abcdef\nrun_name: outer\nstart_time: 1795368782692\n"
           "status: " +
           std::to_string(status) + "\ntags: []\nuser_id: someone\n";
  }
  void put(const std::string& name, const std::string& content, bool append = false) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, append ? std::ios::app : std::ios::trunc) << content;
  }
};

TEST_F(MlflowFilesTest, AllOfItIsInTheStoreOnce) {
  import("mlflow", folder_ / "mlruns");
  EXPECT_THAT(ask("SELECT name || ' ' || status || ' ' || campaign FROM workflow"),
              ElementsAre("outer running wine: tests"));
  EXPECT_THAT(
      ask("SELECT metrics::VARCHAR FROM log ORDER BY time"),
      ElementsAre(R"({"step":0,"val/loss":0.0})", R"({"step":1,"val/loss":{"$float":"nan"}})"));
  EXPECT_THAT(ask("SELECT activity || ' ' || (used->>'model/alpha') FROM task"),
              ElementsAre("train 0.001"));
  EXPECT_THAT(ask("SELECT name || ' ' || size_bytes || ' ' || sha256[:8] FROM object WHERE kind = "
                  "'file'"),
              ElementsAre("plots/a.txt 5 2cf24dba"));
  EXPECT_TRUE(import("mlflow", folder_ / "mlruns").is_nothing());
}

TEST_F(MlflowFilesTest, AFollowerTakesWholeLinesAndTheNewStatus) {
  Result<OpenedSource> source = kMlflow.open(folder_ / "mlruns", "");
  ASSERT_TRUE(source.ok()) << source.status().message();
  Result<collect::Intake> intake = collect::Intake::open(directory(), source->source);
  ASSERT_TRUE(intake.ok());
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  put(std::string(kRun) + "/metrics/val/loss", "1795368782900 0.25", true);
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_EQ(intake->report().rows, 2U);
  put(std::string(kRun) + "/metrics/val/loss", " 2\n", true);
  put(std::string(kRun) + "/meta.yaml", run_facts("end_time: 1795368790000\n", 5));
  ASSERT_TRUE(source->reader->read(*intake, never).ok());
  EXPECT_EQ(intake->report().rows, 3U);
  EXPECT_THAT(ask("SELECT status FROM workflow"), ElementsAre("cancelled"));
  EXPECT_THAT(ask("SELECT generated->>'val/loss' FROM task"), ElementsAre("0.25"));
}

TEST_F(MlflowFilesTest, WhatMakesNoSenseIsQuarantinedAndTheRestIsThere) {
  put(std::string(kRun) + "/metrics/val/loss", "no number\n1795368782900 0.25 2\n", true);
  put("mlruns/7/ffff/meta.yaml", "run_id: !!python/object:os.system x\n");
  EXPECT_EQ(import("mlflow", folder_ / "mlruns").quarantined, 2U);
  EXPECT_THAT(ask("SELECT count(*) FROM log"), ElementsAre("3"));
  EXPECT_THAT(ask("SELECT reason FROM quarantine ORDER BY reason"),
              ElementsAre(HasSubstr("metrics/val/loss: a line"),
                          HasSubstr("ffff/meta.yaml: line 1 of meta.yaml is not understood")));
}

TEST_F(MlflowFilesTest, DeletedExperimentsAndRegisteredModelsAreRead) {
  put("mlruns/.trash/9/meta.yaml", "experiment_id: '9'\nlifecycle_stage: deleted\nname: gone\n");
  put("mlruns/models/wines/meta.yaml",
      "aliases: {}\ncreation_timestamp: 1795368792368\ndescription: null\nname: wines\n");
  put("mlruns/models/ports/meta.yaml", "aliases: {}\ndescription: null\nname: ports\n");
  put("mlruns/models/wines/aliases/best", "1");
  put("mlruns/models/wines/version-1/meta.yaml",
      "creation_timestamp: 1795368792404\nname: wines\nrun_id: 0123456789abcdef0123456789abcdef\n"
      "source: models:/m-1\nversion: 1\n");
  import("mlflow", folder_);
  EXPECT_THAT(ask("SELECT kind || ' ' || name || ' ' || coalesce(attributes->>'alias.best', '') "
                  "FROM object WHERE kind <> 'file' ORDER BY 1"),
              ElementsAre("experiment gone ", "experiment wine: tests ", "model wines true",
                          "registered model ports "));
}

}  // namespace
}  // namespace headrace::exchange
