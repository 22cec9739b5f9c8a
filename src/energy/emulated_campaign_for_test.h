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

#include "energy/emulated_power_for_test.h"
#include "energy/task_span.h"

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

class EmulatedCampaign : public EmulatedPower {
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
    set_power(std::move(steps));
    give_truth(task_w, plan.rest_w);
  }

  const std::vector<EmulatedTask>& tasks() const { return tasks_; }
  std::vector<TaskSpan> spans() const {
    std::vector<TaskSpan> out;
    for (const EmulatedTask& task : tasks_) out.push_back(task.span);
    return out;
  }

 private:
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
};

}  // namespace headrace::energy
