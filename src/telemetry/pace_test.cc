// The pace of reading, on the laboratory's clock.
#include "telemetry/pace.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/change_filter.h"
#include "telemetry/cray_pm.h"
#include "telemetry/lab_for_test.h"
#include "telemetry/nvml.h"
#include "telemetry/powercap.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr int64_t kMs_ns = 1'000'000;
constexpr std::optional<int64_t> kNoTask;

// A provider of a laboratory, read at its own pace.
class Paced {
 public:
  explicit Paced(const std::string& meter, const std::string& rest = "")
      : lab_("power a 300W\nmeter " + meter + "\n" + rest) {
    EXPECT_EQ(setenv(lab::kFolderVariable, lab_.folder().c_str(), 1), 0);
    lab_.turn_to(0.5);
  }
  ~Paced() { unsetenv(lab::kFolderVariable); }
  void use(std::unique_ptr<Provider> provider) {
    provider_ = std::move(provider);
    probe_ = provider_->probe();
    pace_ = Pace(probe_.sensors, {});
    readings_.resize(probe_.sensors.size());
    for (const SensorSpec& spec : probe_.sensors) filters_.emplace_back(spec);
  }
  // Sweeps until `until_s`, while a youngest task of that age is open. Returns how many.
  size_t sweep_until(double until_s, std::optional<int64_t> youngest_ns, int64_t cpu_ns = 0) {
    size_t sweeps = 0;
    for (; lab_.now_ns() < static_cast<int64_t>(until_s * 1e9); ++sweeps) {
      std::fill(readings_.begin(), readings_.end(), Reading());
      provider_->sweep(readings_);
      pace_.swept(readings_, lab_.now_ns(), cpu_ns);
      Sample out[2];
      const int n = filters_[0].push(readings_[0], static_cast<uint64_t>(lab_.now_ns()),
                                     lab_.now_ns(), false, out);
      samples_.insert(samples_.end(), out, out + n);
      const double load = pace_.cpu_ns() / static_cast<double>(pace_.step_ns(youngest_ns));
      slowed_ = slowdown(load);
      lab_.turn_to(static_cast<double>(lab_.now_ns() + pace_.step_ns(youngest_ns, slowed_)) * 1e-9);
    }
    return sweeps;
  }
  const TurnedLab& lab() const { return lab_; }
  Pace& pace() { return pace_; }
  double slowed() const { return slowed_; }
  const std::vector<Sample>& samples() const { return samples_; }  // of the first sensor

 private:
  TurnedLab lab_;
  std::unique_ptr<Provider> provider_;
  Probe probe_;
  Pace pace_;
  std::vector<Reading> readings_;
  std::vector<ChangeFilter> filters_;
  std::vector<Sample> samples_;
  double slowed_ = 1;
};

TEST(Pace, LearnsHowOftenACounterIsRefreshedAndReadsFourTimesInBetween) {
  Paced gpu("nvml 0 a period=100ms jitter=0.03");
  gpu.use(std::make_unique<Nvml>(FAKE_NVML));
  EXPECT_LE(gpu.sweep_until(1.5, kNoTask), 100u) << "the probe ends when it is known";
  ASSERT_TRUE(gpu.pace().period_ns(0));
  EXPECT_NEAR(static_cast<double>(*gpu.pace().period_ns(0)), 100e6, 11e6);
  const auto step_ns = [&](std::optional<int64_t> age) { return gpu.pace().step_ns(age); };
  EXPECT_NEAR(static_cast<double>(step_ns(0)), 25e6, 3e6);
  EXPECT_NEAR(static_cast<double>(step_ns(1500 * kMs_ns)), 25e6, 3e6);
  EXPECT_EQ(step_ns(2500 * kMs_ns), 100 * kMs_ns) << "older than 20 refreshes";
  EXPECT_EQ(step_ns(kNoTask), 1000 * kMs_ns);
  EXPECT_NEAR(static_cast<double>(gpu.sweep_until(11.5, 0)), 400, 60);
  EXPECT_NEAR(static_cast<double>(*gpu.pace().period_ns(0)), 100e6, 26e6) << "still known";
  EXPECT_EQ(gpu.sweep_until(31.5, kNoTask), 20u) << "once a second while nothing runs";
  EXPECT_NEAR(static_cast<double>(*gpu.pace().period_ns(0)), 100e6, 26e6) << "and not forgotten";
}

