// What each layer and phase of the models of a campaign or workflow used, added up over processes,
// activities and devices of a kind, and what tasks say of the work done meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "query/energy_question.h"
#include "query/session.h"

namespace headrace::query {

// What the tasks that ran it did, as their values `tokens`, `samples` and `flops` say it: what a
// task generated, else what it used.
enum class Work : uint8_t { kTokens, kSamples, kFlops };
constexpr std::array<const char*, 3> kWorkNames{"tokens", "samples", "flops"};

struct WorkDone {
  std::optional<double> amount;
  std::string reason;  // why not
};

// Of a model, layer, phase and kind of device.
struct LayerUse {
  int64_t calls = 0;
  double time_s = 0;
  int64_t share_uj = 0;
  std::optional<double> energy_j;  // unless some of it is known only with others, or was not read
  double u95_j = 0;
  std::string reason;  // why there is no energy
  std::string truth;
  std::array<WorkDone, 3> work{};  // flops: of this layer and phase alone

  // J for one of `work`; null if either is not known.
  std::optional<double> joules_per(Work work) const;
  std::optional<double> joules_per_call() const;
};

// Of a whole model on a kind of device: its layers, without the time outside them.
struct ModelUse {
  int64_t layers_uj = 0;
  std::string truth;
  std::array<WorkDone, 3> work{};
};

struct LayerUses {
  // Model, layer, phase, kind of device ("node/gpu").
  std::map<std::tuple<std::string, std::string, std::string, std::string>, LayerUse> layers;
  std::map<std::tuple<std::string, std::string>, ModelUse> models;  // model, kind of device
};

// Cost: a pass over the layers' energy and the tasks of the activities that ran layers.
Result<LayerUses> layer_uses(const Session& session, const EnergyScope& scope);

}  // namespace headrace::query
