// The environment of a run, by allow-list: what decides how a program computes, never all of it.
#pragma once

#include "run/nested_map.h"

namespace headrace::run {

// True for a variable that is kept: search paths (PATH, LD_LIBRARY_PATH, PYTHONPATH, ...), threads
// and devices (OMP_*, CUDA_*, ROCR_*, ...), libraries (NCCL_*, MKL_*, ...), the batch system
// (SLURM_*, PBS_*, LSB_*, FLUX_*, ...), and a few more; the list stands in docs/run.md. False,
// listed or not, where the name says that the value is a secret.
bool is_kept_variable(std::string_view name);

// The kept variables of this process, with secrets in their values redacted, at most 4 KiB each.
NestedMap kept_variables();

}  // namespace headrace::run
