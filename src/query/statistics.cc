#include "query/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace headrace::query {
namespace {

constexpr double kAlpha = 0.05;
constexpr size_t kExactSide = 20;
constexpr size_t kMostPairs = 4'000'000;

double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double v) { return std::fabs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double out = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    out *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    out *= d * c;
    if (std::fabs(d * c - 1) < 1e-14) break;
  }
  return out;
}

// The regularised incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double normal_p(double z) { return std::erfc(std::fabs(z) / std::sqrt(2.0)); }
constexpr double kNormal95 = 1.959963984540054;

std::vector<double> finite(std::span<const double> values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double v : values) {
    if (std::isfinite(v)) out.push_back(v);
  }
  return out;
}

void welch(const std::vector<double>& a, const std::vector<double>& b, Comparison* out) {
  const double var_a = variance_of(a) / static_cast<double>(a.size());
  const double var_b = variance_of(b) / static_cast<double>(b.size());
  const double difference = out->mean_b - out->mean_a;
  const double error = std::sqrt(var_a + var_b);
  out->difference = difference;
  if (error == 0) {  // all repeats equal: nothing is left to chance
    out->low = out->high = difference;
    out->p = difference == 0 ? 1 : 0;
    return;
  }
  const double df = (var_a + var_b) * (var_a + var_b) /
                    (var_a * var_a / static_cast<double>(a.size() - 1) +
                     var_b * var_b / static_cast<double>(b.size() - 1));
  const double half = student_t(kAlpha, df) * error;
  out->low = difference - half;
  out->high = difference + half;
  out->p = student_p(difference / error, df);
}

// In how many of all arrangements U is at most u: counts by the recurrence of Mann and Whitney.
// Returns the share of arrangements for each u from 0 to n_a * n_b.
std::vector<double> shares_of_u(size_t n_a, size_t n_b) {
  const size_t most = n_a * n_b;
  // The generating function is the Gaussian binomial: a product of (1 - q^(n_b+i)) / (1 - q^i).
  std::vector<double> counts(most + 1, 0);
  counts[0] = 1;
  for (size_t i = 1; i <= n_a; ++i) {
    for (size_t u = most; u + 1 > n_b + i; --u) counts[u] -= counts[u - n_b - i];
    for (size_t u = i; u <= most; ++u) counts[u] += counts[u - i];
  }
  const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
  for (double& c : counts) c /= all;
  return counts;
}

struct Ranks {
  double sum_a = 0;
  double ties = 0;  // sum of t^3 - t over groups of equal values
};

Ranks ranks_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<std::pair<double, bool>> all;
  all.reserve(a.size() + b.size());
  for (const double v : a) all.emplace_back(v, true);
  for (const double v : b) all.emplace_back(v, false);
  std::sort(all.begin(), all.end());
  Ranks out;
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    size_t of_a = 0;
    while (end < all.size() && all[end].first == all[i].first) of_a += all[end++].second ? 1 : 0;
    const auto t = static_cast<double>(end - i);
    out.sum_a += static_cast<double>(of_a) * (static_cast<double>(i + end) + 1) / 2;
    out.ties += t * t * t - t;
    i = end;
  }
  return out;
}

std::vector<double> evenly(const std::vector<double>& sorted, size_t most) {
  if (sorted.size() <= most) return sorted;
  std::vector<double> out;
  for (size_t i = 0; i < most; ++i) out.push_back(sorted[i * sorted.size() / most]);
  return out;
}

