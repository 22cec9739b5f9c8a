// Poison values through the C interface: each is kept exactly or becomes a placeholder that says
// why, what stands beside it is kept, and no secret gets as far as a record.
#include <bit>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <sys/mman.h>

#include <headrace/headrace.h>

#include "capture/recorded_for_test.h"

namespace headrace::capture {
namespace {

headrace_value value_of(const char* name, uint32_t type, const void* bytes, size_t size) {
  headrace_value value{headrace_name(name), type, {0}, size};
  value.data.bytes = bytes;
  return value;
}
headrace_value number_of(const char* name, uint32_t type, int64_t number) {
  headrace_value value{headrace_name(name), type, {0}, 0};
  value.data.integer = number;
  return value;
}
headrace_value real_of(const char* name, double number) {
  headrace_value value{headrace_name(name), HEADRACE_FLOAT, {0}, 0};
  value.data.real = number;
  return value;
}
headrace_value text_of(const char* name, std::string_view text) {
  return value_of(name, HEADRACE_STRING, text.data(), text.size());
}

// The JSON of `used.x` of one task each, with a neighbour before and after in the same task.
std::vector<std::string> kept(const std::vector<std::function<headrace_value()>>& poisons) {
  const Recorded recorded = record_in_process([&] {
    const uint32_t activity = headrace_activity("poison", nullptr, 0);
    for (const auto& poison : poisons) {
      headrace_task* task = headrace_task_begin(activity);
      const headrace_value values[] = {number_of("before", HEADRACE_INT, 1), poison(),
                                       number_of("after", HEADRACE_INT, 2)};
      headrace_task_add(task, HEADRACE_USED, values, 3);
      headrace_task_end(task, HEADRACE_FINISHED);
    }
  });
  EXPECT_EQ(recorded.exit_status, 0);
  EXPECT_EQ(recorded.tasks.size(), poisons.size());
  std::vector<std::string> out;
  for (const Recorded::Task& task : recorded.tasks) {
    EXPECT_EQ(task.values.at("used.before"), "1");
    EXPECT_EQ(task.values.at("used.after"), "2");
    out.push_back(task.values.count("used.x") == 0 ? "absent" : task.values.at("used.x"));
  }
  return out;
}

TEST(CValues, WhatCMayPassIsKeptOrSaid) {
  static const std::string invalid("a\xFF\xC3(\xED\xA0\x80", 7);
  static const std::string nul("a\0b", 3);
  constexpr size_t kHuge = size_t{600} << 20;
  static const auto* huge = static_cast<const char*>(
      mmap(nullptr, kHuge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  static const double list[] = {1.5, -0.0, NAN};
  static const uint8_t no_id[16] = {};
  using Limits = std::numeric_limits<int64_t>;
  struct Case {
    std::function<headrace_value()> value;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {[] { return real_of("x", NAN); }, R"({"$float":"nan"})"},
      {[] { return real_of("x", std::bit_cast<double>(0xFFF8000000000007)); },
       R"_({"$float":"nan(0xfff8000000000007)"})_"},
      {[] { return real_of("x", -INFINITY); }, R"({"$float":"-inf"})"},
      {[] { return real_of("x", -0.0); }, "-0.0"},
      {[] { return real_of("x", 5e-324); }, "5e-324"},
      {[] { return number_of("x", HEADRACE_INT, Limits::min()); }, "-9223372036854775808"},
      {[] { return number_of("x", HEADRACE_UINT, -1); }, R"({"$int":"18446744073709551615"})"},
      {[] { return number_of("x", HEADRACE_BOOL, 7); }, "true"},
      {[] { return number_of("x", HEADRACE_NULL, 0); }, "null"},
      {[] { return number_of("x", HEADRACE_TIME, 0); },
       R"({"$time":"1970-01-01T00:00:00.000000000Z"})"},
      {[] { return text_of("x", invalid); }, R"({"$text":"a\\xff\\xc3(\\ud800"})"},
      {[] { return text_of("x", nul); }, R"("a\u0000b")"},
      {[] { return text_of("x", ""); }, R"("")"},
      {[] { return value_of("x", HEADRACE_BYTES, nul.data(), nul.size()); },
       R"({"$bytes":"610062"})"},
      {[] { return value_of("x", HEADRACE_STRING, nullptr, 5); }, "null pointer"},
      {[] { return value_of("x", HEADRACE_STRING, nullptr, 0); }, R"("")"},
      {[] { return value_of("x", HEADRACE_OBJECT, nullptr, 0); }, "null pointer"},
      {[] { return value_of("x", HEADRACE_OBJECT, no_id, 16); }, "could not be read"},
      {[] { return value_of("x", HEADRACE_STRING, huge, kHuge); },
       R"("length_bytes":629145600,"begins":"\u0000)"},
      {[] { return value_of("x", HEADRACE_BYTES, huge, kHuge); }, R"("type":"bytes")"},
      {[] { return value_of("x", HEADRACE_FLOAT_LIST, huge, kHuge / 8); },
       "longer than the record's budget"},
      {[] { return value_of("x", HEADRACE_FLOAT_LIST, list, 3); },
       R"([1.5,-0.0,{"$float":"nan"}])"},
      {[] { return value_of("x", HEADRACE_INT_LIST, nullptr, 0); }, "[]"},
      {[] { return value_of("x", HEADRACE_INT_LIST, nullptr, 4); }, "null pointer"},
      {[] { return number_of("x", 12345, 0); }, "unknown headrace_type 12345"},
      {[] {
         return headrace_value{0xFFFFFFFF, HEADRACE_INT, {0}, 0};
       },
       "absent"},
      {[] {
         return headrace_value{0, HEADRACE_INT, {0}, 0};
       },
       "absent"}};
  std::vector<std::function<headrace_value()>> values;
  for (const Case& one : cases) values.push_back(one.value);
  const std::vector<std::string> out = kept(values);
  ASSERT_EQ(out.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_NE(out[i].find(cases[i].expected), std::string::npos) << i << ": " << out[i];
  }
}

TEST(CValues, ASecretIsWithheldByItsNameAndByItsForm) {
  const std::string canary = "canary-4711";
  const std::string token = std::string("gh") + "p_" + std::string(36, 'c');
  const Recorded recorded = record_in_process([&] {
    headrace_task* task = headrace_task_begin(headrace_activity("connect", nullptr, 0));
    const std::string url = "db://me:" + canary + "@host/x";
    const std::string long_text = std::string(900, '.') + " " + token + std::string(20'000, '.');
    const headrace_value values[] = {text_of("password", canary),
                                     text_of("url", url),
                                     text_of("note", token),
                                     number_of("pin_code_secret", HEADRACE_INT, 4711),
                                     number_of("token", HEADRACE_INT, 5),
                                     value_of("data", HEADRACE_BYTES, token.data(), token.size()),
                                     text_of("long", long_text),
                                     text_of(token.c_str(), "the name is one")};
    headrace_task_add(task, HEADRACE_USED, values, std::size(values));
    headrace_task_text(task, HEADRACE_TAG, headrace_name("api_key"), canary.c_str());
    headrace_task_float(task, HEADRACE_TAG, headrace_name("client_secret"), 4711);
    headrace_task_end(task, HEADRACE_FINISHED);
  });
  ASSERT_EQ(recorded.tasks.size(), 1u);
  const Recorded::Values& values = recorded.tasks[0].values;
  EXPECT_EQ(values.at("used.url"), "\"db://me:[redacted]@host/x\"");
  EXPECT_EQ(values.at("used.note"), "\"[redacted]\"");
  EXPECT_EQ(values.at("used.token"), "5");
  EXPECT_EQ(values.count("used.[redacted]"), 1u);
  for (const char* name :
       {"used.password", "used.pin_code_secret", "tag.api_key", "tag.client_secret"}) {
    EXPECT_NE(values.at(name).find("its name says that it is a secret"), std::string::npos) << name;
  }
  for (const auto& [name, value] : values) {
    EXPECT_EQ(value.find("4711"), std::string::npos) << name;
    EXPECT_EQ((name + value).find("ccc"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace headrace::capture
