// Dividing an integer exactly: shares by largest remainder, so that they add up to the whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace headrace::energy {

// Integers next to `shares` (each >= 0) whose sum is `total`. Where the shares themselves add up to
// `total`, none is off by 1 or more; where they do not, they are scaled first. All of a total that
// no share wants (all 0) goes to the last. Of equal remainders the earlier wins, so the result
// depends on nothing else. O(n).
class Apportionment {
 public:
  // Valid until the next call.
  std::span<const int64_t> divide(std::span<const double> shares, int64_t total);

 private:
  std::vector<int64_t> out_;
  std::vector<std::pair<double, size_t>> rest_;  // remainder and place of each share
};

std::vector<int64_t> apportion(std::span<const double> shares, int64_t total);

}  // namespace headrace::energy
