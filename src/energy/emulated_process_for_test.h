// For tests: a process whose every joule of CPU time is known, read as the kernel lets it be read.
//
// It draws one power while the kernel lets it run and nothing else: it gets its CPU in slices,
// whole while it is alone and a part of the time beside others, who come and go. Outer tasks hold
// steps. A reading at a task's edge, on its own thread, is exact; one by the sampler's thread shows
// what was known at the last tick, or at the last exact reading.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "energy/emulated_power_for_test.h"
#include "energy/task_span.h"

namespace headrace::energy {

struct EmulatedProcessPlan {
  uint64_t seed = 1;
  size_t tasks = 10;
  size_t steps = 16;  // of a task
  double step_s = 0.008;
  double length_spread = 0.5;
  double between_s = 0.003;          // own time of a task before each of its steps
  double apart_s = 0.02;             // of no task after each
  std::vector<double> shares = {1};  // of a CPU, for about regime_s each, in random order
  double regime_s = 0.5;
  double slice_s = 0.004;  // for which it runs at once where it does not run all the time
};

class EmulatedProcess : public EmulatedPower {
 public:
  static constexpr double kBusy_w = 4;
  static constexpr uint32_t kOuter = 0;
  static constexpr uint32_t kStep = 1;

  explicit EmulatedProcess(const EmulatedProcessPlan& plan) : random_(plan.seed) {
    double at_s = plan.apart_s;
    for (size_t i = 0; i < plan.tasks; ++i) {
      const auto outer = static_cast<uint32_t>(spans_.size());
      spans_.push_back({ns(at_s), 0, kNoTask, kOuter});
      const double scale = 1 + plan.length_spread * even();
      for (size_t k = 0; k < plan.steps; ++k) {
        at_s += plan.between_s * (1 + plan.length_spread * even());
        const double until_s = at_s + plan.step_s * scale * (1 + plan.length_spread * even());
        spans_.push_back({ns(at_s), ns(until_s), outer, kStep});
        at_s = until_s;
      }
      spans_[outer].end_ns = ns(at_s);
      at_s += plan.apart_s * (1 + plan.length_spread * even());
    }
    until_s_ = at_s;
    schedule(plan, at_s);
  }

  const std::vector<TaskSpan>& spans() const { return spans_; }
  double true_j(const TaskSpan& span) const {
    return joules_at(static_cast<double>(span.end_ns)) -
           joules_at(static_cast<double>(span.begin_ns));
  }

  // In nanoseconds of CPU time. The sampler reads after each `period_s`; the kernel ticks every
  // `tick_s`; an edge is read if the last one that was lies `edge_s` back.
  std::vector<RawSample> read(double period_s = 0.1, double tick_s = 0.004, double edge_s = 0.01) {
    std::vector<int64_t> edges;
    for (const TaskSpan& span : spans_) edges.insert(edges.end(), {span.begin_ns, span.end_ns});
    std::sort(edges.begin(), edges.end());
    std::vector<RawSample> out;
    int64_t exact_ns = INT64_MIN / 2;
    auto edge = edges.begin();
    double sweep_s = 0;
    while (sweep_s < until_s_) {
      for (; edge != edges.end() && *edge < ns(sweep_s); ++edge) {
        if (*edge < exact_ns + ns(edge_s)) continue;
        exact_ns = *edge;
        out.push_back({*edge, cpu_ns(*edge)});
      }
      const int64_t ticked_ns = ns(std::floor(sweep_s / tick_s) * tick_s);
      out.push_back({ns(sweep_s), cpu_ns(std::max(ticked_ns, exact_ns))});
      sweep_s += period_s * (1 + 0.05 * even());
    }
    for (; edge != edges.end(); ++edge) {
      if (*edge < exact_ns + ns(edge_s)) continue;
      exact_ns = *edge;
      out.push_back({*edge, cpu_ns(*edge)});
    }
    out.push_back({ns(until_s_), cpu_ns(ns(until_s_))});
    return out;
  }

 private:
  static int64_t ns(double s) { return std::llround(s * 1e9); }
  uint64_t cpu_ns(int64_t at_ns) const {
    return static_cast<uint64_t>(
        std::llround(joules_at(static_cast<double>(at_ns)) / kBusy_w * 1e9));
  }
  double even() { return 2 * uniform_(random_) - 1; }

  void schedule(const EmulatedProcessPlan& plan, double end_s) {
    std::vector<Step> steps;
    std::exponential_distribution<double> of_one;
    double at_s = 0;
    while (at_s < end_s) {
      const double until_s = at_s + plan.regime_s * of_one(random_);
      const auto which =
          static_cast<size_t>(uniform_(random_) * static_cast<double>(plan.shares.size()));
      const double share = plan.shares[which];
      while (at_s < until_s) {
        steps.push_back({ns(at_s), kBusy_w});
        at_s = share < 1 ? at_s + plan.slice_s * of_one(random_) : until_s;
        steps.push_back({ns(at_s), -kBusy_w});
        if (share < 1) at_s += plan.slice_s * (1 / share - 1) * of_one(random_);
      }
    }
    set_power(std::move(steps));
  }

  double until_s_ = 0;  // it ends
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_;
  std::vector<TaskSpan> spans_;
};

}  // namespace headrace::energy
