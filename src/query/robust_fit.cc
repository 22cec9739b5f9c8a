#include "query/robust_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "query/statistics.h"

namespace headrace::query {
namespace {

constexpr int kReweightings = 30;
constexpr int kRefits = 5;
constexpr double kWithin = 3;  // deviations
constexpr double kCollinear = 1e-9;

using Row = std::vector<double>;

// Columns as rows of the design, centred and scaled to spread 1, with a constant in front; one that
// does not vary is left out.
std::vector<Row> design(const std::vector<std::vector<double>>& columns, size_t rows) {
  std::vector<Row> out(rows, Row{1});
  for (const std::vector<double>& column : columns) {
    const double mean = mean_of(column);
    const double spread = std::sqrt(variance_of(column));
    if (!(spread > 1e-12 * (1 + std::abs(mean)))) continue;
    for (size_t i = 0; i < rows; ++i) out[i].push_back((column[i] - mean) / spread);
  }
  return out;
}

// The inverse of X'WX by Gauss and Jordan with the largest pivot first; rows and columns of what
// others explain stay 0.
struct Inverse {
  std::vector<Row> of;
  size_t rank = 0;
};
Inverse inverse_gram(const std::vector<Row>& x, const std::vector<double>& weights) {
  const size_t p = x[0].size();
  std::vector<Row> a(p, Row(p));
  for (size_t i = 0; i < x.size(); ++i) {
    if (weights[i] == 0) continue;
    for (size_t r = 0; r < p; ++r) {
      for (size_t c = 0; c < p; ++c) a[r][c] += weights[i] * x[i][r] * x[i][c];
    }
  }
  Row own(p);
  for (size_t k = 0; k < p; ++k) own[k] = a[k][k];
  std::vector<bool> in(p);
  Inverse out;
  for (size_t step = 0; step < p; ++step) {
    size_t best = p;
    for (size_t k = 0; k < p; ++k) {
      if (!in[k] && a[k][k] > kCollinear * own[k] && own[k] > 0 &&
          (best == p || a[k][k] / own[k] > a[best][best] / own[best])) {
        best = k;
      }
    }
    if (best == p) break;
    in[best] = true;
    ++out.rank;
    // The sweep operator (Goodnight, American Statistician 33 (1979) 149).
    const double pivot = a[best][best];
    for (size_t c = 0; c < p; ++c) a[best][c] /= pivot;
    for (size_t r = 0; r < p; ++r) {
      if (r == best) continue;
      const double factor = a[r][best];
      for (size_t c = 0; c < p; ++c) a[r][c] -= factor * a[best][c];
      a[r][best] = -factor / pivot;
    }
    a[best][best] = 1 / pivot;
  }
  out.of.assign(p, Row(p));
  for (size_t r = 0; r < p; ++r) {
    for (size_t c = 0; c < p; ++c) out.of[r][c] = in[r] && in[c] ? a[r][c] : 0;
  }
  return out;
}

double product(const Row& a, const Row& b) {
  double out = 0;
  for (size_t i = 0; i < a.size(); ++i) out += a[i] * b[i];
  return out;
}

Row coefficients(const std::vector<Row>& x, const std::vector<double>& y,
                 const std::vector<double>& weights, const Inverse& inverse) {
  Row moment(x[0].size());
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t k = 0; k < moment.size(); ++k) moment[k] += weights[i] * x[i][k] * y[i];
  }
  Row out;
  for (const Row& row : inverse.of) out.push_back(product(row, moment));
  return out;
}

// Rows that differ from each other.
size_t distinct(std::vector<Row> x) {
  std::sort(x.begin(), x.end());
  return static_cast<size_t>(std::unique(x.begin(), x.end()) - x.begin());
}

double deviation_of(const std::vector<double>& residuals, size_t rows, size_t columns) {
  std::vector<double> sizes;
  for (const double one : residuals) sizes.push_back(std::abs(one));
  // Without columns that vary all rows are alike, and repeats are all there is.
  const auto n = static_cast<double>(columns > 1 ? rows : residuals.size());
  const double left = std::max(1.0, n - static_cast<double>(columns));
  return 1.4826 * median_of(sizes) * std::sqrt(n / left);
}

std::vector<double> residuals_of(const std::vector<Row>& x, const std::vector<double>& y,
                                 const Row& coefficients) {
  std::vector<double> out;
  for (size_t i = 0; i < x.size(); ++i) out.push_back(y[i] - product(x[i], coefficients));
  return out;
}

}  // namespace

RobustFit robust_fit(const std::vector<std::vector<double>>& columns, const std::vector<double>& y,
                     double expected) {
  RobustFit out;
  if (y.empty()) return out;
  const std::vector<Row> x = design(columns, y.size());
  const size_t rows = distinct(x);
  std::vector<double> weights(y.size(), 1);
  Inverse inverse = inverse_gram(x, weights);
  std::vector<double> residuals = residuals_of(x, y, coefficients(x, y, weights, inverse));
  for (int i = 0; i < kReweightings; ++i) {
    const double least = 1e-4 * deviation_of(residuals, rows, inverse.rank) + 1e-12;
    for (size_t k = 0; k < y.size(); ++k) weights[k] = 1 / std::max(std::abs(residuals[k]), least);
    inverse = inverse_gram(x, weights);
    residuals = residuals_of(x, y, coefficients(x, y, weights, inverse));
  }
  std::vector<double> before;
  for (int i = 0; i < kRefits && weights != before; ++i) {
    before = weights;
    const double most =
        kWithin * std::max(expected, deviation_of(residuals, rows, inverse.rank)) + 1e-9;
    for (size_t k = 0; k < y.size(); ++k) weights[k] = std::abs(residuals[k]) <= most ? 1 : 0;
    inverse = inverse_gram(x, weights);
    residuals = residuals_of(x, y, coefficients(x, y, weights, inverse));
  }
  out.deviation = deviation_of(residuals, rows, inverse.rank);
  out.columns = inverse.rank;
  for (size_t i = 0; i < y.size(); ++i) {
    out.predicted.push_back(y[i] - residuals[i]);
    Row half;
    for (const Row& row : inverse.of) half.push_back(product(row, x[i]));
    out.leverage.push_back(product(half, x[i]));
    out.fitted.push_back(weights[i] > 0);
  }
  return out;
}

}  // namespace headrace::query
