// Least squares over a growing set of columns, by the sweep of Gram's matrix (Goodnight, American
// Statistician 33 (1979) 149): adding or removing a column costs O(columns^2), no rows are read.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace headrace::query {

class LeastSquares {
 public:
  // Columns as rows of numbers, the outcome last; each as long as the outcome. They are centred, so
  // there is no constant column.
  explicit LeastSquares(std::vector<std::vector<double>> columns);

  size_t rows() const { return rows_; }
  // Lets a column in, or takes one out that is in. False when what is in explains it already, to
  // within rounding: then it stays out.
  bool add(size_t column);
  void remove(size_t column);
  bool contains(size_t column) const { return in_[column]; }
  size_t count() const { return count_; }
  // Of the columns that are in.
  double coefficient(size_t column) const;
  // Times the residual variance: the variance of coefficient(column).
  double inverse(size_t column) const;
  double inverse(size_t a, size_t b) const;
  double residual() const { return at(outcome_, outcome_); }  // sum of squares
  double total() const { return total_; }
  double residual_df() const {
    return static_cast<double>(rows_) - static_cast<double>(count_) - 1;
  }

 private:
  double& at(size_t a, size_t b) { return gram_[a * size_ + b]; }
  double at(size_t a, size_t b) const { return gram_[a * size_ + b]; }
  void sweep(size_t column, double sign);

  size_t rows_ = 0;
  size_t size_ = 0;
  size_t outcome_ = 0;
  size_t count_ = 0;
  double total_ = 0;
  std::vector<double> gram_;
  std::vector<double> scale_;  // the columns' own sums of squares
  std::vector<bool> in_;
};

}  // namespace headrace::query
