#include "telemetry/visible_devices.h"

#include <gtest/gtest.h>
#include <vector>

namespace headrace::telemetry {
namespace {

constexpr const char* kUuid = "GPU-11111111-2222-3333-4444-555555555555";

bool shows(const char* list, unsigned index, unsigned devices = 4) {
  static const std::vector<std::string> instances = {"MIG-aaaa-1", "MIG-bbbb-2"};
  return cuda_shows(list, {index, kUuid, instances, devices});
}

TEST(VisibleDevices, FollowCudasRules) {
  EXPECT_TRUE(shows(nullptr, 3));
  EXPECT_FALSE(shows("", 0));
  EXPECT_TRUE(shows("0,2", 2));
  EXPECT_FALSE(shows("0,2", 1));
  EXPECT_FALSE(shows("0,-1,2", 2)) << "what follows an invalid entry is hidden";
  EXPECT_FALSE(shows("0,7,2", 2));
  EXPECT_TRUE(shows("GPU-1111", 2));
  EXPECT_TRUE(shows("GPU-2222, GPU-11111111", 2));
  EXPECT_FALSE(shows("GPU-9999", 2));
  EXPECT_TRUE(shows("MIG-GPU-11111111-2222-3333-4444-555555555555/1/0", 0, 1));
  EXPECT_FALSE(shows("MIG-GPU-99999999-2222-3333-4444-555555555555/1/0", 0, 1));
  EXPECT_TRUE(shows("MIG-cccc,MIG-bbbb-2", 0, 1));
  EXPECT_FALSE(shows("MIG-cccc", 0, 1));
}

TEST(VisibleDevices, FollowRocmsRules) {
  EXPECT_TRUE(rocm_shows(nullptr, nullptr, 7, "ab"));
  EXPECT_TRUE(rocm_shows("4,5", nullptr, 5, "ab"));
  EXPECT_FALSE(rocm_shows("4,5", nullptr, 3, "ab"));
  EXPECT_FALSE(rocm_shows("", nullptr, 0, "ab"));
  EXPECT_TRUE(rocm_shows("GPU-cd,GPU-ab", nullptr, 3, "ab"));
  EXPECT_FALSE(rocm_shows("4,-1,5", nullptr, 5, "ab"));
  // HIP counts what ROCr left.
  EXPECT_TRUE(rocm_shows("4,5", "1", 5, "ab"));
  EXPECT_FALSE(rocm_shows("4,5", "1", 4, "ab"));
  EXPECT_FALSE(rocm_shows("4,5", "5", 5, "ab"));
  EXPECT_TRUE(rocm_shows(nullptr, "2", 2, "ab"));
}

}  // namespace
}  // namespace headrace::telemetry
