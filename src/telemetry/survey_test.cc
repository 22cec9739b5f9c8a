#include "telemetry/survey.h"

#include <gtest/gtest.h>

namespace headrace::telemetry {
namespace {

// Changes with every third sweep; another never; a third cannot be read.
class Counting : public Provider {
 public:
  Probe probe() override {
    Probe probe;
    for (const char* name : {"counts", "stands", "fails"}) {
      SensorSpec spec;
      spec.sensor.name = name;
      spec.sensor.scale = 0.5;
      spec.period_ns = 7;
      probe.sensors.push_back(spec);
    }
    probe.sources.emplace_back();
    probe.sources[0].name = "counting";
    probe.sources[0].readable = true;
    return probe;
  }
  void sweep(std::span<Reading> readings) override {
    readings[0].set(++sweeps_ / 3);
    readings[1].set(10);
  }

 private:
  uint64_t sweeps_ = 0;
};

TEST(Survey, SeesValuesAndHowOftenTheyChange) {
  Providers providers;
  providers.push_back(std::make_unique<Counting>());
  // Enough for the 15 sweeps that five changes take, however slow the machine is.
  const Survey seen = survey(std::move(providers), 300'000'000);
  ASSERT_EQ(seen.sensors.size(), 3u);
  const SurveyedSensor& counts = seen.sensors[0];
  EXPECT_EQ(counts.source, "counting");
  EXPECT_EQ(counts.said_period_ns, 7);
  ASSERT_TRUE(counts.seen_period_ns);
  EXPECT_GT(*counts.seen_period_ns, 2'000'000) << "three sweeps with a millisecond between them";
  EXPECT_EQ(seen.sensors[1].value, 5);
  EXPECT_FALSE(seen.sensors[1].seen_period_ns);
  EXPECT_FALSE(seen.sensors[2].value);
  EXPECT_EQ(seen.sources.at(0).name, "counting");
}

}  // namespace
}  // namespace headrace::telemetry
