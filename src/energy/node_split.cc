#include "energy/node_split.h"

#include <algorithm>
#include <numeric>

#include "energy/apportion.h"

namespace headrace::energy {
namespace {

// Goes through a node's windows and keeps what each process did in them.
class Split {
 public:
  Split(const Timeline& node, std::span<ProcessUse> processes)
      : step_(node.step()), knots_(node.knots()), processes_(processes), order_(processes.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return processes[a].cpu_ns.begin_ns() < processes[b].cpu_ns.begin_ns();
    });
    cursors_.reserve(processes.size());
    for (const ProcessUse& process : processes) {
      cursors_.emplace_back(process.cpu_ns);
      device_cursors_.emplace_back(process.device_ns);
    }
    parts_.resize(processes.size());
    last_cpu_ns_.resize(processes.size());
    if (!knots_.empty()) idle_.push_back(knots_.front());
  }

  size_t windows() const { return knots_.empty() ? 0 : knots_.size() - 1; }
  const Timeline::Knot& begin_of(size_t window) const { return knots_[window]; }
  const Timeline::Knot& end_of(size_t window) const { return knots_[window + 1]; }

  // The processes alive in the window, in alive(), and the CPU time of each in it, in weights().
  void enter(size_t window) {
    const int64_t from_ns = begin_of(window).at_ns;
    const int64_t to_ns = end_of(window).at_ns;
    while (arrived_ < order_.size() && processes_[order_[arrived_]].cpu_ns.begin_ns() < to_ns) {
      const size_t p = order_[arrived_++];
      if (processes_[p].cpu_ns.empty()) continue;
      alive_.push_back(p);
      parts_[p].push_back({from_ns, 0, 0, begin_of(window).spread_ns, 0, 0});
    }
    std::erase_if(alive_, [&](size_t p) { return processes_[p].cpu_ns.end_ns() <= from_ns; });
    weights_.assign(alive_.size(), 0);
    for (size_t i = 0; i < alive_.size(); ++i) {
      const double cpu_ns = cursors_[alive_[i]].at(to_ns).value;
      weights_[i] = std::max(0.0, cpu_ns - last_cpu_ns_[alive_[i]]);
      last_cpu_ns_[alive_[i]] = cpu_ns;
    }
  }
  // Weighs the processes by the time that they kept the device busy in the window, where all tell
  // it and one did.
  bool weigh_by_device(size_t window) {
    const int64_t from_ns = begin_of(window).at_ns;
    const int64_t to_ns = end_of(window).at_ns;
    std::vector<double> weights;
    double sum = 0;
    for (const size_t p : alive_) {
      if (!processes_[p].tells_device) return false;
      const double before_ns = device_cursors_[p].at(from_ns).value;
      weights.push_back(std::max(0.0, device_cursors_[p].at(to_ns).value - before_ns));
      sum += weights.back();
    }
    if (!(sum > 0)) return false;
    weights_ = std::move(weights);
    return true;
  }
  const std::vector<size_t>& alive() const { return alive_; }
  std::vector<double>& weights() { return weights_; }

  // Divides the window by weights(), which beside the processes hold the others and idling, last.
  void divide(size_t window) {
    const int64_t energy = end_of(window).value - begin_of(window).value;
    const int64_t covered_ns = end_of(window).covered_ns - begin_of(window).covered_ns;
    const std::span<const int64_t> shares = apportionment_.divide(weights_, energy);
    for (size_t i = 0; i < alive_.size(); ++i) {
      auto& part = parts_[alive_[i]];
      part.push_back({end_of(window).at_ns, part.back().value + shares[i],
                      part.back().covered_ns + covered_ns, end_of(window).spread_ns,
                      end_of(window).correlation, end_of(window).gaps});
    }
    others_ += shares[alive_.size()];
    idle_.push_back({end_of(window).at_ns, idle_.back().value + shares.back(),
                     idle_.back().covered_ns + covered_ns, end_of(window).spread_ns,
                     end_of(window).correlation, end_of(window).gaps});
  }
  NodeRest finish() {
    for (size_t p = 0; p < parts_.size(); ++p) {
      processes_[p].part = Timeline(std::move(parts_[p]), step_);
    }
    return {Timeline(std::move(idle_)), others_};
  }

 private:
  const double step_;
  std::span<const Timeline::Knot> knots_;
  std::span<ProcessUse> processes_;
  std::vector<size_t> order_;  // by their begin
  size_t arrived_ = 0;
  std::vector<size_t> alive_;
  std::vector<double> weights_;
  std::vector<TimelineCursor> cursors_;
  std::vector<TimelineCursor> device_cursors_;
  std::vector<double> last_cpu_ns_;
  std::vector<std::vector<Timeline::Knot>> parts_;
  std::vector<Timeline::Knot> idle_;
  int64_t others_ = 0;
  Apportionment apportionment_;
};

}  // namespace

NodeRest split_processor(const Timeline& node, const NodeUse& use,
                         std::span<ProcessUse> processes) {
  Split split(node, processes);
  TimelineCursor busy(use.busy_cpu_ns);
  TimelineCursor idle(use.idle_cpu_ns);
  double busy_before_ns = split.windows() > 0 ? busy.at(split.begin_of(0).at_ns).value : 0;
  double idle_before_ns = split.windows() > 0 ? idle.at(split.begin_of(0).at_ns).value : 0;
  for (ProcessUse& process : processes) process.shared = true;
  for (size_t window = 0; window < split.windows(); ++window) {
    split.enter(window);
    const double busy_ns = busy.at(split.end_of(window).at_ns).value;
    const double idle_ns = idle.at(split.end_of(window).at_ns).value;
    const auto& weights = split.weights();
    const double ours = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double others = std::max(0.0, busy_ns - busy_before_ns - ours);
    split.weights().push_back(others);
    split.weights().push_back(kIdleShare * (idle_ns - idle_before_ns));
    busy_before_ns = busy_ns;
    idle_before_ns = idle_ns;
    split.divide(window);
  }
  return split.finish();
}

NodeRest split_device(const Timeline& node, std::span<const DeviceUse> use,
                      std::span<ProcessUse> processes) {
  Split split(node, processes);
  size_t said = 0;
  bool in_use = true;
  for (size_t window = 0; window < split.windows(); ++window) {
    split.enter(window);
    // Idle when it was not in use at the window's begin and nothing in it says otherwise.
    bool idle = false;
    while (said < use.size() && use[said].at_ns <= split.begin_of(window).at_ns) {
      in_use = use[said++].in_use;
    }
    idle = !in_use;
    for (size_t i = said; i < use.size() && use[i].at_ns <= split.end_of(window).at_ns; ++i) {
      idle = idle && !use[i].in_use;
    }
    auto& weights = split.weights();
    const size_t alive = split.alive().size();
    const bool by_device = !idle && alive > 1 && split.weigh_by_device(window);
    const bool any = std::any_of(weights.begin(), weights.end(), [](double w) { return w > 0; });
    if (idle) {
      std::fill(weights.begin(), weights.end(), 0);
    } else if (alive == 1) {
      weights[0] = 1;
    } else if (any) {
      for (const size_t p : split.alive()) {
        processes[p].shared = true;
        processes[p].by_cpu = processes[p].by_cpu || !by_device;
      }
    }
    weights.push_back(idle || alive == 0 || (alive > 1 && !any) ? 1 : 0);
    weights.push_back(0);
    if (idle) std::swap(weights[alive], weights[alive + 1]);
    split.divide(window);
  }
  return split.finish();
}

}  // namespace headrace::energy
