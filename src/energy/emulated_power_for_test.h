// For tests: a device whose power is known at every moment, and sensors that read it as hardware is
// read.
//
// Power is a step function and its integral is exact; sensors show it as hardware does: refreshed
// with a period that trembles, in steps, now and then only a part of the time, and read by a poller
// that is late.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "energy/timeline.h"

namespace headrace::energy {

struct EmulatedSensor {
  uint64_t seed = 1;
  double refresh_s = 0.1;
  double jitter = 0.03;  // standard deviation of a period, as a part of it
  double sees = 1;       // the last part of each period in which it looks
  double step_j = 1e-3;
  double poll_s = 0.025;
  double late_s = 0.0005;  // mean lateness of a poll
  double gain = 1;
};

class EmulatedPower {
 public:
  int64_t end_ns() const { return end_ns_; }
  double joules_at(double at_ns) const {
    const Point& p = point_at(at_ns);
    return p.joules + p.watts * (at_ns - static_cast<double>(p.at_ns)) * 1e-9;
  }
  double watts_at(double at_ns) const { return point_at(at_ns).watts; }

  // What a poller reads of a counter, in steps of `sensor.step_j`.
  std::vector<RawSample> read(const EmulatedSensor& sensor) const {
    std::mt19937_64 random(sensor.seed);
    std::normal_distribution<double> normal;
    std::exponential_distribution<double> late(1 / (sensor.late_s * 1e9));
    std::vector<RawSample> out;
    double refreshed_ns = 0;
    double shown_j = 0;
    double next_ns = sensor.refresh_s * 1e9;
    for (double poll_ns = 0; poll_ns < static_cast<double>(end_ns_);
         poll_ns += sensor.poll_s * 1e9) {
      const double read_ns = poll_ns + late(random);
      while (next_ns <= read_ns) {
        const double looks_ns = (next_ns - refreshed_ns) * sensor.sees;
        shown_j += (joules_at(next_ns) - joules_at(next_ns - looks_ns)) / sensor.sees * sensor.gain;
        refreshed_ns = next_ns;
        next_ns += sensor.refresh_s * 1e9 * std::max(0.2, 1 + sensor.jitter * normal(random));
      }
      if (!out.empty() && std::llround(read_ns) <= out.back().at_ns) continue;
      out.push_back({std::llround(read_ns), static_cast<uint64_t>(shown_j / sensor.step_j), false});
    }
    return out;
  }

 protected:
  struct Step {
    int64_t at_ns;
    double watts;
  };
  // What changes when; a second more is emulated behind the last.
  void set_power(std::vector<Step> steps) {
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });
    double watts = 0;
    double joules = 0;
    int64_t at_ns = 0;
    for (const Step& step : steps) {
      joules += watts * static_cast<double>(step.at_ns - at_ns) * 1e-9;
      at_ns = step.at_ns;
      watts += step.watts;
      points_.push_back({at_ns, joules, watts});
    }
    end_ns_ = at_ns + 1'000'000'000;
  }

 private:
  struct Point {
    int64_t at_ns;
    double joules;  // until then
    double watts;   // from then on
  };

  const Point& point_at(double at_ns) const {
    const auto after =
        std::upper_bound(points_.begin(), points_.end(), at_ns,
                         [](double t, const Point& p) { return t < static_cast<double>(p.at_ns); });
    return after == points_.begin() ? points_.front() : *(after - 1);
  }

  std::vector<Point> points_;
  int64_t end_ns_ = 0;
};

}  // namespace headrace::energy
