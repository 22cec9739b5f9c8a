#include "top/recent.h"

#include <algorithm>

namespace headrace::top {
namespace {

constexpr int64_t kOver = 10;
constexpr int64_t kUnseen = 2;

size_t place_of(int64_t second) { return static_cast<size_t>(second & (Recent::kSeconds - 1)); }

}  // namespace

void Recent::add(int64_t second) {
  if (newest_s_ == 0) first_s_ = newest_s_ = second;
  first_s_ = std::min(first_s_, second);
  if (second <= newest_s_ - kSeconds) return;
  if (second >= newest_s_ + kSeconds) counts_.fill(0);
  for (int64_t s = std::max(newest_s_ + 1, second - kSeconds + 1); s <= second; ++s) {
    counts_[place_of(s)] = 0;
  }
  newest_s_ = std::max(newest_s_, second);
  ++counts_[place_of(second)];
}

uint32_t Recent::at(int64_t second) const {
  if (second > newest_s_ || second <= newest_s_ - kSeconds) return 0;
  return counts_[place_of(second)];
}

double Recent::rate(int64_t now_s) const {
  if (newest_s_ == 0) return 0;
  const int64_t last = now_s - kUnseen;
  const int64_t over = std::clamp<int64_t>(last - first_s_ + 1, 1, kOver);
  uint64_t sum = 0;
  for (int64_t s = last - over + 1; s <= last; ++s) sum += at(s);
  return static_cast<double>(sum) / static_cast<double>(over);
}

}  // namespace headrace::top
