// Whether two sets of repeats differ, and by how much.
//
//   Comparison c = compare_repeats(a, b, RepeatTest::kWelch);
//   if (c.p && *c.p < 0.05) ...   // c.difference in [c.low, c.high] with 95 % confidence
//
// Sources: Welch, Biometrika 34 (1947) 28, for unequal variances; Mann and Whitney, Ann. Math.
// Stat. 18 (1947) 50, exact without ties up to 20 values a side, else by the normal approximation
// with ties (Lehmann, Nonparametrics, 1975, §1.2); Hodges and Lehmann, Ann. Math. Stat. 34 (1963)
// 598, for its shift; Holm, Scand. J. Stat. 6 (1979) 65, for many tests at once; the incomplete
// beta function by Lentz's continued fraction (DLMF 8.17.22).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace headrace::query {

enum class RepeatTest : uint8_t { kWelch, kMannWhitney };
std::string_view name_of(RepeatTest test);  // "Welch's t", "Mann-Whitney"

// With fewer values than this on either side nothing is claimed.
constexpr size_t kLeastRepeats = 3;

struct Comparison {
  RepeatTest test = RepeatTest::kWelch;
  size_t n_a = 0;
  size_t n_b = 0;
  double mean_a = 0;
  double mean_b = 0;
  // b less a: of the means (Welch), or the shift between the two sets (Mann-Whitney); with its 95 %
  // interval and the two-sided p. Unset with fewer than kLeastRepeats a side.
  std::optional<double> difference;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> p;
};

// Values that are not finite are left out. O(n log n), Mann-Whitney's interval O(n_a n_b) up to
// 4 M pairs; of more values it is taken from an even sample of each side.
Comparison compare_repeats(std::span<const double> a, std::span<const double> b, RepeatTest test);

// Each p as it stands among all of them: the smallest chance of even one false claim (Holm).
std::vector<double> adjusted_for_many(const std::vector<double>& p);

double mean_of(std::span<const double> values);
// Of n - 1; 0 for fewer than two values.
double variance_of(std::span<const double> values);
// The middle value, or the mean of the two; `values` is put in another order. Not empty.
double median_of(std::vector<double>& values);

// Two-sided chance of |t| with `df` degrees of freedom, and the t that leaves `p` outside ±t.
double student_p(double t, double df);
double student_t(double p, double df);
// Chance that F with (df1, df2) degrees of freedom is larger than `f`.
double fisher_p(double f, double df1, double df2);

}  // namespace headrace::query
