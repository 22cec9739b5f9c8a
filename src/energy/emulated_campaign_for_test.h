// A campaign on a device whose every joule is known, and sensors that read it with known faults.
//
// Power is a step function: what is drawn at rest, and on top of it for every task that runs the
// power of its type, different by a few percent from task to task. Its integral is exact; sensors
// show it as hardware does: refreshed with a period that trembles, in steps, now and then only a
// part of the time, and read by a poller that is late.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "energy/task_span.h"
#include "energy/timeline.h"

namespace headrace::energy {

struct EmulatedPlan {
  uint64_t seed = 1;
  size_t tasks = 1000;
  double task_s = 0.5;  // mean length; each differs by up to length_spread of it
  double length_spread = 0.2;
  std::vector<double> type_w = {110, 250, 390, 550};  // above rest
  double rest_w = 70;
  double task_spread = 0.05;  // standard deviation of a task's power about its type's
  double gap_chance = 0.3;    // of nothing running after a task, for about gap_s
  double gap_s = 0.25;
  size_t lanes = 1;       // tasks at once
  bool in_order = false;  // types follow each other always in the same order
};

struct EmulatedTask {
  TaskSpan span;
  double true_j = 0;
};

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

class EmulatedCampaign {
 public:
  explicit EmulatedCampaign(const EmulatedPlan& plan) : random_(plan.seed) {
    std::vector<Step> steps{{0, plan.rest_w}};
    std::vector<double> task_w;
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    std::exponential_distribution<double> gap(1 / plan.gap_s);
    for (size_t lane = 0; lane < plan.lanes; ++lane) {
      double at_s = 1 + uniform(random_) * plan.task_s;
      for (size_t i = 0; i < plan.tasks / plan.lanes; ++i) {
        const size_t kinds = plan.type_w.size();
        const auto type = plan.in_order
                              ? i % kinds
                              : static_cast<size_t>(uniform(random_) * static_cast<double>(kinds));
        const double length_s = plan.task_s * (1 + plan.length_spread * (2 * uniform(random_) - 1));
        const double watts = plan.type_w[type] * (1 + plan.task_spread * normal(random_));
        const int64_t begin_ns = std::llround(at_s * 1e9);
        const int64_t end_ns = std::llround((at_s + length_s) * 1e9);
        tasks_.push_back({{begin_ns, end_ns, kNoTask, static_cast<uint32_t>(type)}, 0});
        task_w.push_back(watts);
        steps.push_back({begin_ns, watts});
        steps.push_back({end_ns, -watts});
        at_s += length_s;
        if (uniform(random_) < plan.gap_chance) at_s += gap(random_);
      }
    }
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
    give_truth(task_w, plan.rest_w);
  }

  const std::vector<EmulatedTask>& tasks() const { return tasks_; }
  std::vector<TaskSpan> spans() const {
    std::vector<TaskSpan> out;
    for (const EmulatedTask& task : tasks_) out.push_back(task.span);
    return out;
  }
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

 private:
  struct Step {
    int64_t at_ns;
    double watts;
  };
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

  // A task's own power while it runs, and an equal part of what is drawn at rest of all that run.
  void give_truth(const std::vector<double>& task_w, double rest_w) {
    std::vector<std::pair<int64_t, int>> edges;
    for (const EmulatedTask& task : tasks_) {
      edges.emplace_back(task.span.begin_ns, 1);
      edges.emplace_back(task.span.end_ns, -1);
    }
    std::sort(edges.begin(), edges.end());
    std::vector<std::pair<int64_t, double>> floor;  // of one that runs all the time, in s
    int running = 0;
    double sum_s = 0;
    int64_t at_ns = 0;
    for (const auto& [edge_ns, change] : edges) {
      if (running > 0) sum_s += static_cast<double>(edge_ns - at_ns) * 1e-9 / running;
      at_ns = edge_ns;
      running += change;
      floor.emplace_back(edge_ns, sum_s);
    }
    const auto floor_at = [&](int64_t t) {
      return std::lower_bound(floor.begin(), floor.end(), std::pair(t, -1.0))->second;
    };
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const TaskSpan& span = tasks_[i].span;
      tasks_[i].true_j = task_w[i] * static_cast<double>(span.end_ns - span.begin_ns) * 1e-9 +
                         rest_w * (floor_at(span.end_ns) - floor_at(span.begin_ns));
    }
  }

  std::mt19937_64 random_;
  std::vector<EmulatedTask> tasks_;
  std::vector<Point> points_;
  int64_t end_ns_ = 0;
};

}  // namespace headrace::energy
