#include "query/effect_fit.h"

#include <cmath>

#include "query/statistics.h"

namespace headrace::query {

LeastSquares::LeastSquares(std::vector<std::vector<double>> columns)
    : rows_(columns.back().size()), size_(columns.size()), outcome_(columns.size() - 1) {
  for (auto& column : columns) {
    const double mean = mean_of(column);
    for (double& v : column) v -= mean;
  }
  gram_.resize(size_ * size_);
  scale_.resize(size_);
  in_.resize(size_);
  for (size_t a = 0; a < size_; ++a) {
    for (size_t b = 0; b <= a; ++b) {
      double sum = 0;
      for (size_t i = 0; i < rows_; ++i) sum += columns[a][i] * columns[b][i];
      at(a, b) = at(b, a) = sum;
    }
    scale_[a] = at(a, a);
  }
  total_ = at(outcome_, outcome_);
}

void LeastSquares::sweep(size_t column, double sign) {
  const double pivot = at(column, column);
  for (size_t a = 0; a < size_; ++a) {
    if (a == column) continue;
    const double factor = at(a, column) / pivot;
    for (size_t b = 0; b < size_; ++b) {
      if (b != column) at(a, b) -= factor * at(column, b);
    }
  }
  for (size_t a = 0; a < size_; ++a) {
    if (a == column) continue;
    at(a, column) *= sign / pivot;
    at(column, a) *= sign / pivot;
  }
  at(column, column) = -1 / pivot;
}

bool LeastSquares::add(size_t column) {
  if (in_[column]) return true;
  if (scale_[column] == 0 || at(column, column) <= 1e-9 * scale_[column]) return false;
  sweep(column, 1);
  in_[column] = true;
  ++count_;
  return true;
}

void LeastSquares::remove(size_t column) {
  if (!in_[column]) return;
  sweep(column, -1);
  in_[column] = false;
  --count_;
}

double LeastSquares::coefficient(size_t column) const { return at(column, outcome_); }
double LeastSquares::inverse(size_t column) const { return -at(column, column); }
double LeastSquares::inverse(size_t a, size_t b) const { return -at(a, b); }

}  // namespace headrace::query
