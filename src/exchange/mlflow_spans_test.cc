#include "exchange/mlflow_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::exchange {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// As MLflow 3.17 writes it.
constexpr const char* kNew =
    R"({"trace_id": "6up3U/pgFvV017yxSRWPgg==", "span_id": "/NpGQmgYrrM=", "parent_span_id": )"
    R"("WCKWg/YV8JA=", "name": "find", "start_time_unix_nano": 1795381111277577564, )"
    R"("end_time_unix_nano": 1795381111577984527, "events": [{"name": "exception", )"
    R"("time_unix_nano": 1795381111577628416, "attributes": {"exception.message": "no wood", )"
    R"("exception.type": "ValueError", "exception.stacktrace": "Traceback"}}], "status": )"
    R"({"code": "STATUS_CODE_ERROR", "message": "ValueError: no wood"}, "attributes": )"
    R"({"mlflow.spanType": "\"TOOL\"", "mlflow.spanInputs": "{\"k\": 2}", "mlflow.spanOutputs": )"
    R"("[1, 2]", "shelf": "{\"a\": 1}"}, "links": []})";

TEST(MlflowSpansTest, ASpanOfMlflow3) {
  MlflowSpan span;
  ASSERT_TRUE(read_span(kNew, span).ok());
  EXPECT_EQ(span.id, "fcda46426818aeb3");
  EXPECT_EQ(span.parent, "58229683f615f090");
  EXPECT_EQ(span.name, "find");
  EXPECT_EQ(span.begin_ns, 1795381111277577564);
  EXPECT_EQ(span.end_ns, 1795381111577984527);
  EXPECT_EQ(span.status, "ERROR");
  EXPECT_EQ(span.message, "ValueError: no wood");
  EXPECT_EQ(span.inputs, R"({"k": 2})");
  EXPECT_EQ(span.outputs, "[1, 2]");
  const MlflowPairs attributes = {{"mlflow.spanType", "\"TOOL\""}, {"shelf", R"({"a": 1})"}};
  EXPECT_EQ(span.attributes, attributes);
  EXPECT_EQ(span.error_type, "ValueError");
  EXPECT_EQ(span.error_message, "no wood");
  EXPECT_EQ(span.error_traceback, "Traceback");
  EXPECT_THAT(span.events, HasSubstr("1795381111577628416"));
  EXPECT_THAT(span.links, IsEmpty());
}

TEST(MlflowSpansTest, TheFileOfMlflow2) {
  const Result<std::vector<MlflowSpan>> spans = read_traces_json(
      R"({"spans": [{"name": "answer", "context": {"span_id": "0x2ac7ebdeb3e5af6d", "trace_id": )"
      R"("0x9f"}, "parent_id": null, "start_time": 17, "end_time": 29, "status_code": "OK", )"
      R"("status_message": "", "attributes": {"mlflow.spanInputs": "{\"word\": \"a\"}"}, )"
      R"("events": []}, {"name": "find", "context": {"span_id": "0x01", "trace_id": "0x9f"}, )"
      R"("parent_id": "0x2ac7ebdeb3e5af6d", "start_time": 18, "end_time": null, "status_code": )"
      R"("UNSET", "status_message": null, "attributes": {}, "events": []}], "request": "{}"})");
  ASSERT_TRUE(spans.ok()) << spans.status().message();
  ASSERT_EQ(spans->size(), 2U);
  EXPECT_EQ((*spans)[0].id, "2ac7ebdeb3e5af6d");
  EXPECT_EQ((*spans)[0].parent, "");
  EXPECT_EQ((*spans)[0].end_ns, 29);
  EXPECT_EQ((*spans)[0].inputs, R"({"word": "a"})");
  EXPECT_EQ((*spans)[1].parent, "2ac7ebdeb3e5af6d");
  EXPECT_EQ((*spans)[1].status, "UNSET");
  EXPECT_FALSE((*spans)[1].end_ns.has_value());
}

TEST(MlflowSpansTest, WhatIsNoneIsSaid) {
  MlflowSpan span;
  for (const char* text : {"", "{", "[]", "17", R"({"span_id": 3})", R"({"context": {}})"}) {
    EXPECT_EQ(read_span(text, span).code(), StatusCode::kCorrupt) << text;
  }
  EXPECT_EQ(read_traces_json("{\"spans\": {}}").status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(read_traces_json("{\"spans\": [7]}").status().code(), StatusCode::kCorrupt);
  // An id that is no base64 stays what it is.
  ASSERT_TRUE(read_span(R"({"span_id": "????????????"})", span).ok());
  EXPECT_EQ(span.id, "????????????");
}

}  // namespace
}  // namespace headrace::exchange
