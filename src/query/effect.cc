#include "query/effect.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

#include "query/effect_fit.h"
#include "query/statistics.h"

namespace headrace::query {
namespace {

constexpr size_t kMostLevels = 12;
constexpr size_t kMostProducts = 64;
constexpr double kLogSpan = 8;
constexpr double kAlpha = 0.05;

std::optional<double> number_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// A factor as columns of numbers over the rows that count.
struct Coded {
  const Factor* factor = nullptr;
  std::vector<std::string> levels;  // distinct; by number where all are, else by text
  std::vector<std::vector<double>> columns;
  bool is_line = false;
  bool is_log = false;
  double span = 1;             // of a line: from the first level to the last
  std::vector<size_t> places;  // of the columns in the fit
};

double line_value(double level, bool is_log) { return is_log ? std::log2(level) : level; }

Coded coded(const Factor& factor, const std::vector<size_t>& rows) {
  Coded out;
  out.factor = &factor;
  std::map<std::string, size_t> seen;
  for (const size_t row : rows) seen.emplace(factor.levels[row], 0);
  std::vector<std::pair<double, std::string>> numbers;
  for (const auto& [level, place] : seen) {
    out.levels.push_back(level);
    if (const auto number = number_of(level)) numbers.emplace_back(*number, level);
  }
  const bool numeric = numbers.size() == out.levels.size();
  if (numeric) {
    std::sort(numbers.begin(), numbers.end());
    for (size_t i = 0; i < numbers.size(); ++i) out.levels[i] = numbers[i].second;
  }
  if (numeric && out.levels.size() > 2) {
    const double least = numbers.front().first;
    const double most = numbers.back().first;
    out.is_line = true;
    out.is_log = least > 0 && most / least >= kLogSpan;
    out.span = line_value(most, out.is_log) - line_value(least, out.is_log);
    for (auto& [level, place] : seen) place = 0;
    std::map<std::string, double> values;
    for (const auto& [number, level] : numbers) values[level] = line_value(number, out.is_log);
    std::vector<double> column;
    column.reserve(rows.size());
    for (const size_t row : rows) column.push_back(values[factor.levels[row]]);
    out.columns.push_back(std::move(column));
    return out;
  }
  if (out.levels.size() < 2 || out.levels.size() > kMostLevels) return out;
  for (size_t i = 0; i < out.levels.size(); ++i) seen[out.levels[i]] = i;
  out.columns.assign(out.levels.size() - 1, std::vector<double>(rows.size(), 0));
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t level = seen[factor.levels[rows[i]]];
    if (level > 0) out.columns[level - 1][i] = 1;
  }
  return out;
}

class Model {
 public:
  Model(std::vector<Coded> factors, std::vector<double> outcome)
      : factors_(std::move(factors)), fit_(columns_of(std::move(outcome))) {}

  Effects effects() {
    Effects out;
    out.rows = fit_.rows();
    for (Coded& factor : factors_) {
      size_t entered = 0;
      for (const size_t place : factor.places) entered += fit_.add(place) ? 1 : 0;
      if (entered == factor.places.size()) continue;
      for (const size_t place : factor.places) fit_.remove(place);
      factor.places.clear();
      out.left_out.push_back(factor.factor->name + ": it goes with other parameters");
    }
    std::erase_if(factors_, [](const Coded& f) { return f.places.empty(); });
    out.explained = fit_.total() > 0 ? 1 - std::max(0.0, fit_.residual()) / fit_.total() : 0;
    for (const Coded& factor : factors_) add_effects(factor, &out);
    std::stable_sort(out.effects.begin(), out.effects.end(),
                     [](const Effect& a, const Effect& b) { return a.share > b.share; });
    add_interactions(&out);
    return out;
  }

 private:
  std::vector<std::vector<double>> columns_of(std::vector<double> outcome) {
    std::vector<std::vector<double>> columns;
    for (Coded& factor : factors_) {
      for (const auto& column : factor.columns) {
        factor.places.push_back(columns.size());
        columns.push_back(column);
      }
    }
    const size_t main = columns.size();
    for (size_t a = 0; a < factors_.size(); ++a) {
      for (size_t b = a + 1; b < factors_.size(); ++b) {
        const size_t more = factors_[a].columns.size() * factors_[b].columns.size();
        if (columns.size() - main + more > kMostProducts) continue;
        Pair pair{a, b, {}};
        for (const auto& x : factors_[a].columns) {
          for (const auto& y : factors_[b].columns) {
            pair.places.push_back(columns.size());
            columns.push_back(product(x, y));
          }
        }
        pairs_.push_back(std::move(pair));
      }
    }
    for (const Pair& pair : pairs_) {
      pair_names_.emplace_back(factors_[pair.a].factor->name, factors_[pair.b].factor->name);
    }
    columns.push_back(std::move(outcome));
    return columns;
  }

