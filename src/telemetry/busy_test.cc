#include "telemetry/busy.h"

#include <gtest/gtest.h>

#include "telemetry/election.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

TEST(Busy, RemembersTheYoungestTaskForAMoment) {
  Busy busy;
  EXPECT_EQ(busy.youngest_ns(), 0) << "a program that begins is about to run tasks";
  busy.see(std::nullopt, 1 * kSecond_ns);
  EXPECT_EQ(busy.youngest_ns(), 0);
  busy.see(std::nullopt, 4 * kSecond_ns);
  EXPECT_EQ(busy.youngest_ns(), std::nullopt);
  busy.see(300, 4 * kSecond_ns + 1);
  busy.see(500, 5 * kSecond_ns);
  busy.see(std::nullopt, 5 * kSecond_ns);
  EXPECT_EQ(busy.youngest_ns(), 300);
  busy.see(9 * kSecond_ns, 7 * kSecond_ns);
  EXPECT_EQ(busy.youngest_ns(), 9 * kSecond_ns) << "the young one is long gone";
}

TEST(Busy, OthersTellTheElectedOne) {
  const Tree tree;
  Election elected(tree.path());
  ASSERT_TRUE(elected.stand());
  Election other(tree.path());
  EXPECT_FALSE(other.stand());
  EXPECT_EQ(elected.heard(), std::nullopt);
  other.tell(700);
  other.tell(300);
  other.tell(900);
  EXPECT_EQ(elected.heard(), 300);
  EXPECT_EQ(elected.heard(), std::nullopt);
}

}  // namespace
}  // namespace headrace::telemetry
