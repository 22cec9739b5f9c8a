// Dividing an integer exactly: shares by largest remainder, so that they add up to the whole.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::energy {

// Integers next to `shares` (each >= 0) whose sum is `total`. Where the shares themselves add up to
// `total`, none is off by 1 or more; where they do not, they are scaled first. All of a total that
// no share wants (all 0) goes to the last. Of equal remainders the earlier wins, so the result
// depends on nothing else. O(n log n).
std::vector<int64_t> apportion(std::span<const double> shares, int64_t total);

}  // namespace headrace::energy
