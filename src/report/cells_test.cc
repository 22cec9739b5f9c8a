#include "report/cells.h"

#include "gtest/gtest.h"

namespace headrace::report {
namespace {

query::Cell json(const std::string& text) {
  query::Cell cell;
  cell.is_null = false;
  cell.text = text;
  return cell;
}

TEST(Cells, InstantsAreUtcBeforeTheEpochToo) {
  EXPECT_EQ(instant_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(instant_text(1'795'271'825'120'000'000), "2026-11-21T14:37:05.120Z");
  EXPECT_EQ(instant_text(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Cells, TagsBecomeWords) {
  EXPECT_EQ(tag_words(json(R"({"demo":true,"team":"a b"})")).dump(), R"(["demo","team=a b"])");
  EXPECT_EQ(tag_words(json(R"(["x","y"])")).dump(), R"(["x","y"])");
  EXPECT_EQ(tag_words(query::Cell()).dump(), "[]");
  EXPECT_EQ(tag_words(json("{broken")).dump(), "[]");
}

TEST(Cells, AnErrorReadsAsPythonWritesIt) {
  EXPECT_EQ(error_text(json(R"({"type":"ValueError","message":"bad","traceback":"line 1"})")),
            "ValueError: bad\nline 1");
  EXPECT_EQ(error_text(json(R"({"message":"bad"})")), "bad");
  EXPECT_EQ(error_text(json(R"({"code":7})")), R"({"code":7})");
  EXPECT_EQ(error_text(json("{}")), "");
  EXPECT_EQ(error_text(query::Cell()), "");
  EXPECT_EQ(error_text(json("not json")), "not json");
}

TEST(Cells, ObjectsAreNamed) {
  const ObjectNames names{{"id-1", "base.npz"}, {"id-2", "b"}, {"id-3", "c"}, {"id-4", "d"}};
  EXPECT_EQ(with_object_names(R"({"lr":0.1,"base":{"$object":"id-1"}})", names),
            R"({"lr":0.1,"base":"base.npz"})");
  EXPECT_EQ(with_object_names(R"({"x":{"$object":"other"}})", names), R"({"x":"object other"})");
  EXPECT_EQ(
      with_object_names(
          R"({"t":[{"$object":"id-1"},{"$object":"id-2"},{"$object":"id-3"},{"$object":"id-4"}]})",
          names),
      R"({"t":"4 objects: base.npz, b …"})");
  EXPECT_EQ(with_object_names(R"({"lr":0.1})", names), R"({"lr":0.1})");
  EXPECT_EQ(with_object_names("$object broken {", names), "$object broken {");
}

}  // namespace
}  // namespace headrace::report
