#include "telemetry/load_response.h"

#include <algorithm>
#include <cmath>

#include "telemetry/sensor_check.h"

namespace headrace::telemetry {
namespace {

// More readings than so many say nothing more.
constexpr size_t kMostShown = 2000;

// For how long the load was on before a time: straight between its edges.
class OnTime {
 public:
  explicit OnTime(std::span<const LoadSpan> load) : load_(load) {
    sums_.reserve(load.size() + 1);
    sums_.push_back(0);
    for (const LoadSpan& one : load) sums_.push_back(sums_.back() + one.to_ns - one.from_ns);
  }
  double before(int64_t at_ns) const {
    const auto next = std::upper_bound(load_.begin(), load_.end(), at_ns,
                                       [](int64_t t, const LoadSpan& s) { return t < s.from_ns; });
    const auto count = static_cast<size_t>(next - load_.begin());
    if (count == 0) return 0;
    const LoadSpan& last = load_[count - 1];
    return static_cast<double>(sums_[count - 1] + std::min(at_ns, last.to_ns) - last.from_ns);
  }

 private:
  std::span<const LoadSpan> load_;
  std::vector<int64_t> sums_;
};

// Of `power` by `on`, least squares.
struct Line {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  void add(double on, double power) {
    ++n, x += on, y += power, xx += on * on, xy += on * power, yy += power * power;
  }
  void put(LoadResponse& out) const {
    const double sxx = xx - x * x / n;
    const double sxy = xy - x * y / n;
    const double syy = yy - y * y / n;
    if (sxx <= 0 || syy <= 0) return;
    out.r_squared = sxy * sxy / (sxx * syy);
    out.amplitude_w = sxy / sxx;
    out.base_w = (y - out.amplitude_w * x) / n;
  }
};

}  // namespace

LoadResponse fit_response(std::span<const ShownPower> shown, std::span<const LoadSpan> load,
                          int64_t period_ns, int64_t resolution_ns, bool is_gauge) {
  LoadResponse best;
  if (shown.size() < 3 || load.empty()) return best;
  const OnTime on(load);
  const size_t every = shown.size() / kMostShown + 1;
  const bool is_fast = period_ns < 10 * resolution_ns;
  const int64_t step_ns = std::max(period_ns / 20, std::max<int64_t>(resolution_ns / 2, 1));
  std::vector<int64_t> windows;
  if (is_fast) {
    windows.push_back(0);  // as long as what it showed
  } else {
    for (int64_t one = step_ns; one < period_ns + step_ns / 2; one += step_ns)
      windows.push_back(one);
    if (is_gauge) {
      for (const int times : {2, 3, 5, 7, 10, 15, 20, 30, 50}) {
        windows.push_back(times * period_ns);
      }
    }
  }
  const int64_t most_ns = std::max<int64_t>(2 * period_ns, 100'000'000);
  for (const int64_t window_ns : windows) {
    for (int64_t latency_ns = 0; latency_ns <= most_ns; latency_ns += step_ns) {
      Line line;
      for (size_t i = 0; i < shown.size(); i += every) {
        const int64_t length_ns = window_ns > 0 ? window_ns : shown[i].since_ns;
        const int64_t end_ns = shown[i].at_ns - latency_ns;
        const double part =
            (on.before(end_ns) - on.before(end_ns - length_ns)) / static_cast<double>(length_ns);
        line.add(part, shown[i].power_w);
      }
      LoadResponse one;
      one.window_ns = window_ns;
      one.latency_ns = latency_ns;
      line.put(one);
      if (one.r_squared > best.r_squared && one.amplitude_w > 0) best = one;
    }
  }
  return best;
}

}  // namespace headrace::telemetry