// The shift, and the interval from the ordered differences: the k-th from either end.
void shift(std::vector<double> a, std::vector<double> b, const std::vector<double>& exact,
           double ties, Comparison* out) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  if (a.size() * b.size() > kMostPairs) {
    a = evenly(a, 2000);
    b = evenly(b, 2000);
  }
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double x : a) {
    for (const double y : b) differences.push_back(y - x);
  }
  const auto pairs = static_cast<double>(differences.size());
  size_t outside = 0;
  if (!exact.empty()) {
    double share = 0;
    while (outside < exact.size() && (share += exact[outside]) <= kAlpha / 2) ++outside;
  } else {
    const auto n = static_cast<double>(a.size() + b.size());
    const double spread = std::sqrt(pairs / 12 * (n + 1 - ties / (n * (n - 1))));
    outside = static_cast<size_t>(std::max(0.0, std::floor(pairs / 2 - kNormal95 * spread)));
  }
  const size_t last = differences.size() - 1;
  outside = outside == 0 ? 0 : std::min(outside - 1, last / 2);
  const auto at = [&differences](size_t i) {
    const auto where = differences.begin() + static_cast<ptrdiff_t>(i);
    std::nth_element(differences.begin(), where, differences.end());
    return *where;
  };
  out->low = at(outside);
  out->high = at(last - outside);
  out->difference = median_of(differences);
}

void mann_whitney(const std::vector<double>& a, const std::vector<double>& b, Comparison* out) {
  const Ranks ranks = ranks_of(a, b);
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double u = ranks.sum_a - n_a * (n_a + 1) / 2;
  const double middle = n_a * n_b / 2;
  std::vector<double> exact;
  if (ranks.ties == 0 && a.size() <= kExactSide && b.size() <= kExactSide) {
    exact = shares_of_u(a.size(), b.size());
    const auto least = static_cast<size_t>(std::lround(std::min(u, n_a * n_b - u)));
    double share = 0;
    for (size_t i = 0; i <= least && i < exact.size(); ++i) share += exact[i];
    out->p = std::min(1.0, 2 * share);
  } else {
    const double n = n_a + n_b;
    const double spread = std::sqrt(n_a * n_b / 12 * (n + 1 - ranks.ties / (n * (n - 1))));
    const double away = std::max(0.0, std::fabs(u - middle) - 0.5);  // continuity
    out->p = spread == 0 ? 1 : normal_p(away / spread);
  }
  shift(a, b, exact, ranks.ties, out);
}

}  // namespace

std::string_view name_of(RepeatTest test) {
  return test == RepeatTest::kWelch ? "Welch's t" : "Mann-Whitney";
}

Comparison compare_repeats(std::span<const double> values_a, std::span<const double> values_b,
                           RepeatTest test) {
  const std::vector<double> a = finite(values_a);
  const std::vector<double> b = finite(values_b);
  Comparison out;
  out.test = test;
  out.n_a = a.size();
  out.n_b = b.size();
  out.mean_a = mean_of(a);
  out.mean_b = mean_of(b);
  if (std::min(a.size(), b.size()) < kLeastRepeats) return out;
  if (test == RepeatTest::kWelch) {
    welch(a, b, &out);
  } else {
    mann_whitney(a, b, &out);
  }
  return out;
}

std::vector<double> adjusted_for_many(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&p](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double reached = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    reached = std::max(reached, p[order[i]] * static_cast<double>(order.size() - i));
    out[order[i]] = std::min(1.0, reached);
  }
  return out;
}

double mean_of(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum / static_cast<double>(values.size() - 1);
}

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double student_p(double t, double df) {
  if (std::isnan(t) || df <= 0) return std::numeric_limits<double>::quiet_NaN();
  return incomplete_beta(df / 2, 0.5, df / (df + t * t));
}

double student_t(double p, double df) {
  double low = 0;
  double high = 1;
  while (student_p(high, df) > p && high < 1e12) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; ++i) {
    const double middle = (low + high) / 2;
    (student_p(middle, df) > p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double fisher_p(double f, double df1, double df2) {
  if (std::isnan(f) || df1 <= 0 || df2 <= 0) return std::numeric_limits<double>::quiet_NaN();
  if (f <= 0) return 1;
  return incomplete_beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * f));
}

}  // namespace headrace::query
