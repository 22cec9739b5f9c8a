// For tests that have a long form, which script/test --all asks for (HEADRACE_TEST_ALL=1), and for
// those that a sanitizer makes many times slower.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace headrace {

// The number in an environment variable; `otherwise` where it is unset or empty.
inline uint64_t number_from(const char* name, uint64_t otherwise) {
  const char* const set = std::getenv(name);
  return set != nullptr && *set != '\0' ? std::strtoull(set, nullptr, 10) : otherwise;
}

inline bool wants_long_form() { return number_from("HEADRACE_TEST_ALL", 0) != 0; }

// Of what a test does with many seeds, a build with a sanitizer does one part in so many: it looks
// for wrong accesses, which repeat, where the release build looks for rare orders of events.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kOneInUnderSanitizer = 10;
#else
constexpr uint64_t kOneInUnderSanitizer = 1;
#endif

// A test of many seeds is this many tests of the same size, so that every core has its share:
// INSTANTIATE_TEST_SUITE_P(Share, TheTest, testing::Range(uint64_t{0}, kShares)).
constexpr uint64_t kShares = 4;

struct Seeds {
  uint64_t first;
  uint64_t past;
};

// The seeds of one share of `all`, which begin at 1.
constexpr Seeds share_of(uint64_t all, uint64_t share) {
  return {1 + all * share / kShares, 1 + all * (share + 1) / kShares};
}

}  // namespace headrace
