#include "query/domain_sum.h"

#include <gtest/gtest.h>

namespace headrace::query {
namespace {

TEST(SumDomains, CountsNothingTwice) {
  const EnergySum sum = sum_domains({{"node/cpu-0", 10, 1, "measured", "rapl"},
                                     {"node/cpu-0/core", 7, 1, "measured", "rapl"},
                                     {"node/gpu-0", 100, 2, "measured", "nvml"},
                                     {"process", 3, 1, "estimated", "share"},
                                     {"node/cpu", 9, 1, "estimated", "cpu time"}});
  EXPECT_EQ(sum.joules, 110.0);
  EXPECT_EQ(sum.u95_j, 3.0);
  EXPECT_EQ(sum.truth, "measured");
  EXPECT_EQ(sum.method, "rapl; nvml");
}

TEST(SumDomains, MixedTruthIsMixedAndANullMakesTheSumNull) {
  EXPECT_EQ(
      sum_domains({{"node/cpu", 9, {}, "estimated", "a"}, {"node/gpu-0", 1, {}, "measured", "b"}})
          .truth,
      "mixed");
  const EnergySum null =
      sum_domains({{"node/cpu", 9, {}, "estimated", "a"}, {"node/gpu-0", {}, {}, "measured", "b"}});
  EXPECT_FALSE(null.joules.has_value());
  EXPECT_FALSE(sum_domains({}).joules.has_value());
}

}  // namespace
}  // namespace headrace::query
