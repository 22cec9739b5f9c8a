#include "collect/told_keys.h"

#include <gtest/gtest.h>
#include <unordered_set>

#include "base/bytes.h"
#include "base/sha256.h"

namespace headrace::collect {
namespace {

uint64_t key(int i) { return load_le<uint64_t>(sha256(std::to_string(i)).data()) | 1; }

TEST(ToldKeys, HoldsWhatASetOfThemHolds) {
  ToldKeys keys;
  std::unordered_set<uint64_t> set;
  EXPECT_FALSE(keys.contains(1));
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t one = i % 3 == 0 ? key(i / 2) : key(i);
    EXPECT_EQ(keys.insert(one), set.insert(one).second);
  }
  // Neighbours, whose places are the same but for the last.
  for (uint64_t one = 1; one < 2000; ++one) EXPECT_EQ(keys.insert(one), set.insert(one).second);
  EXPECT_EQ(keys.size(), set.size());
  for (int i = 0; i < 40'000; ++i) EXPECT_EQ(keys.contains(key(i)), set.contains(key(i)));
  size_t seen = 0;
  keys.each([&](uint64_t one) { seen += set.contains(one) ? 1 : 0; });
  EXPECT_EQ(seen, set.size());
  keys.clear();
  EXPECT_EQ(keys.size(), 0u);
  EXPECT_FALSE(keys.contains(key(1)));
  EXPECT_TRUE(keys.insert(key(1)));
}

TEST(ToldKeys, TakesAtMost22BytesForAKey) {
  ToldKeys keys;
  for (int i = 0; i < 300'000; ++i) {
    keys.insert(key(i));
    if (i >= 100) {
      ASSERT_LE(keys.bytes(), 22 * keys.size());
    }
  }
}

}  // namespace
}  // namespace headrace::collect
