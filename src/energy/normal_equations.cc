#include "energy/normal_equations.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headrace::energy {
namespace {

constexpr double kRidge = 1e-10;  // of a column's own square: keeps twins solvable
constexpr double kLargestScale = 1e100;

// The inverse of the symmetric positive matrix of the columns `in`, by Cholesky, with unit
// diagonal.
std::vector<double> invert(std::vector<double> a, size_t n) {
  for (size_t i = 0; i < n; ++i) a[i * n + i] += kRidge;
  // a = l l'
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < j; ++k) {
      const double l = a[j * n + k];
      for (size_t i = j; i < n; ++i) a[i * n + j] -= a[i * n + k] * l;
    }
    const double root = std::sqrt(std::max(a[j * n + j], kRidge * kRidge));
    for (size_t i = j; i < n; ++i) a[i * n + j] /= root;
  }
  // inverse of l, in its lower half
  std::vector<double> inverse(n * n, 0);
  for (size_t j = 0; j < n; ++j) {
    inverse[j * n + j] = 1 / a[j * n + j];
    for (size_t i = j + 1; i < n; ++i) {
      double sum = 0;
      for (size_t k = j; k < i; ++k) sum -= a[i * n + k] * inverse[k * n + j];
      inverse[i * n + j] = sum / a[i * n + i];
    }
  }
  std::vector<double> out(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = i; k < n; ++k) sum += inverse[k * n + i] * inverse[k * n + j];
      out[i * n + j] = out[j * n + i] = sum;
    }
  }
  return out;
}

}  // namespace

NormalEquations::NormalEquations(size_t columns, double keeps)
    : columns_(columns), keeps_(keeps), gram_(columns * columns, 0), moment_(columns, 0) {}

void NormalEquations::add(std::span<const Term> terms, double y, double weight) {
  // Rather than that all sums shrink, what comes later weighs more.
  scale_ /= keeps_;
  if (scale_ > kLargestScale) {
    for (double& one : gram_) one /= scale_;
    for (double& one : moment_) one /= scale_;
    squares_ /= scale_;
    rows_ /= scale_;
    scale_ = 1;
  }
  const double w = weight * scale_;
  for (const Term& a : terms) {
    for (const Term& b : terms) gram_[a.column * columns_ + b.column] += w * a.x * b.x;
    moment_[a.column] += w * a.x * y;
  }
  squares_ += w * y * y;
  rows_ += scale_;
}

NormalEquations::Fit NormalEquations::solve() const {
  const double infinite = std::numeric_limits<double>::infinity();
  Fit out;
  out.coefficients.assign(columns_, 0);
  out.variances.assign(columns_, infinite);
  out.inflation.assign(columns_, infinite);
  out.covariance.assign(columns_ * columns_, 0);
  std::vector<size_t> in;
  for (size_t i = 0; i < columns_; ++i) {
    if (diagonal(i) > 0) in.push_back(i);
  }
  // Active set: what comes out negative leaves, the worst first, until nothing does.
  std::vector<double> inverse;
  std::vector<double> root(columns_, 0);
  for (const size_t i : in) root[i] = std::sqrt(diagonal(i));
  while (!in.empty()) {
    const size_t n = in.size();
    std::vector<double> unit(n * n);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        unit[i * n + j] = gram_[in[i] * columns_ + in[j]] / (root[in[i]] * root[in[j]]);
      }
    }
    inverse = invert(std::move(unit), n);
    size_t worst = n;
    double least = 0;
    for (size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (size_t j = 0; j < n; ++j) sum += inverse[i * n + j] * moment_[in[j]] / root[in[j]];
      out.coefficients[in[i]] = sum / root[in[i]];
      if (sum < least) least = sum, worst = i;
    }
    if (worst == n) break;
    out.coefficients[in[worst]] = 0;
    in.erase(in.begin() + static_cast<std::ptrdiff_t>(worst));
  }
  double residual = squares_;
  for (const size_t i : in) {
    residual -= 2 * out.coefficients[i] * moment_[i];
    for (const size_t j : in) {
      residual += out.coefficients[i] * gram_[i * columns_ + j] * out.coefficients[j];
    }
  }
  const size_t n = in.size();
  // The sums carry the weight of the last row.
  const double free = std::max(1.0, rows_ / scale_ - static_cast<double>(n));
  out.residual_variance = std::max(0.0, residual / scale_) / free;
  for (size_t i = 0; i < n; ++i) {
    out.inflation[in[i]] = inverse[i * n + i];
    for (size_t j = 0; j < n; ++j) {
      out.covariance[in[i] * columns_ + in[j]] =
          out.residual_variance * scale_ * inverse[i * n + j] / (root[in[i]] * root[in[j]]);
    }
    out.variances[in[i]] = out.covariance[in[i] * columns_ + in[i]];
  }
  return out;
}

void NormalEquations::add_all(const NormalEquations& other, double sign) {
  for (size_t i = 0; i < gram_.size(); ++i) gram_[i] += sign * other.gram_[i];
  for (size_t i = 0; i < columns_; ++i) moment_[i] += sign * other.moment_[i];
  squares_ += sign * other.squares_;
  rows_ += sign * other.rows_;
}

void NormalEquations::drop(size_t column) {
  for (size_t i = 0; i < columns_; ++i) {
    gram_[column * columns_ + i] = gram_[i * columns_ + column] = 0;
  }
  moment_[column] = 0;
}

void NormalEquations::join(size_t first, size_t second) {
  for (size_t i = 0; i < columns_; ++i) {
    gram_[first * columns_ + i] += gram_[second * columns_ + i];
    gram_[second * columns_ + i] = 0;
  }
  for (size_t i = 0; i < columns_; ++i) {
    gram_[i * columns_ + first] += gram_[i * columns_ + second];
    gram_[i * columns_ + second] = 0;
  }
  moment_[first] += moment_[second];
  moment_[second] = 0;
}

}  // namespace headrace::energy
