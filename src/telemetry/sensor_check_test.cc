#include "telemetry/sensor_check.h"

#include <cmath>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/ways_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStep_ns = 2 * kMs;
constexpr double kBase_w = 80;
constexpr double kHigh_w = 430;
// Half periods that are no multiples of a refresh, nor of each other.
constexpr int kHalves_ms[] = {131, 370, 229, 513, 71, 293, 177, 401, 347, 257};

struct Wave {
  std::string text = "power load";
  std::vector<LoadSpan> spans;
};
Wave made_wave(int64_t until_ns) {
  Wave out;
  int64_t at_ns = 0;
  for (size_t i = 0; at_ns < until_ns; ++i) {
    const bool on = i % 2 == 1;
    const int64_t half_ns = kHalves_ms[i % std::size(kHalves_ms)] * kMs;
    out.text += (i == 0 ? " " : " " + std::to_string(at_ns / kMs) + "ms ") +
                std::to_string(static_cast<int>(on ? kHigh_w : kBase_w)) + "W";
    if (on) out.spans.push_back({at_ns, at_ns + half_ns});
    at_ns += half_ns;
  }
  return out;
}

SensorFinding found(const Way& way, const std::string& keys, int64_t until_ns,
                    const std::string& name = "") {
  const Wave wave = made_wave(until_ns);
  TurnedLab lab(wave.text + "\nmeter " + way.meter + " load " + keys + "\n");
  setenv("HEADRACE_LAB", lab.folder().c_str(), 1);
  const std::unique_ptr<Provider> provider = way.make(lab);
  const Probe probe = provider->probe();
  std::vector<Reading> readings(probe.sensors.size());
  std::vector<CheckedReading> read;
  size_t which = 0;
  const std::string wanted = name.empty() ? way.sensor : name;
  while (which < probe.sensors.size() && probe.sensors[which].sensor.name != wanted) ++which;
  EXPECT_LT(which, probe.sensors.size()) << wanted;
  for (int64_t at_ns = 0; at_ns < until_ns && which < probe.sensors.size(); at_ns += kStep_ns) {
    lab.turn_to(static_cast<double>(at_ns) * 1e-9);
    std::fill(readings.begin(), readings.end(), Reading());
    provider->sweep(readings);
    if (readings[which].ok) read.push_back({at_ns, readings[which].raw});
  }
  unsetenv("HEADRACE_LAB");
  return characterise(probe.sensors[which].sensor, read, wave.spans, kStep_ns);
}

const Way& way(std::string_view name) {
  for (const Way& one : kWays) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << name;
  return kWays[0];
}

