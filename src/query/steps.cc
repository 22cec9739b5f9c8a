// A quantity over time, looked up and joined.
#include <algorithm>

#include "query/readings.h"

namespace headrace::query {

void Seen::add(const Seen& other) {
  covered_s += other.covered_s;
  sum += other.sum;
  most = std::max(most, other.most);
}

size_t Steps::first_after(int64_t at_ns) const {
  const auto found = std::upper_bound(steps_.begin(), steps_.end(), at_ns,
                                      [](int64_t t, const Step& step) { return t < step.end_ns; });
  return static_cast<size_t>(found - steps_.begin());
}

Seen Steps::over(TimeSpan span) const {
  Seen out;
  for (size_t i = first_after(span.begin_ns); i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.begin_ns >= span.end_ns) break;
    const double seconds = static_cast<double>(std::min(step.end_ns, span.end_ns) -
                                               std::max(step.begin_ns, span.begin_ns)) *
                           1e-9;
    out.covered_s += seconds;
    out.sum += seconds * step.value;
    out.most = std::max(out.most, step.value);
  }
  return out;
}

double Steps::seconds_above(TimeSpan span, double value) const {
  double out = 0;
  for (size_t i = first_after(span.begin_ns); i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.begin_ns >= span.end_ns) break;
    if (step.value <= value) continue;
    out += static_cast<double>(std::min(step.end_ns, span.end_ns) -
                               std::max(step.begin_ns, span.begin_ns)) *
           1e-9;
  }
  return out;
}

Steps joined(const std::vector<const Steps*>& parts, Joined how) {
  if (parts.empty()) return {};
  if (parts.size() == 1) return *parts.front();
  std::vector<int64_t> edges;
  for (const Steps* part : parts) {
    for (const Step& step : part->all()) {
      edges.push_back(step.begin_ns);
      edges.push_back(step.end_ns);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::vector<size_t> at(parts.size(), 0);
  std::vector<Step> out;
  for (size_t e = 0; e + 1 < edges.size(); ++e) {
    size_t known = 0;
    double sum = 0;
    double most = -std::numeric_limits<double>::infinity();
    for (size_t p = 0; p < parts.size(); ++p) {
      const std::vector<Step>& steps = parts[p]->all();
      while (at[p] < steps.size() && steps[at[p]].end_ns <= edges[e]) ++at[p];
      if (at[p] == steps.size() || steps[at[p]].begin_ns > edges[e]) continue;
      ++known;
      sum += steps[at[p]].value;
      most = std::max(most, steps[at[p]].value);
    }
    if (known == 0 || (how == Joined::kSum && known < parts.size())) continue;
    const double value = how == Joined::kMost  ? most
                         : how == Joined::kSum ? sum
                                               : sum / static_cast<double>(known);
    if (!out.empty() && out.back().end_ns == edges[e] && out.back().value == value) {
      out.back().end_ns = edges[e + 1];
    } else {
      out.push_back({edges[e], edges[e + 1], value});
    }
  }
  return Steps(std::move(out));
}

}  // namespace headrace::query
