#include "query/pareto.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace headrace::query {
namespace {

struct Points {
  std::vector<double> numbers;
  size_t objectives = 1;

  size_t count() const { return numbers.size() / objectives; }
  double at(size_t choice, size_t k) const { return numbers[choice * objectives + k]; }
  bool comparable(size_t choice) const {
    bool all = true;
    for (size_t k = 0; k < objectives; ++k) all &= std::isfinite(at(choice, k));
    return all;
  }
  bool dominates(size_t a, size_t b) const {
    bool better = false;
    for (size_t k = 0; k < objectives; ++k) {
      if (!(at(a, k) <= at(b, k))) return false;
      better |= at(a, k) < at(b, k);
    }
    return better && comparable(a) && comparable(b);
  }
  bool before(size_t a, size_t b) const {  // in the order of the objectives
    for (size_t k = 0; k < objectives; ++k) {
      if (at(a, k) != at(b, k)) return at(a, k) < at(b, k);
    }
    return a < b;
  }
};

void expect_as_by_pairs(const Points& points) {
  const std::vector<Standing> standings = pareto(points.numbers, points.objectives);
  ASSERT_EQ(standings.size(), points.count());
  std::vector<bool> beaten(points.count());
  for (size_t i = 0; i < points.count(); ++i) {
    for (size_t j = 0; j < points.count(); ++j) beaten[i] = beaten[i] || points.dominates(j, i);
    EXPECT_EQ(standings[i].on_front, points.comparable(i) && !beaten[i]);
  }
  for (size_t i = 0; i < points.count(); ++i) {
    std::optional<size_t> by;
    for (size_t j = 0; j < points.count(); ++j) {
      if (!beaten[j] && points.dominates(j, i) && (!by || points.before(j, *by))) by = j;
    }
    EXPECT_EQ(standings[i].dominated_by, by);
  }
}

TEST(Pareto, AgreesWithComparingEveryPair) {
  std::mt19937 random(7);  // NOLINT: the same choices every time
  for (int round = 0; round < 400; ++round) {
    Points points({}, 1 + random() % 5);
    points.numbers.resize(points.objectives * (random() % 40));
    for (double& v : points.numbers) {
      // Few distinct numbers, so that equal ones are common.
      v = static_cast<double>(random() % 12);
      if (random() % 30 == 0) v = std::numeric_limits<double>::quiet_NaN();
    }
    expect_as_by_pairs(points);
  }
}

TEST(Pareto, AgreesOnManyChoicesOfDistinctNumbers) {
  std::mt19937 random(8);  // NOLINT: the same choices every time
  for (const size_t objectives : {2, 3, 4}) {
    Points points({}, objectives);
    for (size_t i = 0; i < 600 * objectives; ++i) {
      points.numbers.push_back(std::uniform_real_distribution<double>()(random));
    }
    expect_as_by_pairs(points);
  }
}

TEST(Pareto, EqualChoicesStandTogether) {
  const std::vector<Standing> standings = pareto(std::vector<double>{1, 2, 1, 2, 2, 3, 2, 3}, 2);
  EXPECT_TRUE(standings[0].on_front && standings[1].on_front);
  EXPECT_EQ(standings[2].dominated_by, 0u);
  EXPECT_EQ(standings[3].dominated_by, 0u);
}

}  // namespace
}  // namespace headrace::query