TEST(Pace, EachRefreshLiesBetweenTwoRecordedReadings) {
  Paced gpu("nvml 0 a period=100ms");
  gpu.use(std::make_unique<Nvml>(FAKE_NVML));
  gpu.sweep_until(10, 0);
  size_t changes = 0;
  const auto& samples = gpu.samples();
  for (size_t i = 1; i < samples.size(); ++i) {
    ASSERT_GT(samples[i].at_ticks, samples[i - 1].at_ticks);
    if (samples[i].raw == samples[i - 1].raw) continue;
    ++changes;
    const uint64_t refreshed = samples[i].at_ticks / 100'000'000 * 100'000'000;
    EXPECT_LE(samples[i - 1].at_ticks, refreshed) << i;
    EXPECT_LE(samples[i].at_ticks - samples[i - 1].at_ticks, 30'000'000u) << i;
  }
  EXPECT_GE(changes, 90u);
}

TEST(Pace, WhatRefreshesEachMillisecondIsReadEachTenOnlyForShortTasks) {
  Paced package("powercap package-0 a period=1ms");
  package.use(std::make_unique<Powercap>(package.lab().roots()));
  package.sweep_until(1.5, kNoTask);
  EXPECT_EQ(package.pace().step_ns(0), 10 * kMs_ns);
  EXPECT_EQ(package.pace().step_ns(300 * kMs_ns), 100 * kMs_ns);
}

TEST(Pace, ASourceThatSaysItsPeriodIsBelievedUntilItIsSeen) {
  Paced blade("cray node a period=100ms");
  blade.use(std::make_unique<CrayPm>(blade.lab().roots(), [&] { return blade.lab().now_ns(); }));
  EXPECT_EQ(blade.pace().period_ns(0), 100 * kMs_ns);
}

TEST(Pace, ACounterIsReadTwiceBeforeItCanHaveWrapped) {
  // 100 J at 2,500 W: 20 ms for half of it.
  Paced package("powercap package-0 a period=1ms range=100J");
  package.use(std::make_unique<Powercap>(package.lab().roots()));
  package.sweep_until(2, kNoTask, 5 * kMs_ns);
  EXPECT_GT(package.slowed(), 1);
  EXPECT_NEAR(static_cast<double>(package.pace().step_ns(kNoTask, package.slowed())), 20e6, 1e5);
}

TEST(Pace, WhatItCostsBoundsHowOftenItIsRead) {
  Paced gpu("nvml 0 a period=100ms");
  gpu.use(std::make_unique<Nvml>(FAKE_NVML));
  constexpr int64_t kSweep_ns = 100'000;
  gpu.sweep_until(5, 0, kSweep_ns);
  EXPECT_NEAR(gpu.slowed(), 4, 0.5) << "100 us each 25 ms is 4 times the budget";
  const size_t sweeps = gpu.sweep_until(25, 0, kSweep_ns);
  EXPECT_NEAR(static_cast<double>(sweeps) * kSweep_ns / 20e9, Pace::kBudget, 0.1 * Pace::kBudget);
  EXPECT_EQ(gpu.pace().step_ns(kNoTask, 100), 1000 * kMs_ns) << "never slower than at rest";
  EXPECT_EQ(slowdown(0.5 * Pace::kBudget), 1);
  EXPECT_EQ(slowdown(4 * Pace::kBudget, 2 * Pace::kBudget), 2) << "another budget";
}

TEST(Pace, ASourceThatWasGoneForLongIsLearntAnew) {
  Paced gpu("nvml 0 a period=100ms", "fault nvml 0 lost 5s 70s\n");
  gpu.use(std::make_unique<Nvml>(FAKE_NVML));
  gpu.sweep_until(69.5, kNoTask);
  EXPECT_EQ(gpu.pace().step_ns(kNoTask), 1000 * kMs_ns);
  EXPECT_GT(gpu.sweep_until(72.5, kNoTask), 30u) << "probed when it is back";
  EXPECT_NEAR(static_cast<double>(*gpu.pace().period_ns(0)), 100e6, 11e6);
}

TEST(Pace, ARateThatWasAskedForIsKept) {
  SensorSpec spec;
  spec.sensor.quantity = "hw.energy";
  spec.sensor.kind = SensorKind::kCounter;
  const Pace pace(std::span(&spec, 1), {.usual_ns = 7 * kMs_ns, .fixed = true});
  EXPECT_EQ(pace.step_ns(kNoTask, 5), 7 * kMs_ns);
  EXPECT_EQ(pace.step_ns(0, 5), 7 * kMs_ns);
}

}  // namespace
}  // namespace headrace::telemetry
