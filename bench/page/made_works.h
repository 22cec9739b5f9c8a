// The works of which the page is measured, each a workflow or a campaign of them, always the same.
#pragma once

#include <cstdint>

#include "base/id.h"
#include "spool/directory.h"

namespace headrace::bench {

// "large": `tasks` one after another in each of 100 threads of 10 processes, of 20 activities, from
// 20 us to 0.2 s long, one in 500 failed.
constexpr Uuid kLargeWork{0x1a49e00000004000, uint64_t{1} << 63};
void make_large_work(const Directory& directory, uint64_t tasks);

// "graph": layers of 50 tasks; each writes an object and reads one or two of the layer before it.
constexpr Uuid kGraphWork{0x94a9400000004000, uint64_t{1} << 63};
void make_graph_work(const Directory& directory, uint64_t tasks);

// The campaign "sweep": `workflows` of one training each, by learning rate, width and seed, which
// has 99 steps in it that log their loss, reads a dataset and writes a model.
constexpr Uuid kSweep{0x5bee900000004000, uint64_t{1} << 63};
void make_sweep(const Directory& directory, uint32_t workflows);

}  // namespace headrace::bench