  static std::vector<double> product(const std::vector<double>& x, const std::vector<double>& y) {
    const double mean_x = mean_of(x);
    const double mean_y = mean_of(y);
    std::vector<double> out(x.size());
    for (size_t i = 0; i < x.size(); ++i) out[i] = (x[i] - mean_x) * (y[i] - mean_y);
    return out;
  }

  void add_effects(const Coded& factor, Effects* out) {
    const double df = fit_.residual_df();
    const double variance = df >= 1 ? std::max(0.0, fit_.residual()) / df : 0;
    std::vector<Effect> own;
    for (size_t i = 0; i < factor.places.size(); ++i) {
      Effect effect;
      effect.factor = factor.factor->name;
      effect.from = factor.levels.front();
      effect.to = factor.is_line ? factor.levels.back() : factor.levels[i + 1];
      effect.is_line = factor.is_line;
      effect.is_log = factor.is_log;
      effect.change = fit_.coefficient(factor.places[i]) * factor.span;
      if (df >= 1) {
        const double half = student_t(kAlpha, df) *
                            std::sqrt(std::max(0.0, variance * fit_.inverse(factor.places[i]))) *
                            factor.span;
        effect.low = effect.change - half;
        effect.high = effect.change + half;
      }
      own.push_back(std::move(effect));
    }
    const double with = std::max(0.0, fit_.residual());
    for (const size_t place : factor.places) fit_.remove(place);
    const double gained = std::max(0.0, fit_.residual() - with);
    for (const size_t place : factor.places) fit_.add(place);
    const auto columns = static_cast<double>(factor.places.size());
    for (Effect& effect : own) {
      effect.share = fit_.total() > 0 ? gained / fit_.total() : 0;
      if (df >= 1) {
        effect.p = variance > 0 ? fisher_p(gained / columns / variance, columns, df)
                   : gained > 0 ? 0
                                : 1;
      }
      out->effects.push_back(std::move(effect));
    }
  }

  void add_interactions(Effects* out) {
    std::vector<double> p;
    std::vector<size_t> which;
    const double without = std::max(0.0, fit_.residual());
    for (size_t i = 0; i < pairs_.size(); ++i) {
      std::vector<size_t> entered;
      for (const size_t place : pairs_[i].places) {
        if (fit_.add(place)) entered.push_back(place);
      }
      const double df = fit_.residual_df();
      const double with = std::max(0.0, fit_.residual());
      if (!entered.empty() && df >= 1 && without > 1e-12 * fit_.total()) {
        const auto columns = static_cast<double>(entered.size());
        const double gained = std::max(0.0, without - with);
        const double variance = with / df;
        p.push_back(variance > 1e-12 * fit_.total()
                        ? fisher_p(gained / columns / variance, columns, df)
                        : 0);
        which.push_back(i);
      }
      for (const size_t place : entered) fit_.remove(place);
    }
    out->pairs_tried = p.size();
    const std::vector<double> adjusted = adjusted_for_many(p);
    for (size_t i = 0; i < adjusted.size(); ++i) {
      if (adjusted[i] >= kAlpha) continue;
      const auto& [a, b] = pair_names_[which[i]];
      out->interactions.push_back({a, b, adjusted[i]});
    }
    std::stable_sort(out->interactions.begin(), out->interactions.end(),
                     [](const Interaction& a, const Interaction& b) { return a.p < b.p; });
  }

  struct Pair {
    size_t a = 0;
    size_t b = 0;
    std::vector<size_t> places;
  };
  std::vector<Coded> factors_;
  std::vector<Pair> pairs_;
  std::vector<std::pair<std::string, std::string>> pair_names_;
  LeastSquares fit_;
};

}  // namespace

Result<Effects> effects_of(const std::vector<Factor>& factors, std::span<const double> outcome) {
  std::vector<size_t> rows;
  std::vector<double> values;
  for (size_t i = 0; i < outcome.size(); ++i) {
    if (!std::isfinite(outcome[i])) continue;
    rows.push_back(i);
    values.push_back(outcome[i]);
  }
  if (rows.size() < 3) {
    return invalid_argument("effects need at least 3 rows with a number, and there are " +
                            std::to_string(rows.size()));
  }
  std::vector<Coded> all;
  std::vector<std::string> left_out;
  for (const Factor& factor : factors) {
    Coded one = coded(factor, rows);
    if (one.levels.size() < 2) continue;
    if (one.columns.empty()) {
      left_out.push_back(factor.name + ": " + std::to_string(one.levels.size()) +
                         " levels that are no numbers");
      continue;
    }
    all.push_back(std::move(one));
  }
  if (all.empty()) return invalid_argument("no parameter differs among the rows in a few levels");
  Effects out = Model(std::move(all), std::move(values)).effects();
  out.left_out.insert(out.left_out.begin(), left_out.begin(), left_out.end());
  return out;
}

}  // namespace headrace::query
