// Which record numbers of one ring are stored: disjoint ranges, ascending. In ordinary life one,
// from 0 to the watermark; more when frames were lost, or have not come yet.
#pragma once

#include <cstdint>
#include <vector>

#include "store/writer.h"

namespace headrace::collect {

class SeenNumbers {
 public:
  SeenNumbers() = default;
  explicit SeenNumbers(std::vector<store::NumberRange> ranges) : ranges_(std::move(ranges)) {}

  enum class Overlap : uint8_t { kNone, kSome, kAll };
  // How much of [first, past) is there already.
  Overlap overlap(uint64_t first, uint64_t past) const;
  bool contains(uint64_t number) const { return overlap(number, number + 1) == Overlap::kAll; }
  void add(uint64_t first, uint64_t past);
  const std::vector<store::NumberRange>& ranges() const { return ranges_; }

 private:
  std::vector<store::NumberRange> ranges_;
};

}  // namespace headrace::collect
