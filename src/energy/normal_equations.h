// Least squares with coefficients that are not negative, by the normal equations.
//
// Rows are added one at a time and forgotten: only sums are kept, columns^2 numbers, however many
// rows there were. Columns that cannot be told apart can be joined afterwards.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace headrace::energy {

class NormalEquations {
 public:
  // Each row added makes those before it weigh `keeps` of what they did.
  explicit NormalEquations(size_t columns, double keeps = 1);

  struct Term {
    size_t column;
    double x;
  };
  // y = sum of coefficient x term, with an error whose variance is 1 / weight of a common one.
  void add(std::span<const Term> terms, double y, double weight);

  struct Fit {
    std::vector<double> coefficients;
    std::vector<double> variances;   // of the coefficients, from the residuals
    std::vector<double> inflation;   // what the other columns make of a column's variance; >= 1
    std::vector<double> covariance;  // columns x columns
    double residual_variance = 0;    // of a row of weight 1
  };
  // A column of zeros has coefficient 0 and infinite variance.
  Fit solve() const;
  // A column becomes zeros.
  void drop(size_t column);
  // Two columns become one, in the first's place; the second becomes zeros.
  void join(size_t first, size_t second);
  // All rows of another that forgets nothing, as this, or (sign -1) all but them.
  void add_all(const NormalEquations& other, double sign = 1);

  size_t columns() const { return columns_; }
  double diagonal(size_t column) const { return gram_[column * columns_ + column]; }
  double rows() const { return rows_; }

 private:
  const size_t columns_;
  const double keeps_;
  double scale_ = 1;  // 1 / weight of the rows so far, for forgetting without a pass over all sums
  std::vector<double> gram_;
  std::vector<double> moment_;
  double squares_ = 0;
  double rows_ = 0;
};

}  // namespace headrace::energy
