// The study as the segments that its processes would have left.
#pragma once

#include "spool/directory.h"
#include "study_plan.h"

namespace headrace::questions {

// The id that the store gives a task of the plan, and a workflow.
Uuid id_of_task(const StudyPlan& plan, size_t task);
Uuid id_of_workflow(size_t workflow);

// The campaign `study`. Dies where the disk is full.
void write_study(const Directory& directory, const StudyPlan& plan);

}  // namespace headrace::questions
