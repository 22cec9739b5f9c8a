// Divides what tasks used themselves among the layers of the models that they ran.
//
// Each window's part of those tasks goes to the layers and phases that ran in it, and to the time
// outside all layers, in proportion to power x time: power by energy/layer_powers.h, time by
// energy/layer_walk.h. What was spent on repeating layers to measure them is kept apart. Integers
// that add up: layers + outside + repeated = what the tasks used themselves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/layer_powers.h"
#include "energy/layer_walk.h"
#include "energy/self_energy.h"

namespace headrace::energy {

struct PartEnergy {
  double time_s = 0;
  double covered_s = 0;  // of it, while the counter was known
  double calls = 0;
  int64_t share = 0;  // micro-joules
  int64_t group = 0;  // of all parts with its group's number, and the time outside if it is in it
};

struct LayerEnergy {
  std::vector<PartEnergy> parts;
  LayerPowers powers;
  int64_t outside = 0;
  double outside_s = 0;
  int64_t repeated = 0;
  double repeated_s = 0;
  int64_t whole = 0;  // what the tasks used themselves
  uint16_t gaps = 0;  // why not all of the time is covered

  bool holds() const;
};

// Collects, window by window, what the tasks of some kind got. Shorter windows than
// layers are told in are joined: nothing is lost by it.
class LayerWindows {
 public:
  explicit LayerWindows(const Timeline& timeline) : timeline_(timeline) {}
  // `share_uj` and `own_s` of these tasks, `others_uj` of all others, in that window.
  void add(const Window& window, int64_t share_uj, double own_s, int64_t others_uj);
  std::span<const LayerWindow> finish();

 private:
  void flush();
  const Timeline& timeline_;
  std::vector<LayerWindow> out_;
  LayerWindow open_;
  size_t first_ = 0;  // the knot at which it begins
  size_t past_ = 0;   // and at which it ends
  bool is_open_ = false;
};

LayerEnergy divide_layers(std::span<const LayerWindow> windows, const LayerExposure& exposure);

}  // namespace headrace::energy
