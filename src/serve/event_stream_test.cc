#include "serve/event_stream.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

Change change(const std::string& watermark, std::vector<std::string> workflows) {
  Change out;
  out.watermark = watermark;
  out.workflows = std::move(workflows);
  return out;
}

TEST(EventStream, ASlowReaderGetsOneOfMany) {
  EventStream events;
  const auto reader = events.subscribe("", {});
  EXPECT_EQ(reader->take(), "retry: 1000\n\n");
  EXPECT_FALSE(reader->take());
  int calls = 0;
  reader->when_ready([&calls] { ++calls; });
  events.publish(change("1", {"a"}));
  events.publish(change("2", {"b"}));
  EXPECT_EQ(calls, 2);
  const std::string text = reader->take().value_or("");
  EXPECT_EQ(text.find("id: 2\nevent: changed\ndata: {\"workflows\":[\"b\",\"a\"]"), 0U) << text;
  EXPECT_FALSE(reader->take());
}

TEST(EventStream, WhoComesBackGetsWhatWasMissed) {
  EventStream events;
  events.publish(change("1", {"a"}));
  events.publish(change("2", {"b"}));
  events.publish(change("3", {"c"}));
  const Change latest = change("3", {"c"});
  const std::string missed = events.subscribe("1", latest)->take().value_or("");
  EXPECT_NE(missed.find("[\"c\",\"b\"],\"all\":false"), std::string::npos) << missed;
  EXPECT_EQ(events.subscribe("3", latest)->take(), "retry: 1000\n\n");
  const std::string long_gone = events.subscribe("0", latest)->take().value_or("");
  EXPECT_NE(long_gone.find("id: 3"), std::string::npos);
  EXPECT_NE(long_gone.find("\"workflows\":[],\"all\":true"), std::string::npos) << long_gone;
}

TEST(EventStream, MoreThanCanBeNamedIsAll) {
  Change one = change("1", {});
  Change two = change("2", {});
  for (int i = 0; i < 80; ++i) one.workflows.push_back("a" + std::to_string(i));
  for (int i = 0; i < 80; ++i) two.workflows.push_back("b" + std::to_string(i));
  const Change both = merged(one, two);
  EXPECT_TRUE(both.all);
  EXPECT_EQ(both.workflows.size(), 100U);
  EXPECT_EQ(both.watermark, "2");
}

}  // namespace
}  // namespace headrace::serve
