#include "lab/laboratory.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace headrace::lab {
namespace {

class LaboratoryTest : public testing::Test {
 protected:
  LaboratoryTest() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-lab-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~LaboratoryTest() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  std::string read(const std::string& path) const {
    std::ifstream file(folder_ + path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string folder_;
};

TEST_F(LaboratoryTest, FilesFollowTheTurnedClockUnderAnOpenDescriptor) {
  Result<Laboratory> lab = Laboratory::create(
      folder_, "power a 10W\nmeter powercap package-0 a period=1ms start=999990uJ\n",
      LabClock::Kind::kTurned);
  ASSERT_TRUE(lab.ok()) << lab.status().message();
  const std::string zone = "/sys/class/powercap/intel-rapl:0/";
  EXPECT_EQ(read(zone + "name"), "package-0\n");
  const int fd = open((folder_ + zone + "energy_uj").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  char text[32] = {};
  EXPECT_EQ(pread(fd, text, sizeof text, 0), 7);
  EXPECT_STREQ(text, "999990\n");
  ASSERT_TRUE(lab->turn_to(1'000'000).ok());
  EXPECT_EQ(pread(fd, text, sizeof text, 0), 8);
  EXPECT_STREQ(text, "1009990\n");
  close(fd);
}

TEST_F(LaboratoryTest, AFailingFileFailsAndComesBack) {
  Result<Laboratory> lab = Laboratory::create(
      folder_, "power a 10W\nmeter powercap package-0 a\nfault powercap package-0 failing 1s 2s\n",
      LabClock::Kind::kTurned);
  ASSERT_TRUE(lab.ok());
  const std::string path = folder_ + "/sys/class/powercap/intel-rapl:0/energy_uj";
  const auto error = [&] {
    const int fd = open(path.c_str(), O_RDONLY);
    char text[32];
    const int out = pread(fd, text, sizeof text, 0) < 0 ? errno : 0;
    close(fd);
    return out;
  };
  EXPECT_EQ(error(), 0);
  ASSERT_TRUE(lab->turn_to(1'000'000'000).ok());
  EXPECT_EQ(error(), EIO);
  ASSERT_TRUE(lab->turn_to(2'000'000'000).ok());
  EXPECT_EQ(error(), 0);
}

TEST_F(LaboratoryTest, AStageHasTheSameTimeAndTruth) {
  Result<Laboratory> lab =
      Laboratory::create(folder_, "power a 10W\nmeter nvml 0 a\n", LabClock::Kind::kTurned);
  ASSERT_TRUE(lab.ok());
  const Result<Stage> stage = Stage::open(folder_);
  ASSERT_TRUE(stage.ok()) << stage.status().message();
  ASSERT_TRUE(lab->turn_to(42).ok());
  EXPECT_EQ(stage->clock.now_ns(), 42);
  EXPECT_EQ(stage->scenario.instruments.at(0).kind, "nvml");
}

TEST_F(LaboratoryTest, ARealClockRunsByItself) {
  Result<Laboratory> lab =
      Laboratory::create(folder_, "power a 10W\nmeter nvml 0 a\n", LabClock::Kind::kReal);
  ASSERT_TRUE(lab.ok());
  const int64_t before_ns = lab->clock().now_ns();
  while (lab->clock().now_ns() == before_ns) {
  }
  EXPECT_GT(lab->clock().now_ns(), before_ns);
}

TEST_F(LaboratoryTest, WhatIsNoLaboratoryIsSaid) {
  EXPECT_EQ(Stage::open(folder_).status().code(), StatusCode::kNotFound);
  std::ofstream(folder_ + "/scenario") << "power a 1W\n";
  std::ofstream(folder_ + "/clock") << "x";
  EXPECT_EQ(Stage::open(folder_).status().code(), StatusCode::kCorrupt);
}

}  // namespace
}  // namespace headrace::lab
