// The batch job that a run is part of.
#pragma once

#include "run/nested_map.h"

namespace headrace::run {

// From the variables that Slurm, PBS, LSF, Flux, Cobalt and Grid Engine set: scheduler, job_id and,
// where known, step_id, array_id, array_task_id, job_name, queue, account, cluster, nodes,
// tasks, submit_directory. Empty outside of a job.
NestedMap read_job();

}  // namespace headrace::run