TEST(SensorCheck, FindsThePeriodAndThatItLooksAllTheTime) {
  for (const char* name : {"powercap", "nvml", "hwmon", "amd_smi"}) {
    SCOPED_TRACE(name);
    const SensorFinding one = found(way(name), "period=100ms", 20'000 * kMs);
    ASSERT_TRUE(one.period_ns) << one.verdict;
    EXPECT_NEAR(static_cast<double>(*one.period_ns), 100e6, 1e6);
    EXPECT_LT(one.jitter.value_or(1), 0.01);
    EXPECT_GT(one.follows, 0.98);
    EXPECT_NEAR(one.amplitude_w.value_or(0), kHigh_w - kBase_w, 10);
    EXPECT_NEAR(one.base_w.value_or(0), kBase_w, 10);
    EXPECT_GE(one.duty.value_or(0), 0.9);
    EXPECT_LE(one.latency_ns.value_or(kMs * 1000), 10 * kMs);
    EXPECT_NE(one.verdict.find("looks all the time"), std::string::npos) << one.verdict;
  }
}

TEST(SensorCheck, FindsTheShareOfTimeThatIsLookedAt) {
  for (const double duty : {0.25, 0.5, 0.75}) {
    SCOPED_TRACE(duty);
    const SensorFinding one =
        found(way("nvml"), "period=100ms duty=" + std::to_string(duty), 30'000 * kMs);
    ASSERT_TRUE(one.duty) << one.verdict;
    EXPECT_NEAR(*one.duty, duty, 0.06) << one.verdict;
    // It looks first, and shows it when the period is over.
    EXPECT_NEAR(static_cast<double>(*one.latency_ns), (1 - duty) * 100e6, 8e6);
    EXPECT_NEAR(*one.amplitude_w, kHigh_w - kBase_w, 15);
    EXPECT_NE(one.verdict.find("of the time only"), std::string::npos) << one.verdict;
  }
}

TEST(SensorCheck, FindsJitterAndQuantum) {
  const SensorFinding one = found(way("cray"), "period=100ms jitter=0.1 quantum=1J", 20'000 * kMs);
  ASSERT_TRUE(one.period_ns);
  EXPECT_NEAR(static_cast<double>(*one.period_ns), 100e6, 3e6);
  // Each end lies anywhere in a tenth of a period.
  EXPECT_NEAR(one.jitter.value_or(0), 0.1 * std::sqrt(2.0 / 12), 0.01);
  EXPECT_DOUBLE_EQ(one.quantum.value_or(0), 1);
}

TEST(SensorCheck, AGaugeShowsTheMeanOfItsPeriod) {
  const SensorFinding one = found(way("nvml"), "period=100ms", 20'000 * kMs, "gpu-0.power");
  ASSERT_TRUE(one.period_ns) << one.verdict;
  EXPECT_NEAR(static_cast<double>(*one.period_ns), 100e6, 3e6);
  EXPECT_NEAR(one.amplitude_w.value_or(0), kHigh_w - kBase_w, 15);
}

TEST(SensorCheck, AnInstantGaugeHasNoPeriodThatCouldBeSeen) {
  const SensorFinding one = found(way("nvml"), "period=100ms", 20'000 * kMs, "gpu-0.power_instant");
  EXPECT_FALSE(one.period_ns) << one.verdict;
  EXPECT_NE(one.verdict.find("changes only with it"), std::string::npos) << one.verdict;
}

TEST(SensorCheck, ATrailingMeanIsFoundWithItsLength) {
  const SensorFinding one = found(way("nvml"), "period=100ms", 20'000 * kMs, "gpu-0.power_average");
  ASSERT_TRUE(one.period_ns && one.window_ns) << one.verdict;
  EXPECT_NEAR(static_cast<double>(*one.period_ns), 100e6, 3e6);
  EXPECT_NEAR(static_cast<double>(*one.window_ns), 1e9, 0.1e9);
  EXPECT_NE(one.verdict.find("shows the mean of the last"), std::string::npos) << one.verdict;
}

TEST(SensorCheck, AFastOneIsKnownToBeFastAndNoMore) {
  const SensorFinding one = found(way("powercap"), "period=1ms", 10'000 * kMs);
  ASSERT_TRUE(one.period_ns);
  EXPECT_LE(*one.period_ns, kStep_ns);
  EXPECT_FALSE(one.duty);
  EXPECT_FALSE(one.jitter);
  EXPECT_NEAR(one.amplitude_w.value_or(0), kHigh_w - kBase_w, 15);
  EXPECT_NE(one.verdict.find("too fast"), std::string::npos) << one.verdict;
}

TEST(SensorCheck, SaysWhereNothingCanBeTold) {
  Sensor sensor;
  sensor.unit = "J";
  sensor.kind = SensorKind::kCounter;
  std::vector<CheckedReading> read;
  EXPECT_EQ(characterise(sensor, read, {}, kMs).verdict, "gave no answer");
  for (int i = 0; i < 1000; ++i) read.push_back({i * kMs, 7});
  EXPECT_NE(characterise(sensor, read, {}, kMs).verdict.find("did not change"), std::string::npos);
  for (int i = 500; i < 1000; ++i) read[static_cast<size_t>(i)].raw = 8;
  EXPECT_NE(characterise(sensor, read, {}, kMs).verdict.find("too slow"), std::string::npos);
  // Steady, whatever the load does.
  for (int i = 0; i < 1000; ++i) read[static_cast<size_t>(i)].raw = static_cast<uint64_t>(i / 20);
  const std::vector<LoadSpan> load = {{100 * kMs, 300 * kMs}, {600 * kMs, 700 * kMs}};
  const SensorFinding steady = characterise(sensor, read, load, kMs);
  EXPECT_FALSE(steady.amplitude_w);
  EXPECT_NE(steady.verdict.find("does not follow"), std::string::npos) << steady.verdict;
}

}  // namespace
}  // namespace headrace::telemetry
