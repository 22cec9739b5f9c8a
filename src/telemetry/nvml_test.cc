#include "telemetry/nvml.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/fake_nvml/fake_nvml.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kFirst = "GPU-11111111-2222-3333-4444-555555555555";
constexpr const char* kSecond = "GPU-99999999-2222-3333-4444-555555555555";

class NvmlTest : public testing::Test {
 protected:
  void SetUp() override {
    library_ = dlopen(FAKE_NVML, RTLD_NOW);
    ASSERT_NE(library_, nullptr) << dlerror();
    control_ = reinterpret_cast<FakeNvmlControl* (*)()>(dlsym(library_, "fake_nvml_control"))();
    advance_ = reinterpret_cast<void (*)(uint64_t)>(dlsym(library_, "fake_nvml_advance"));
    *control_ = FakeNvmlControl{};
    control_->gpus = 2;
    control_->period_ns = 100'000'000;
    control_->gpu[0] = {kFirst, 250, 0, 0, 41, 80, 1 << 30, 0, 0};
    control_->gpu[1] = {kSecond, 70, 0, 0, 33, 0, 0, 0, 0};
  }
  void TearDown() override {
    unsetenv("CUDA_VISIBLE_DEVICES");
    EXPECT_EQ(control_->initialised, 0) << "every init has its shutdown";
    EXPECT_EQ(control_->calls_before_init, 0);
    dlclose(library_);
  }
  void* library_ = nullptr;
  FakeNvmlControl* control_ = nullptr;
  void (*advance_)(uint64_t) = nullptr;
};

TEST_F(NvmlTest, ReadsEveryGpuAndTheCounterIntegratesExactly) {
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 12u);
  const uint64_t before = sweep(provider, probe).at("gpu-0.energy").value();
  advance_(1'000'000'000);
  control_->gpu[0].power_w = 700;
  advance_(500'000'000);
  const Values v = sweep(provider, probe);
  EXPECT_NEAR(static_cast<double>(v.at("gpu-0.energy").value() - before), 250'000 + 350'000, 1);
  EXPECT_EQ(v.at("gpu-0.power"), 700'000);
  EXPECT_EQ(v.at("gpu-0.temperature"), 41);
  EXPECT_EQ(v.at("gpu-0.utilization"), 80);
  EXPECT_EQ(v.at("gpu-0.memory_utilization"), 40);
  EXPECT_EQ(v.at("gpu-0.memory"), 1 << 30);
  EXPECT_EQ(v.at("gpu-1.utilization"), 0);
  const Sensor* energy = sensor_named(probe, "gpu-1.energy");
  EXPECT_EQ(energy->device, kSecond);
  EXPECT_EQ(energy->domain, "node/gpu-1");
  EXPECT_EQ(energy->scale, 1e-3);
  EXPECT_EQ(energy->quantity, "hw.energy");
}

TEST_F(NvmlTest, CudaVisibleDevicesHidesNothingFromUsAndIsNoted) {
  for (const char* visible : {"1", "", kSecond, "-1"}) {
    ASSERT_EQ(setenv("CUDA_VISIBLE_DEVICES", visible, 1), 0);
    Nvml provider(FAKE_NVML);
    const Probe probe = provider.probe();
    EXPECT_NE(sensor_named(probe, "gpu-0.energy"), nullptr) << visible;
    EXPECT_NE(sensor_named(probe, "gpu-1.energy"), nullptr) << visible;
    EXPECT_NE(probe.sources[0].detail.find("not shown to this process"), std::string::npos);
  }
}

TEST_F(NvmlTest, WhatAGpuCannotDoIsNoSensorAndIsSaid) {
  control_->gpu[0].energy_error = nvml::kNotSupported;
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  EXPECT_EQ(sensor_named(probe, "gpu-0.energy"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-0.power"), nullptr);
  EXPECT_NE(sensor_named(probe, "gpu-1.energy"), nullptr);
  EXPECT_NE(probe.sources[0].detail.find("cannot read energy (Not Supported)"), std::string::npos)
      << probe.sources[0].detail;
}

TEST_F(NvmlTest, ALostGpuIsAGapAndTheOtherGoesOn) {
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  control_->gpu[0].error = 15;
  const Values v = sweep(provider, probe);
  for (const auto& [name, value] : v) {
    EXPECT_EQ(value.has_value(), name.starts_with("gpu-1")) << name;
  }
}

TEST_F(NvmlTest, ADriverThatDoesNotStartIsExplained) {
  control_->init_error = 9;
  Nvml provider(FAKE_NVML);
  const Probe probe = provider.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_FALSE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("Driver Not Loaded"), std::string::npos);
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

TEST(Visibility, FollowsCudasRules) {
  EXPECT_TRUE(is_visible(nullptr, 3, kFirst, 4));
  EXPECT_FALSE(is_visible("", 0, kFirst, 4));
  EXPECT_TRUE(is_visible("0,2", 2, kFirst, 4));
  EXPECT_FALSE(is_visible("0,2", 1, kFirst, 4));
  EXPECT_FALSE(is_visible("0,-1,2", 2, kFirst, 4)) << "what follows an invalid entry is hidden";
  EXPECT_FALSE(is_visible("0,7,2", 2, kFirst, 4));
  EXPECT_TRUE(is_visible("GPU-1111", 2, kFirst, 4));
  EXPECT_TRUE(is_visible("GPU-2222, GPU-11111111", 2, kFirst, 4));
  EXPECT_FALSE(is_visible("GPU-9999", 2, kFirst, 4));
  EXPECT_TRUE(is_visible("MIG-GPU-11111111-2222-3333-4444-555555555555/1/0", 0, kFirst, 1));
  EXPECT_FALSE(is_visible("MIG-GPU-99999999-2222-3333-4444-555555555555/1/0", 0, kFirst, 1));
}

}  // namespace
}  // namespace headrace::telemetry
