// The step from a task to the layers that it ran.
//
// Layers are told of all tasks of one activity in one process together (energy/layer_energy.h), so
// where there are several the step is of them all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/session.h"

namespace headrace::query {

// A layer in a phase, or the time outside all layers, or that of repeating them.
struct LayerShare {
  std::string name;  // "net block.1 forward", "outside layers", "repeats"
  int64_t uj = 0;
  std::string resolution;  // empty of time in no layer
};

struct LayerStep {
  std::string activity;
  int64_t tasks = 0;  // with this one, that the layers are told of together
  int64_t tasks_uj = 0;
  std::vector<LayerShare> shares;  // the largest first
};

// Of a task (its id) in a domain; none where no layers of it were told. `reach`: energy_reach.h.
// Cost: a pass over the own energy of `reach`.
Result<std::optional<LayerStep>> layer_step(const Session& session, const std::string& reach,
                                            const std::string& task, const std::string& domain);

}  // namespace headrace::query
