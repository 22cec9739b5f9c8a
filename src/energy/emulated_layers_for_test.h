// For tests: an hour of training on a device of known power, in which the layers of a model run
// always in the same order, each for milliseconds, and now and then one is repeated by itself.
#pragma once

#include <numeric>
#include <vector>

#include "energy/emulated_power_for_test.h"
#include "energy/layer_walk.h"
#include "energy/task_span.h"

namespace headrace::energy {

struct EmulatedTraining {
  uint64_t seed = 1;
  double length_s = 3600;
  size_t layers = 24;
  double shortest_s = 0.0025;
  double longest_s = 0.010;
  double least_w = 150;
  double most_w = 600;
  double outside_w = 110;       // between steps, for 5 to 20 ms
  double length_spread = 0.05;  // standard deviation of a call's length
  double step_spread = 0.03;    // of a step's power, all its layers alike
  double call_spread = 0.03;    // of a call's
  double repeats = 0;           // share of run time in which single layers are repeated
  double repeat_s = 0.2;
};

class EmulatedLayers : public EmulatedPower {
 public:
  explicit EmulatedLayers(const EmulatedTraining& plan) : random_(plan.seed) {
    std::uniform_real_distribution<double> uniform;
    for (size_t i = 0; i < plan.layers; ++i) {
      mean_s_.push_back(plan.shortest_s + (plan.longest_s - plan.shortest_s) * uniform(random_));
      watts_.push_back(plan.least_w + (plan.most_w - plan.least_w) * uniform(random_));
    }
    true_j_.assign(plan.layers, 0);
    exposure_.parts = plan.layers;
    const double step_s = std::accumulate(mean_s_.begin(), mean_s_.end(), 0.0125);
    const double chance = plan.repeats * step_s / (plan.repeat_s * (1 - plan.repeats));
    draw(plan.outside_w, 1);
    task_.begin_ns = at_ns();
    std::vector<uint32_t> order(plan.layers);
    std::iota(order.begin(), order.end(), 0u);
    size_t next = plan.layers;
    while (at_s_ < plan.length_s) {
      step(plan);
      if (uniform(random_) >= chance) continue;
      if (next == plan.layers) std::shuffle(order.begin(), order.end(), random_), next = 0;
      repeat(order[next++], plan.repeat_s);
    }
    task_.end_ns = at_ns();
    change_to(0);
    set_power(std::move(steps_));
  }

  const LayerExposure& exposure() const { return exposure_; }
  const std::vector<double>& true_j() const { return true_j_; }
  double outside_j() const { return outside_j_; }
  double repeated_j() const { return repeated_j_; }
  size_t repeats() const { return repeats_; }
  TaskSpan task() const { return task_; }

 private:
  int64_t at_ns() const { return std::llround(at_s_ * 1e9); }
  void change_to(double watts) {
    steps_.push_back({at_ns(), watts - now_w_});
    now_w_ = watts;
  }
  double draw(double watts, double seconds) {
    change_to(watts);
    at_s_ += seconds;
    return watts * seconds;
  }
  void tell(int64_t begin_ns, bool repeated, const std::vector<PartTime>& times) {
    exposure_.intervals.push_back(
        {begin_ns, at_ns(), repeated, exposure_.times.size(), times.size()});
    exposure_.times.insert(exposure_.times.end(), times.begin(), times.end());
  }
  void step(const EmulatedTraining& plan) {
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> gap(0.005, 0.02);
    const int64_t begin_ns = at_ns();
    outside_j_ += draw(plan.outside_w, gap(random_));
    const double hot = 1 + plan.step_spread * normal(random_);
    std::vector<PartTime> times;
    for (uint32_t i = 0; i < plan.layers; ++i) {
      const double length_s = mean_s_[i] * std::max(0.3, 1 + plan.length_spread * normal(random_));
      const double watts = watts_[i] * hot * (1 + plan.call_spread * normal(random_));
      true_j_[i] += draw(watts, length_s);
      times.push_back({i, std::llround(length_s * 1e9)});
    }
    tell(begin_ns, false, times);
  }
  void repeat(uint32_t layer, double seconds) {
    std::normal_distribution<double> normal;
    const int64_t begin_ns = at_ns();
    repeated_j_ += draw(watts_[layer] * (1 + 0.03 * normal(random_)), seconds);
    tell(begin_ns, true, {{layer, at_ns() - begin_ns}});
    ++repeats_;
  }

  std::mt19937_64 random_;
  std::vector<double> mean_s_, watts_, true_j_;
  std::vector<Step> steps_;
  LayerExposure exposure_;
  TaskSpan task_;
  double at_s_ = 0;
  double now_w_ = 0;
  double outside_j_ = 0;
  double repeated_j_ = 0;
  size_t repeats_ = 0;
};

}  // namespace headrace::energy
