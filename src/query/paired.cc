#include "query/paired.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "query/statistics.h"

namespace headrace::query {
namespace {

// By the levels of the other factors: the outcomes of each level of the one asked for.
using Settings = std::map<std::vector<std::string>, std::map<std::string, std::vector<double>>>;

PairedEffect compare(const Settings& settings, const std::string& from, const std::string& to) {
  PairedEffect out;
  out.from = from;
  out.to = to;
  std::vector<double> differences;
  for (const auto& [others, levels] : settings) {
    const auto a = levels.find(from);
    const auto b = levels.find(to);
    if (a == levels.end() || b == levels.end()) {
      out.unpaired += a != levels.end() || b != levels.end() ? 1 : 0;
      continue;
    }
    const double at_a = mean_of(a->second);
    const double at_b = mean_of(b->second);
    out.mean_from += at_a;
    out.mean_to += at_b;
    differences.push_back(at_b - at_a);
  }
  out.pairs = differences.size();
  if (out.pairs == 0) return out;
  const auto n = static_cast<double>(out.pairs);
  out.mean_from /= n;
  out.mean_to /= n;
  out.difference = mean_of(differences);
  if (out.pairs < 2) return out;
  const double error = std::sqrt(variance_of(differences) / n);
  const double half = student_t(0.05, n - 1) * error;
  out.low = out.difference - half;
  out.high = out.difference + half;
  if (error > 0) out.p = student_p(out.difference / error, n - 1);
  return out;
}

// Whether a factor has one level at each level of the other, as a file made for each width: it goes
// with it, and a pair may differ in both.
bool goes_with(const Factor& factor, const Factor& other) {
  std::map<std::string, std::string> level_at;
  for (size_t row = 0; row < factor.levels.size(); ++row) {
    const auto found = level_at.try_emplace(other.levels[row], factor.levels[row]).first;
    if (found->second != factor.levels[row]) return false;
  }
  return true;
}

// By number where all are numbers, else by name.
void sort_levels(std::vector<std::string>* levels) {
  const auto number = [](const std::string& level) {
    char* end = nullptr;
    const double value = std::strtod(level.c_str(), &end);
    return !level.empty() && *end == '\0' ? std::optional(value) : std::nullopt;
  };
  const bool numbers = std::all_of(levels->begin(), levels->end(),
                                   [&](const std::string& one) { return number(one).has_value(); });
  std::sort(levels->begin(), levels->end(), [&](const std::string& a, const std::string& b) {
    return numbers ? *number(a) < *number(b) : a < b;
  });
}

}  // namespace

std::vector<PairedEffect> paired_effects(const std::vector<Factor>& factors, size_t which,
                                         std::span<const double> outcome) {
  Settings settings;
  std::vector<std::string> levels;
  std::vector<bool> counts;
  for (size_t k = 0; k < factors.size(); ++k) {
    counts.push_back(k != which && !goes_with(factors[k], factors[which]));
  }
  for (size_t row = 0; row < outcome.size(); ++row) {
    const std::string& level = factors[which].levels[row];
    if (std::find(levels.begin(), levels.end(), level) == levels.end()) levels.push_back(level);
    if (!std::isfinite(outcome[row])) continue;
    std::vector<std::string> others;
    for (size_t k = 0; k < factors.size(); ++k) {
      if (counts[k]) others.push_back(factors[k].levels[row]);
    }
    settings[std::move(others)][level].push_back(outcome[row]);
  }
  sort_levels(&levels);
  std::vector<PairedEffect> out;
  for (size_t i = 1; i < levels.size(); ++i) {
    PairedEffect one = compare(settings, levels[0], levels[i]);
    if (one.pairs > 0) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace headrace::query
