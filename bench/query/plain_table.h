// The made tasks as a person would lay them out for DuckDB who knew every question beforehand: one
// table with a typed column for each thing that is asked for. What a fast answer is.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "store/database.h"

namespace headrace::bench {

// A new file with the tables
//   task(task_id UUID, workflow_id UUID, activity VARCHAR, status VARCHAR, started_at TIMESTAMP_NS,
//        duration_s DOUBLE, "used.lr" DOUBLE, ... "generated.norm_3" DOUBLE)   all shared keys
//   task_energy(task_id UUID, activity VARCHAR, domain VARCHAR, attributed_j DOUBLE)
// The energies are copied from the store at `root`.
Status make_plain_tables(const std::filesystem::path& file, uint64_t tasks,
                         const std::filesystem::path& root);

}  // namespace headrace::bench
