#include "encode/packed_numbers.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace headrace {
namespace {

using Numbers = std::vector<uint64_t>;

std::string packed(const Numbers& numbers) {
  std::string out;
  pack_numbers(numbers, out);
  return out;
}

void expect_same(const Numbers& numbers) {
  std::string bytes = packed(numbers);
  const size_t size = bytes.size();
  EXPECT_LE(size, numbers.size() < 2 ? 10 : 31 + 8 * (numbers.size() - 1));
  bytes += "behind";
  std::string_view rest = bytes;
  Numbers read(numbers.size());
  ASSERT_TRUE(unpack_numbers(rest, read));
  EXPECT_EQ(read, numbers);
  EXPECT_EQ(rest, "behind");
  // Cut anywhere, they are not all there.
  for (size_t cut = 0; cut < size; ++cut) {
    std::string_view part = std::string_view(bytes).substr(0, cut);
    EXPECT_FALSE(unpack_numbers(part, read)) << cut << " of " << size;
  }
}

TEST(PackedNumbers, AnyNumbersComeBack) {
  expect_same({});
  expect_same({0});
  expect_same({UINT64_MAX});
  expect_same({UINT64_MAX, 0, UINT64_MAX});
  expect_same({0, uint64_t{1} << 63, 0, UINT64_MAX, 1});
  expect_same({5, 4, 3, 2, 1, 0, UINT64_MAX});
  const char* seed = std::getenv("HEADRACE_TEST_SEED");
  std::mt19937_64 random(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 7);
  for (int round = 0; round < 2000; ++round) {
    Numbers numbers(random() % 40);
    const unsigned shift = random() % 64;
    const uint64_t step = round % 3 == 0 ? random() >> (random() % 64) : 1;
    for (uint64_t& number : numbers) number = (random() >> shift) * step;
    expect_same(numbers);
  }
}

TEST(PackedNumbers, TakeTheBitsThatTheyDifferBy) {
  EXPECT_EQ(packed({7, 8, 9, 10, 11}), std::string("\x07\x02\x00", 3)) << "at even distances";
  // Of a thousand each 0 or 1 more than 5 above the one before: a bit each.
  Numbers numbers = {0};
  for (int i = 0; i < 1000; ++i) numbers.push_back(numbers.back() + 5 + (i % 3 == 0 ? 1 : 0));
  EXPECT_EQ(packed(numbers).size(), 1u + 1 + 1 + 125);
  // The same in steps of a page.
  for (uint64_t& number : numbers) number *= 4096;
  EXPECT_EQ(packed(numbers).size(), 1u + 3 + 1 + 2 + 125);
}

TEST(PackedNumbers, WhatIsNoneIsRefused) {
  Numbers read(3);
  for (const std::string& bytes : {
           std::string(11, '\x80'),                                  // a varint without an end
           std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),  // of more than 64 bits
           std::string("\x01\x02\x41", 3) + std::string(40, 'x'),    // 65 bits each
           std::string("\x01\x02\x81", 3),                           // a step that is missing
       }) {
    std::string_view rest = bytes;
    EXPECT_FALSE(unpack_numbers(rest, read));
  }
}

}  // namespace
}  // namespace headrace
