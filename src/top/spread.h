// How durations lie, without keeping each: count and mean in steps of 2 %, from 1 ns to 30 years.
#pragma once

#include <cstdint>
#include <vector>

namespace headrace::top {

class Spread {
 public:
  // Below 1 ns, a negative one among them, counts as 1 ns.
  void add(int64_t duration_ns);
  void add(const Spread& other);

  uint64_t count() const { return count_; }
  // Of `part` 0.5 the median; between two durations interpolated. Within 2 %, and exact where those
  // of a step are equal; 0 when empty.
  double quantile_s(double part) const;
  // 1.4826 times the median absolute deviation, and at least 5 % of the median: what
  // query/stragglers.h measures by.
  double deviation_s() const;
  // How many lie beyond, within a step.
  uint64_t above(double duration_s) const;

 private:
  struct Step {
    int16_t index = 0;
    uint32_t count = 0;
    double sum_ns = 0;
    double mean_s() const { return sum_ns / count / 1e9; }
  };
  double value_at(uint64_t rank) const;
  void add(const Step& more);

  std::vector<Step> steps_;  // by index
  uint64_t count_ = 0;
};

}  // namespace headrace::top
