// Joules of tasks: from the store's samples into its table of task energies.
//
//   Result<Attributed> done = energy::attribute(store);
//
// What each figure means, and how it is made, stands in docs/design/energy.md.
#pragma once

#include <cstdint>
#include <optional>

#include "energy/idle_policy.h"
#include "store/store.h"

namespace headrace::energy {

struct Attributed {
  uint64_t producers = 0;  // whose tasks were computed, because something of them had changed
  uint64_t tasks = 0;
  uint64_t rows = 0;  // written to task_energy_row
};

// Computes anew what has changed since the last call: a producer with new tasks or samples, and
// those that it shares parents or a node's counters with. In one transaction. Nothing to do costs
// two counting queries; a million tasks take a few seconds. Does nothing in a read-only store.
// Without a policy the store's own is kept, which is `separate` until another was asked for; with
// another than the store's all is computed anew. Fails, and writes nothing, where a source's energy
// would not add up to what it counted.
Result<Attributed> attribute(const store::Store& store, std::optional<IdlePolicy> policy = {});

}  // namespace headrace::energy
