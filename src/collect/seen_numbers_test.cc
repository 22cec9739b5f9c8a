#include "collect/seen_numbers.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace headrace::collect {
namespace {

// Against a plain set of numbers.
TEST(SeenNumbers, AgreesWithASetOfNumbers) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    SeenNumbers seen;
    std::set<uint64_t> model;
    for (int step = 0; step < 60; ++step) {
      const uint64_t first = random() % 100;
      const uint64_t past = first + random() % 12;
      size_t there = 0;
      for (uint64_t n = first; n < past; ++n) there += model.count(n);
      if (past > first) {
        const SeenNumbers::Overlap expected = there == 0              ? SeenNumbers::Overlap::kNone
                                              : there == past - first ? SeenNumbers::Overlap::kAll
                                                                      : SeenNumbers::Overlap::kSome;
        ASSERT_EQ(seen.overlap(first, past), expected) << "seed " << seed;
      }
      seen.add(first, past);
      for (uint64_t n = first; n < past; ++n) model.insert(n);
    }
    uint64_t count = 0;
    uint64_t last = 0;
    for (const store::NumberRange& r : seen.ranges()) {
      ASSERT_LT(r.first, r.past);
      ASSERT_TRUE(count == 0 || r.first > last) << "ranges that touch are one";
      count += r.past - r.first;
      last = r.past;
    }
    ASSERT_EQ(count, model.size());
  }
}

}  // namespace
}  // namespace headrace::collect
