#include "query/pareto.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace headrace::query {
namespace {

bool comparable(const Choice& c) {
  return c.cost && c.quality && std::isfinite(*c.cost) && std::isfinite(*c.quality);
}
bool dominates(const Choice& a, const Choice& b) {
  return *a.cost <= *b.cost && *a.quality >= *b.quality &&
         (*a.cost < *b.cost || *a.quality > *b.quality);
}

TEST(Pareto, AgreesWithComparingEveryPair) {
  std::mt19937 random(7);  // NOLINT: the same choices every time
  for (int round = 0; round < 300; ++round) {
    std::vector<Choice> choices(random() % 40);
    for (Choice& c : choices) {
      // Few distinct numbers, so that equal ones are common.
      if (random() % 10 != 0) c.cost = static_cast<double>(random() % 12);
      if (random() % 10 != 0) c.quality = static_cast<double>(random() % 12);
      if (random() % 20 == 0) c.quality = std::numeric_limits<double>::quiet_NaN();
    }
    const std::vector<Standing> standings = pareto(choices);
    ASSERT_EQ(standings.size(), choices.size());
    for (size_t i = 0; i < choices.size(); ++i) {
      bool beaten = false;
      for (const Choice& other : choices) {
        beaten |= comparable(choices[i]) && comparable(other) && dominates(other, choices[i]);
      }
      EXPECT_EQ(standings[i].on_front, comparable(choices[i]) && !beaten);
      EXPECT_EQ(standings[i].dominated_by.has_value(), beaten);
      if (standings[i].dominated_by) {
        const size_t by = *standings[i].dominated_by;
        EXPECT_TRUE(dominates(choices[by], choices[i]));
        EXPECT_TRUE(standings[by].on_front);
      }
    }
  }
}

}  // namespace
}  // namespace headrace::query
