#include "query/labels.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace headrace::query {
namespace {

std::vector<std::string> labels_of(const std::vector<std::string>& texts) {
  std::vector<Json> maps;
  for (const std::string& text : texts) maps.push_back(*Json::parse(text));
  return differing_labels(maps, {{"a", "small.npz"}, {"b", "large.npz"}}, maps.size());
}

TEST(Labels, HaveOnlyWhatDiffers) {
  const std::vector<std::string> labels =
      labels_of({R"({"lr":0.1,"seed":7})", R"({"lr":0.2,"seed":7})"});
  EXPECT_EQ(labels, (std::vector<std::string>{"lr=0.1", "lr=0.2"}));
}

TEST(Labels, AnObjectThatGoesWithAPlainValueIsLeftOut) {
  const std::vector<std::string> labels =
      labels_of({R"({"base":{"$object":"a"},"width":32,"lr":0.1})",
                 R"({"base":{"$object":"b"},"width":64,"lr":0.1})",
                 R"({"base":{"$object":"b"},"width":64,"lr":0.2})"});
  EXPECT_EQ(labels,
            (std::vector<std::string>{"width=32 lr=0.1", "width=64 lr=0.1", "width=64 lr=0.2"}));
}

TEST(Labels, AnObjectThatSaysMoreThanEachPlainValueStays) {
  const std::vector<std::string> labels =
      labels_of({R"({"base":{"$object":"a"},"seed":1})", R"({"base":{"$object":"a"},"seed":2})",
                 R"({"base":{"$object":"b"},"seed":3})"});
  EXPECT_EQ(labels, (std::vector<std::string>{"base=small.npz seed=1", "base=small.npz seed=2",
                                              "base=large.npz seed=3"}));
}

}  // namespace
}  // namespace headrace::query
