// The layers' part of one domain of one process: collected while its windows are divided among
// tasks.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "energy/layer_energy.h"
#include "energy/layer_records.h"
#include "energy/self_energy.h"
#include "store/appender.h"

namespace headrace::energy {

// What is known of a division of a domain's energy among the layers of some tasks.
struct LayerFigures {
  const WatchedLayers* of = nullptr;
  LayerEnergy energy;
  int64_t tasks_uj = 0;  // what those tasks used themselves: layers and the time outside them
  std::string truth;
  double sensor_relative = 0;
  double model_relative = 0;  // of the division among processes

  bool holds() const { return energy.holds() && energy.whole == tasks_uj; }
};

class LayerCollector {
 public:
  // The tasks of one producer, `spans` as divide() gets them.
  LayerCollector(std::span<const WatchedLayers> watched, const TaskForest& forest,
                 const TaskForest::Range& range, const Timeline& timeline);

  bool empty() const { return watched_.empty(); }
  // For DivideOptions::each_window.
  void add(const Window& window, std::span<const int64_t> shares);
  std::vector<LayerFigures> finish(const SelfEnergy& divided);

 private:
  struct Sum {
    int64_t share_uj = 0;
    double own_s = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  std::vector<const WatchedLayers*> watched_;
  std::vector<uint32_t> of_task_;  // place in watched_ of each task; kNone
  std::deque<LayerWindows> windows_;
  std::vector<Sum> sums_;  // of this window
};

// The rows of layer_energy_row.
Status write_layers(const LayerFigures& figures, const std::string& domain, store::Appender& out);

}  // namespace headrace::energy
