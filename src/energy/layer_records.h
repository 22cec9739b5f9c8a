// How long the layers of models ran, as the store has it, by the tasks that ran them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "energy/changed.h"
#include "energy/layer_walk.h"
#include "energy/task_forest.h"
#include "store/database.h"

namespace headrace::energy {

struct LayerName {
  std::string model;
  std::string layer;  // dotted path
  std::string phase;
};

// Of all tasks of one activity of one workflow in one process.
struct WatchedLayers {
  uint32_t producer = 0;
  uint32_t workflow = 0;  // the store's numbers
  uint32_t activity = 0;
  std::vector<LayerName> names;  // of the parts
  LayerExposure exposure;
};

// Of these producers. What was told of no task, or of one that is not in `forest`, is left out.
Result<std::vector<WatchedLayers>> read_layers(const store::Connection& connection,
                                               const std::vector<Mark>& producers,
                                               const TaskForest& forest);

}  // namespace headrace::energy
