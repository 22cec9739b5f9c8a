// How far attribution of a process's own CPU time is off, and what it withholds: tasks of known
// energy in a process that is read at irregular times, alone and among others.

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

#include "energy/emulated_process_for_test.h"
#include "energy/self_energy.h"

namespace headrace::energy {
namespace {

size_t processes() { return std::getenv("HEADRACE_TEST_ALL") != nullptr ? 1000 : 100; }

struct Level {
  size_t tasks = 0, given = 0, covered = 0;
  std::vector<double> relative;
  void add(double joules, double truth, double u95) {
    ++tasks;
    if (!(u95 <= 0.5 * joules)) return;
    ++given;
    covered += std::abs(joules - truth) <= u95 + 2e-6 ? 1 : 0;
    relative.push_back(std::abs(joules - truth) / truth);
  }
  double at(double quantile) {
    if (relative.empty()) return 0;
    std::sort(relative.begin(), relative.end());
    return 100 * relative[static_cast<size_t>(quantile * static_cast<double>(relative.size() - 1))];
  }
  double interval() const {
    return 100 * static_cast<double>(covered) / static_cast<double>(given);
  }
  double withheld() const {
    return 100 * static_cast<double>(tasks - given) / static_cast<double>(tasks);
  }
};

// What is promised, in percent: how many outer tasks and steps have no figure.
struct Promise {
  double withheld = 0;
  double steps_withheld = 0;
};

void row(const char* name, EmulatedProcessPlan plan, Promise promise) {
  Level outer, steps;
  size_t studies = 0;
  for (size_t i = 0; i < processes(); ++i) {
    plan.seed = 40 + i;
    EmulatedProcess process(plan);
    const auto& spans = process.spans();
    const Timeline timeline =
        Timeline::of_counter({EmulatedProcess::kBusy_w * 1e-3, 0}, process.read());
    const SelfEnergy energy = divide(timeline, spans, order_events(spans), 2, {true, false, true});
    const size_t before = outer.tasks - outer.given;
    for (size_t t = 0; t < spans.size(); ++t) {
      const TaskEnergy& task = energy.tasks[t];
      const double u95 = 1.96e-6 * std::sqrt(task.whole_variance);
      double joules = static_cast<double>(task.self) * 1e-6;
      if (spans[t].type == EmulatedProcess::kStep) {
        if (task.own_s >= kShortest * task.window_s)
          steps.add(joules, process.true_j(spans[t]), u95);
        continue;
      }
      for (size_t c = t + 1; c < spans.size() && spans[c].parent == t; ++c) {
        joules += static_cast<double>(energy.tasks[c].self) * 1e-6;
      }
      outer.add(joules, process.true_j(spans[t]), u95);
    }
    studies += outer.tasks - outer.given > before ? 1 : 0;
  }
  std::printf(
      "%-28s %6zu tasks | split %5.2f /%6.2f %% | interval %5.1f %% | withheld %5.2f %%, in %zu of "
      "%zu processes | %7zu steps | split %5.2f /%6.2f %% | interval %5.1f %% | withheld %5.1f "
      "%%\n",
      name, outer.tasks, outer.at(0.5), outer.at(0.95), outer.interval(), outer.withheld(), studies,
      processes(), steps.tasks, steps.at(0.5), steps.at(0.95), steps.interval(), steps.withheld());
  EXPECT_LE(outer.withheld(), promise.withheld) << name;
  EXPECT_LE(steps.withheld(), promise.steps_withheld) << name;
  EXPECT_GE(outer.interval(), 93) << name;
  EXPECT_GE(steps.interval(), 93) << name;
}

TEST(ProcessRows, Alone) { row("alone", {}, {0.1, 10}); }
TEST(ProcessRows, HalfOfACpu) {
  EmulatedProcessPlan plan;
  plan.shares = {0.5};
  row("half of a CPU", plan, {0.2, 100});
}
// Some tasks get next to none of it.
TEST(ProcessRows, AFifthOfACpu) {
  EmulatedProcessPlan plan;
  plan.shares = {0.2};
  row("a fifth of a CPU", plan, {2, 100});
}
TEST(ProcessRows, OthersComeAndGo) {
  EmulatedProcessPlan plan;
  plan.shares = {1, 0.5, 0.2};
  row("others come and go", plan, {1, 100});
  plan.shares = {1, 0.15};
  plan.step_s = 0.04;
  row("others come and go, 40 ms", plan, {0.1, 30});
}

}  // namespace
}  // namespace headrace::energy
