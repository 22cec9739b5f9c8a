#include "exchange/mlflow_values.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "exchange/mlflow_artifacts.h"

namespace headrace::exchange {
namespace {

using collect::Value;

TEST(MlflowParam, ATextThatPythonWritesForANumberIsThatNumber) {
  EXPECT_EQ(param_value("10"), Value::of(int64_t{10}));
  EXPECT_EQ(param_value("-3"), Value::of(int64_t{-3}));
  EXPECT_EQ(param_value("0.001"), Value::of(0.001));
  EXPECT_EQ(param_value("1e-05"), Value::of(1e-5));
  EXPECT_EQ(param_value("1e+16"), Value::of(1e16));
  EXPECT_EQ(param_value("100000.0"), Value::of(100000.0));
  EXPECT_EQ(param_value("-0.0"), Value::of(-0.0));
  EXPECT_EQ(param_value("0.1"), Value::of(0.1));
  EXPECT_EQ(param_value("True"), Value::of(true));
  EXPECT_EQ(param_value("False"), Value::of(false));
  EXPECT_EQ(param_value("inf"), Value::of(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(param_value("nan").tag, ValueTag::kFloat);
}

TEST(MlflowParam, AnythingElseStaysText) {
  for (const char* text : {"007", "1.50", "+1", "1E-5", "0x10", "1_000", " 1", "1 ", "true", "None",
                           "NaN", "1e5", "9223372036854775808", "", "adam", "1.0e-3", "-"}) {
    EXPECT_EQ(param_value(text), Value::of(text)) << text;
  }
}

TEST(MlflowArtifacts, LocationsOfThisFileSystem) {
  EXPECT_EQ(artifact_folder("file:///a/b%20c", "/base"), "/a/b c");
  EXPECT_EQ(artifact_folder("file://localhost/a", "/base"), "/a");
  EXPECT_EQ(artifact_folder("/a/b", "/base"), "/a/b");
  EXPECT_EQ(artifact_folder("./mlruns/0", "/base").lexically_normal(), "/base/mlruns/0");
  EXPECT_EQ(artifact_folder("s3://bucket/a", "/base"), "");
  EXPECT_EQ(artifact_folder("mlflow-artifacts:/0/a", "/base"), "");
  EXPECT_EQ(artifact_folder("file://elsewhere/a", "/base"), "");
  EXPECT_EQ(artifact_folder("", "/base"), "");
}

}  // namespace
}  // namespace headrace::exchange
