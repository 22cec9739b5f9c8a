// The environment of a run, by allow-list: what decides how a program computes, never all of it.
#pragma once

#include "run/nested_map.h"

namespace headrace::run {

constexpr size_t kMaxVariableBytes = 4096;

// True for a variable that is kept: search paths (PATH, LD_LIBRARY_PATH, PYTHONPATH, ...), threads
// and devices (OMP_*, CUDA_*, ROCR_*, ...), libraries (NCCL_*, MKL_*, ...), the batch system
// (SLURM_*, PBS_*, LSB_*, FLUX_*, ...), and a few more; the list stands in docs/run.md. False,
// listed or not, where the name says that the value is a secret.
bool is_kept_variable(std::string_view name);

// True for a kept variable that says where a program runs rather than how it computes: its host,
// its place among ranks, the batch system's. Another run has its own.
bool is_of_the_place(std::string_view name);

// The kept variables of this process, with secrets in their values redacted, at most
// kMaxVariableBytes each.
NestedMap kept_variables();

}  // namespace headrace::run
