// Joins the columns of a least-squares fit that cannot be told from each other, until what is left
// can be told.
//
// Column 0 is what is there besides: it may be small or unsure, and is no fault. Any other column
// is told from the rest when the others inflate its variance by less than a bound and its relative
// standard error is below another; one that is not is joined with the one it is most confused with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "energy/normal_equations.h"

namespace headrace::energy {

struct ColumnLimits {
  double error = 0;        // relative standard error
  double inflation = 0;    // of the variance, by the other columns
  bool joins_rest = true;  // whether a column may be joined with column 0
};

class ColumnGroups {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  // `windows`: of each column; a group has as many as the one of it that has most.
  // O(columns^4) at worst.
  ColumnGroups(NormalEquations equations, std::vector<int64_t> windows, ColumnLimits limits);

  // The first column of the group that it is in.
  uint32_t of(uint32_t column) const { return into_[column]; }
  double power(uint32_t column) const { return fit_.coefficients[into_[column]]; }
  double relative_sd(uint32_t column) const { return relative_sd_of(into_[column]); }
  bool is_known(uint32_t column) const { return holds(into_[column]); }
  int64_t windows(uint32_t column) const { return windows_[into_[column]]; }

  // For who knows better what is bad: joins this group with the one it is most confused with. False
  // where there is none.
  bool join_closest(uint32_t column);
  // The same joins in other equations of the same columns.
  void apply(NormalEquations& equations) const;

 private:
  double relative_sd_of(size_t column) const;
  bool holds(size_t column) const;
  size_t find_worst() const;
  size_t closest_to(size_t column) const;
  void join(size_t first, size_t second);
  void solve();

  NormalEquations equations_;
  std::vector<double> inflation_;
  std::vector<int64_t> windows_;
  std::vector<uint32_t> into_;
  const ColumnLimits limits_;
  NormalEquations::Fit fit_;
};

}  // namespace headrace::energy
