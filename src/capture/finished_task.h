// Tasks that this process did not run but saw: whole, with times of their own; and what other
// producers' tasks used and generated.
#pragma once

#include <cstdint>

#include "base/id.h"
#include "capture/fields.h"
#include "model/status.h"

namespace headrace::capture {

// A number for a task of this producer whose record comes later, so that others can name it as
// their parent before. 0 when capture is off.
TaskNumber draw_task_number();

// The first of `count` numbers of this producer, as above. 0: none.
TaskNumber set_task_numbers_aside(uint64_t count);

struct FinishedTask {
  TaskNumber number = 0;  // of draw_task_number, or of a task that was begun and then discarded
  uint32_t activity_id = 0;
  Uuid parent;               // any producer's; nil: none
  uint64_t begin_ticks = 0;  // of this process's clock, see base/clock.h
  uint64_t end_ticks = 0;
  TaskStatus status = TaskStatus::kFinished;
  uint8_t attempt = 0;
  Fields fields;
  Uuid workflow;  // nil: the current one
};
void record_finished_task(const FinishedTask& task);
// Tells that such a task is open, so that it is known (as lost) should this process not come to
// record it. What is not known yet may be missing: end, fields.
void announce_task(const FinishedTask& task);

// One edge between `task` (any producer's) and each object in `objects`, by its role: kUsed or
// kGenerated. `inferred`: concluded, not seen.
void record_edges(const Uuid& task, const Fields& objects, bool inferred);

}  // namespace headrace::capture
