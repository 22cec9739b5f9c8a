#include "telemetry/nvml.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/lab_for_test.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kFirst = "GPU-11111111-2222-3333-4444-555555555555";
constexpr const char* kSecond = "GPU-99999999-2222-3333-4444-555555555555";

class NvmlTest : public testing::Test {
 protected:
  // `first` and `more`: keys of the first GPU, further lines.
  void begin(const std::string& first = {}, const std::string& more = {}) {
    lab_ = std::make_unique<TurnedLab>(
        "power a 250W 1s 700W\npower b 70W\nmeter nvml 0 a uuid=" + std::string(kFirst) + " " +
        first + "\nmeter nvml 1 b uuid=" + kSecond + "\n" + more);
    ASSERT_EQ(setenv(lab::kFolderVariable, lab_->folder().c_str(), 1), 0);
  }
  void TearDown() override {
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv(lab::kFolderVariable);
  }
  std::unique_ptr<TurnedLab> lab_;
};

TEST_F(NvmlTest, ReadsEveryGpuAndTheCounterIntegratesExactly) {
  begin();
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 24u);
  EXPECT_EQ(sweep(provider, probe).at("gpu-0.energy"), 0u);
  lab_->turn_to(1.5);
  const Values v = sweep(provider, probe);
  EXPECT_EQ(v.at("gpu-0.energy"), 250'000u + 350'000u);
  EXPECT_EQ(v.at("gpu-0.energy"), lab_->drawn_uj("a") / 1000);
  EXPECT_EQ(v.at("gpu-0.power"), 700'000u);
  EXPECT_EQ(v.at("gpu-0.temperature"), 100u);
  EXPECT_EQ(v.at("gpu-0.utilization"), 100u);
  EXPECT_EQ(v.at("gpu-0.memory_utilization"), 50u);
  EXPECT_EQ(v.at("gpu-0.memory"), 7'000'000'000u);
  EXPECT_EQ(v.at("gpu-0.clock"), 1200u);
  EXPECT_EQ(v.at("gpu-0.throttle_reasons"), 4u);
  EXPECT_EQ(v.at("gpu-0.memory_temperature"), 105u);
  EXPECT_EQ(v.at("gpu-1.utilization"), 0u);
  EXPECT_EQ(v.at("gpu-1.throttle_reasons"), 1u);
  const Sensor* energy = sensor_named(probe, "gpu-1.energy");
  EXPECT_EQ(energy->device, kSecond);
  EXPECT_EQ(energy->domain, "node/gpu-1");
  EXPECT_EQ(energy->scale, 1e-3);
  EXPECT_EQ(energy->quantity, "hw.energy");
}

// The average lags half a second behind; which of them a sensor is, it says.
TEST_F(NvmlTest, BetweenUsualSweepsOnlyTheCountersAreAskedFor) {
  begin();
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  lab_->turn_to(1.5);
  std::vector<Reading> readings(probe.sensors.size());
  provider.sweep_counters(readings);
  for (size_t i = 0; i < readings.size(); ++i) {
    const std::string& name = probe.sensors[i].sensor.name;
    if (name == "gpu-0.energy") {
      EXPECT_EQ(readings[i].raw, 600'000u);
    } else if (name == "gpu-0.temperature" || name == "gpu-1.utilization") {
      EXPECT_FALSE(readings[i].ok) << name;
    }
  }
}

TEST_F(NvmlTest, PowersKeepTheirFieldAndScope) {
  begin();
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  lab_->turn_to(1.5);
  const Values v = sweep(provider, probe);
  EXPECT_EQ(v.at("gpu-0.power_instant"), 700'000u);
  EXPECT_EQ(v.at("gpu-0.power_average"), 475'000u);
  EXPECT_EQ(sensor_named(probe, "gpu-0.power_average")->method, "NVML field 185, scope GPU");
  EXPECT_EQ(sensor_named(probe, "gpu-0.module_power"), nullptr) << "not of this GPU";
}

TEST_F(NvmlTest, CudaVisibleDevicesHidesNothingFromUsAndIsNoted) {
  begin();
  for (const char* visible : {"1", "", kSecond, "-1"}) {
    ASSERT_EQ(setenv("CUDA_VISIBLE_DEVICES", visible, 1), 0);
    Nvml provider(FAKE_NVML);
    const Probe probe = provider.probe();
    EXPECT_NE(sensor_named(probe, "gpu-0.energy"), nullptr) << visible;
    EXPECT_NE(sensor_named(probe, "gpu-1.energy"), nullptr) << visible;
    EXPECT_NE(probe.sources[0].detail.find("not shown to this process"), std::string::npos);
  }
}

TEST_F(NvmlTest, InstancesHaveMemoryAndAreFoundByTheirOwnUuid) {
  begin("mig=2");
  ASSERT_EQ(setenv("CUDA_VISIBLE_DEVICES", "MIG-01111111-2222-3333-4444-555555555555", 1), 0);
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  const Sensor* second = sensor_named(probe, "gpu-0.mig-1.memory");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->domain, "node/gpu-0/mig-1");
  EXPECT_EQ(second->device, "MIG-11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(sensor_named(probe, "gpu-0.mig-1.energy"), nullptr);
  EXPECT_EQ(sweep(provider, probe).at("gpu-0.mig-1.memory"), 1'250'000'000u);
  const std::string& detail = probe.sources[0].detail;
  EXPECT_NE(detail.find("with 2 MIG instances;"), std::string::npos) << detail;
  EXPECT_NE(detail.find(std::string(kSecond) + ", not shown"), std::string::npos) << detail;
}

TEST_F(NvmlTest, WhatAGpuCannotDoIsNoSensorAndIsSaid) {
  begin("energy=none");
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  EXPECT_EQ(sensor_named(probe, "gpu-0.energy"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-0.power"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-1.energy"), nullptr);
  EXPECT_NE(probe.sources[0].detail.find("cannot read energy (Not Supported)"), std::string::npos)
      << probe.sources[0].detail;
}

TEST_F(NvmlTest, AnOldDriverHasNoFields) {
  begin("fields=none");
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  EXPECT_EQ(sensor_named(probe, "gpu-0.power_instant"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-0.energy"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-1.power_instant"), nullptr);
}

TEST_F(NvmlTest, ALostGpuIsAGapAndTheOtherGoesOn) {
  begin({}, "fault nvml 0 lost 1s 2s\n");
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  lab_->turn_to(1.5);
  for (const auto& [name, value] : sweep(provider, probe)) {
    EXPECT_EQ(value.has_value(), name.starts_with("gpu-1")) << name;
  }
  lab_->turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("gpu-0.energy"), lab_->drawn_uj("a") / 1000);
}

TEST_F(NvmlTest, ADriverThatDoesNotStartIsExplained) {
  begin("driver=unloaded");
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_FALSE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("Driver Not Loaded"), std::string::npos);
  EXPECT_EQ(probe.sources[0].enable, "sudo modprobe nvidia");
}

TEST(Nvml, NoLibraryIsExplained) {
  Nvml provider("libheadrace-no-such-library.so.1");
  const Probe probe = provider.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_NE(probe.sources[0].detail.find("libheadrace-no-such-library.so.1"), std::string::npos);
}

TEST(Nvml, ALibraryThatIsNotNvmlIsExplained) {
  Nvml provider("libm.so.6");
  const Probe probe = provider.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_NE(probe.sources[0].detail.find("nvmlInit_v2"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry
