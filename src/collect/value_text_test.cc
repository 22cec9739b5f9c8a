#include "collect/value_text.h"

#include <gtest/gtest.h>

#include "encode/nested.h"

namespace headrace::collect {
namespace {

TEST(ValueText, KnowsUtf8) {
  for (const char* good :
       {"", "plain ascii of some length", "caf\u00e9", "\U0001F30A", "\u07ff\u0800"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "12345678\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
  EXPECT_EQ(as_utf8("a\xED\xA0\x80\u00e9z\xC3"), "a\uFFFD\uFFFD\uFFFD\u00e9z\uFFFD");
}

TEST(ValueText, FindsObjectsAtAnyDepth) {
  std::string nested;
  NestedWriter out(nested);
  out.begin_map(2);
  out.string("a");
  out.object({1, 2});
  out.string("b");
  out.begin_list(3);
  out.integer(7);
  out.begin_list(1);
  out.object({3, 4});
  out.object({5, 6});
  std::vector<Uuid> found;
  append_objects(found, nested);
  EXPECT_EQ(found, (std::vector<Uuid>{{1, 2}, {3, 4}, {5, 6}}));
  found.clear();
  append_objects(found, std::string_view(nested).substr(0, 20));
  EXPECT_LE(found.size(), 1u);
}

TEST(ValueText, NestingDeeperThanTheFormatAllowsIsNoValue) {
  std::string nested;
  NestedWriter out(nested);
  for (int i = 0; i < 10'000; ++i) out.begin_list(1);
  out.null();
  std::string text;
  EXPECT_FALSE(append_slot_text(text, ValueTag::kNested, nested));
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  EXPECT_FALSE(split_map(nested, pairs));
}

}  // namespace
}  // namespace headrace::collect
