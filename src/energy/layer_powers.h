// What each layer and phase of a model draws while it runs, from the windows of a counter.
//
// Of each window w it is known what the tasks that ran the layers got of it, S, and how long each
// part ran in it (energy/layer_walk.h). With P the power of a part and P0 that of those tasks
// outside all layers,
//
//   S = P0 X0 + sum over parts of P x X + error
//
// by non-negative least squares over all windows. Layers that always run in one order within a
// window have exposures that only grow and shrink together: they are joined to groups, as
// activities are (energy/column_groups.h). A window in which one layer was repeated by itself says
// what that layer draws.
//
// How far off the powers are is told by the delete-a-group jackknife (Kott 2001): the windows are
// dealt into blocks of neighbours, and the fit made again without each. It asks nothing of the
// errors but that those of different blocks are independent; a residual's variance would, and
// errors of neighbouring windows cancel.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/activity_power.h"
#include "energy/layer_walk.h"

namespace headrace::energy {

// Parts of this group are known only together with the time outside all of them.
constexpr uint32_t kOutsideGroup = 0;

struct PartPower {
  double power_uw = 0;  // while it runs, the domain's idle power included
  Resolution resolution = Resolution::kUnresolved;
  uint32_t group = 0;   // parts with one number are known together only
  double variance = 0;  // relative, of the energy of its group in all windows
  int64_t windows = 0;
};

struct LayerPowers {
  // A part is told from others when the relative standard error of its energy is below, and its
  // variance is not inflated by more than this by the others; and with at least so many windows.
  static constexpr double kLargestError = 0.06;
  static constexpr double kLargestInflation = 30;
  static constexpr int64_t kFewestWindows = 50;
  // More parts than this are one, the rarest first.
  static constexpr size_t kMostParts = 96;

  std::vector<PartPower> parts;
  double outside_uw = 0;
};

// O(windows x parts in a window^2 + parts^4 at worst).
LayerPowers find_layer_powers(std::span<const LayerWindow> windows, const LayerExposure& exposure);

}  // namespace headrace::energy
