#include "telemetry/nvml_process.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/lab_for_test.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

class NvmlProcessTest : public testing::Test {
 protected:
  void begin(const std::string& keys) {
    lab_ =
        std::make_unique<TurnedLab>("power a 700W 6s 0W\npower b 700W\nmeter nvml 0 a uuid=GPU-1 " +
                                    keys + "\nmeter nvml 1 b uuid=GPU-2\n");
    ASSERT_EQ(setenv(lab::kFolderVariable, lab_->folder().c_str(), 1), 0);
  }
  void TearDown() override {
    unsetenv("HEADRACE_LAB_SM");
    unsetenv(lab::kFolderVariable);
  }
  std::unique_ptr<TurnedLab> lab_;
};

TEST_F(NvmlProcessTest, AddsUpThisProcessesShareOfTheDevice) {
  begin("processes=yes");
  ASSERT_EQ(setenv("HEADRACE_LAB_SM", "25", 1), 0);
  lab_->turn_to(1);
  NvmlProcess provider(FAKE_NVML);
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 1u) << "the second GPU does not tell it";
  const Sensor& sensor = probe.sensors[0].sensor;
  EXPECT_EQ(sensor.name, "process.gpu-0.time");
  EXPECT_EQ(sensor.quantity, "process.gpu.time");
  EXPECT_EQ(sensor.unit, "s");
  EXPECT_EQ(sensor.domain, "node/gpu-0");
  EXPECT_EQ(sensor.device, "GPU-1");
  EXPECT_EQ(sensor.kind, SensorKind::kCounter);
  ASSERT_EQ(probe.sources.size(), 1u);
  EXPECT_NE(probe.sources[0].detail.find("GPU 1: Not Supported"), std::string::npos);
  EXPECT_EQ(sweep(provider, probe).at("process.gpu-0.time"), 0u) << "what was before is not its";
  lab_->turn_to(1.5);
  EXPECT_EQ(sweep(provider, probe).at("process.gpu-0.time"), 125'000'000u);
  EXPECT_EQ(sweep(provider, probe).at("process.gpu-0.time"), 125'000'000u) << "nothing new";
  lab_->turn_to(5.5);
  // The driver said nothing for four seconds: one of them is counted at most.
  EXPECT_EQ(sweep(provider, probe).at("process.gpu-0.time"), 375'000'000u);
  lab_->turn_to(6.3);
  EXPECT_EQ(sweep(provider, probe).at("process.gpu-0.time"), 375'000'000u) << "out of use";
}

TEST_F(NvmlProcessTest, WithoutIt) {
  begin("");
  NvmlProcess provider(FAKE_NVML);
  EXPECT_TRUE(provider.probe().sensors.empty());
  NvmlProcess none("libheadrace_no_such_library.so");
  const Probe probe = none.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_TRUE(probe.sources.empty()) << "that there is no driver is said once";
}

}  // namespace
}  // namespace headrace::telemetry
