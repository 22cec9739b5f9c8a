// Names and activities from literals: the same records as from texts, looked up once.
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <headrace/headrace.hpp>

#include "capture/recorded_for_test.h"

namespace headrace::capture {
namespace {

using namespace headrace::literals;  // NOLINT: how a user writes it

TEST(Literals, AreTheNumbersOfTheirTexts) {
  const Recorded recorded = record_in_process([] {
    for (int again = 0; again < 2; ++again) {
      if (Name("number"_name).id() != Name("number").id()) _exit(1);
      if (Name("\xc3\xa9tat d'\xc3\xa9quilibre"_name).id() !=
          Name("\xc3\xa9tat d'\xc3\xa9quilibre").id()) {
        _exit(2);
      }
      if (Activity("step"_activity).id() != Activity("step").id()) _exit(3);  // one line, one place
    }
    if (Name("number"_name).id() == Name("numbers"_name).id()) _exit(4);
  });
  EXPECT_EQ(recorded.exit_status, 0);
}

TEST(Literals, AreLookedUpOnce) {
  const Recorded recorded = record_in_process([] {
    if (headrace::detail::name_number<"kept"> != 0) _exit(1);
    const Name kept = "kept"_name;
    if (headrace::detail::name_number<"kept"> != kept.id()) _exit(2);
    // What is kept is what is used, so nothing is asked a second time.
    headrace::detail::name_number<"kept"> = Name("another").id();
    if (Name("kept"_name).id() != Name("another").id()) _exit(3);
  });
  EXPECT_EQ(recorded.exit_status, 0);
}

TEST(Literals, AnActivityIsAsManyAsTheLinesItStandsOn) {
  const Recorded recorded = record_in_process([] {
    const auto at = [] {
      std::array<uint32_t, 6> ids{};  // more lines than are kept
      ids[0] = Activity("sweep"_activity).id();
      ids[1] = Activity("sweep"_activity).id();
      ids[2] = Activity("sweep"_activity).id();
      ids[3] = Activity("sweep"_activity).id();
      ids[4] = Activity("sweep"_activity).id();
      ids[5] = Activity("sweep"_activity).id();
      return ids;
    };
    const std::array<uint32_t, 6> first = at();
    for (size_t i = 0; i < first.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (first[i] == first[k]) _exit(1);
      }
    }
    if (at() != first || at() != first) _exit(2);
  });
  EXPECT_EQ(recorded.exit_status, 0);
}

TEST(Literals, RecordWhatTextsRecord) {
  const Recorded recorded = record_in_process([] {
    for (int i = 0; i < 3; ++i) {
      Task step("step"_activity, {{"number"_name, i}, {"dt"_name, 0.5}});
      step.generated({{"residual"_name, 0.25}, {"scheme"_name, "upwind"}});
      step.generated({{"residual"_name, 0.125}});  // the last one holds
      step.tag({{"password"_name, 7}});
    }
  });
  ASSERT_EQ(recorded.tasks.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const Recorded::Task& task = recorded.tasks[static_cast<size_t>(i)];
    EXPECT_EQ(task.activity, "step");
    EXPECT_EQ(task.values.at("used.number"), std::to_string(i));
    EXPECT_EQ(task.values.at("used.dt"), "0.5");
    EXPECT_EQ(task.values.at("generated.residual"), "0.125");
    EXPECT_EQ(task.values.at("generated.scheme"), "\"upwind\"");
    EXPECT_NE(task.values.at("tag.password"), "7");
  }
}

TEST(Literals, HoldInAForkChildWhoseDictionaryIsAnother) {
  const auto step = [](int number) { const Task task("step"_activity, {{"number"_name, number}}); };
  const Recorded recorded = record_in_process([&step] {
    step(0);
    const pid_t child = fork();
    if (child == 0) {
      {
        const Task other("other", {{"comes first", 1}});
      }  // so that the ids differ
      step(1);
      headrace_flush();
      _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) _exit(1);
    std::thread([&step] { step(2); }).join();
  });
  ASSERT_EQ(recorded.exit_status, 0);
  std::map<std::string, int> numbers;
  for (const Recorded::Task& task : recorded.tasks) {
    if (task.activity == "step") ++numbers[task.values.at("used.number")];
  }
  EXPECT_EQ(numbers, (std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}}));
}

}  // namespace
}  // namespace headrace::capture
