#include "telemetry/amd_gpus.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/gpu_metrics.h"
#include "telemetry/kept_file.h"
#include "telemetry/lab_for_test.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

// Every test runs over each of the ways to read the same cards.
class AmdGpusTest : public testing::TestWithParam<const char*> {
 protected:
  void begin(const std::string& scenario) {
    lab_ = std::make_unique<TurnedLab>(scenario);
    ASSERT_EQ(setenv(lab::kFolderVariable, lab_->folder().c_str(), 1), 0);
  }
  void TearDown() override { unsetenv(lab::kFolderVariable); }
  std::unique_ptr<AmdGpus> provider() const {
    std::vector<std::unique_ptr<AmdSource>> sources;
    const std::string way = GetParam();
    sources.push_back(way == "amd_smi"    ? amd_smi_source(FAKE_AMD_SMI)
                      : way == "rocm_smi" ? rocm_smi_source(FAKE_ROCM_SMI)
                                          : amdgpu_files_source(lab_->roots()));
    return std::make_unique<AmdGpus>(std::move(sources), [this] { return lab_->now_ns(); });
  }
  std::unique_ptr<TurnedLab> lab_;
};
INSTANTIATE_TEST_SUITE_P(EachWay, AmdGpusTest, testing::Values("amd_smi", "rocm_smi", "files"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(AmdGpusTest, ReadsEveryCardWithTheStepThatTheSourceSays) {
  begin(
      "power a 300W 1s 500W\npower b 90W\nmeter amd 0 a serial=00000000000000ab\nmeter amd 1 b "
      "power=current\n");
  lab_->turn_to(0.5);
  const auto gpus = provider();
  const Probe probe = gpus->probe();
  ASSERT_EQ(probe.sensors.size(), 10u) << probe.sources[0].detail;
  const Sensor* energy = sensor_named(probe, "gpu-amd-0.energy");
  EXPECT_EQ(energy->domain, "node/gpu-amd-0");
  EXPECT_EQ(energy->device, "00000000000000ab");
  lab_->turn_to(2);
  const Values v = sweep(*gpus, probe);
  const double joules = static_cast<double>(v.at("gpu-amd-0.energy").value()) * energy->scale;
  EXPECT_NEAR(joules, 800, 800 * 1e-6);
  EXPECT_EQ(v.at("gpu-amd-0.power"), 500'000'000u);
  EXPECT_EQ(v.at("gpu-amd-0.temperature"), 80'000u);
  EXPECT_EQ(v.at("gpu-amd-0.utilization"), 100u);
  EXPECT_EQ(v.at("gpu-amd-0.memory"), 5'000'000'000u);
  EXPECT_EQ(v.at("gpu-amd-1.power"), 90'000'000u);
  EXPECT_EQ(v.at("gpu-amd-1.utilization"), 0u);
}

TEST_P(AmdGpusTest, AReadingHasTheTimeThatTheCardSays) {
  begin("power a 300W\nmeter amd 0 a\n");
  lab_->turn_to(0.5);
  const auto gpus = provider();
  const Probe probe = gpus->probe();
  std::vector<Reading> readings(probe.sensors.size());
  for (const double at_s : {1.1, 1.25, 1.39}) {
    lab_->turn_to(at_s);
    gpus->sweep(readings);
  }
  EXPECT_EQ(readings[0].taken_ns, 1'300'000'000);
}

// The second die of an MI250X: no power of its own; its counter may count or stay 0.
TEST_P(AmdGpusTest, WhatTheSecondDieDoesNotReportIsNoZero) {
  begin(
      "power a 300W\nmeter amd 0 a\nmeter amd 1 a die=second\nmeter amd 2 a\n"
      "meter amd 3 a die=second energy=none\n");
  lab_->turn_to(0.5);
  const auto gpus = provider();
  const Probe probe = gpus->probe();
  EXPECT_NE(sensor_named(probe, "gpu-amd-1.energy"), nullptr);
  EXPECT_EQ(sensor_named(probe, "gpu-amd-1.power"), nullptr);
  EXPECT_EQ(sensor_named(probe, "gpu-amd-3.energy"), nullptr);
  EXPECT_EQ(probe.sources[0].domains, "node/gpu-amd-0 node/gpu-amd-1 node/gpu-amd-2");
  EXPECT_NE(probe.sources[0].detail.find("power and energy gpu-amd-2 reports for their package"),
            std::string::npos)
      << probe.sources[0].detail;
}

TEST_P(AmdGpusTest, AZeroAFailureAndHalfAnAnswerAreGaps) {
  begin(
      "power a 300W\nmeter amd 0 a\nmeter amd 1 a\nfault amd 0 zero 1s 2s\n"
      "fault amd 0 torn 3s 4s\nfault amd 0 lost 5s 6s\n");
  lab_->turn_to(0.5);
  const auto gpus = provider();
  const Probe probe = gpus->probe();
  for (const double at_s : {1.5, 3.5, 5.5}) {
    lab_->turn_to(at_s);
    const Values v = sweep(*gpus, probe);
    EXPECT_FALSE(v.at("gpu-amd-0.energy")) << at_s;
    EXPECT_TRUE(v.at("gpu-amd-1.energy")) << at_s;
  }
}

TEST(AmdGpus, TakesTheFirstWayThatWorksAndSaysWhyNot) {
  TurnedLab lab("power a 300W\nmeter amd 0 a\n");
  lab.turn_to(1);
  std::vector<std::unique_ptr<AmdSource>> sources;
  sources.push_back(amd_smi_source("libheadrace-none.so"));
  sources.push_back(rocm_smi_source("libm.so.6"));
  sources.push_back(amdgpu_files_source(lab.roots()));
  AmdGpus works(std::move(sources));
  EXPECT_EQ(works.probe().sources[0].name, "AMD GPUs (amdgpu files)");

  const Tree empty;
  sources.clear();
  sources.push_back(amd_smi_source("libheadrace-none.so"));
  sources.push_back(rocm_smi_source("libm.so.6"));
  sources.push_back(amdgpu_files_source({"", empty.path()}));
  const Probe probe = AmdGpus(std::move(sources)).probe();
  const std::string& why = probe.sources[0].detail;
  EXPECT_NE(why.find("AMD SMI: libheadrace-none.so"), std::string::npos) << why;
  EXPECT_NE(why.find("lacks rsmi_init"), std::string::npos) << why;
  EXPECT_NE(why.find("no AMD card in"), std::string::npos) << why;
}

TEST(GpuMetrics, EveryKnownLayoutGivesTheSame) {
  for (const char* layout : {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8"}) {
    TurnedLab lab(std::string("power a 300W\nmeter amd 0 a metrics=") + layout + "\n");
    lab.turn_to(2);
    const std::string table =
        read_once(lab.roots().sysfs + "/class/drm/card0/device/gpu_metrics").value_or("");
    const Result<AmdCard> card = parse_gpu_metrics(table);
    ASSERT_TRUE(card.ok()) << layout << card.status().message();
    EXPECT_EQ(card->energy_steps, 600u << 16U) << layout;
    EXPECT_EQ(card->power_uw, 300'000'000u) << layout;
    EXPECT_EQ(card->temperature_mc, 60'000u) << layout;
    EXPECT_EQ(card->use_percent, 100u) << layout;
    EXPECT_EQ(card->stamp_ns, 2'000'000'000) << layout;
    EXPECT_EQ(parse_gpu_metrics(table.substr(0, 30)).status().code(), StatusCode::kCorrupt);
  }
  EXPECT_EQ(parse_gpu_metrics(std::string("\x20\x00\x02\x01", 4)).status().code(),
            StatusCode::kUnsupported);
  EXPECT_FALSE(parse_gpu_metrics("").ok());
}

}  // namespace
}  // namespace headrace::telemetry
