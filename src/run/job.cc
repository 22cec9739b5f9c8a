#include "run/job.h"

#include <cstdlib>
#include <initializer_list>

namespace headrace::run {
namespace {

struct Fact {
  const char* key;
  const char* variable;
};
struct Scheduler {
  const char* name;
  const char* mark;  // set in its jobs
  std::initializer_list<Fact> facts;
};

const Scheduler kSchedulers[] = {
    {"slurm",
     "SLURM_JOB_ID",
     {{"job_id", "SLURM_JOB_ID"},
      {"step_id", "SLURM_STEP_ID"},
      {"array_id", "SLURM_ARRAY_JOB_ID"},
      {"array_task_id", "SLURM_ARRAY_TASK_ID"},
      {"job_name", "SLURM_JOB_NAME"},
      {"queue", "SLURM_JOB_PARTITION"},
      {"account", "SLURM_JOB_ACCOUNT"},
      {"cluster", "SLURM_CLUSTER_NAME"},
      {"nodes", "SLURM_JOB_NUM_NODES"},
      {"node_list", "SLURM_JOB_NODELIST"},
      {"tasks", "SLURM_NTASKS"},
      {"submit_directory", "SLURM_SUBMIT_DIR"}}},
    {"pbs",
     "PBS_JOBID",
     {{"job_id", "PBS_JOBID"},
      {"array_id", "PBS_ARRAY_ID"},
      {"array_task_id", "PBS_ARRAY_INDEX"},
      {"job_name", "PBS_JOBNAME"},
      {"queue", "PBS_QUEUE"},
      {"account", "PBS_ACCOUNT"},
      {"nodes", "PBS_NUM_NODES"},
      {"submit_directory", "PBS_O_WORKDIR"}}},
    {"lsf",
     "LSB_JOBID",
     {{"job_id", "LSB_JOBID"},
      {"array_task_id", "LSB_JOBINDEX"},
      {"job_name", "LSB_JOBNAME"},
      {"queue", "LSB_QUEUE"},
      {"account", "LSB_PROJECT_NAME"},
      {"tasks", "LSB_DJOB_NUMPROC"},
      {"submit_directory", "LS_SUBCWD"}}},
    {"flux",
     "FLUX_JOB_ID",
     {{"job_id", "FLUX_JOB_ID"}, {"nodes", "FLUX_JOB_NNODES"}, {"tasks", "FLUX_JOB_SIZE"}}},
    {"cobalt",
     "COBALT_JOBID",
     {{"job_id", "COBALT_JOBID"}, {"queue", "COBALT_QUEUE"}, {"nodes", "COBALT_PARTSIZE"}}},
    {"gridengine",
     "SGE_TASK_ID",
     {{"job_id", "JOB_ID"},
      {"array_task_id", "SGE_TASK_ID"},
      {"job_name", "JOB_NAME"},
      {"queue", "QUEUE"},
      {"tasks", "NSLOTS"}}},
};

}  // namespace

NestedMap read_job() {
  NestedMap job;
  for (const Scheduler& scheduler : kSchedulers) {
    if (std::getenv(scheduler.mark) == nullptr) continue;
    job.add("scheduler", scheduler.name);
    for (const Fact& fact : scheduler.facts) {
      if (const char* value = std::getenv(fact.variable)) job.add_known(fact.key, value);
    }
    break;
  }
  return job;
}

}  // namespace headrace::run
