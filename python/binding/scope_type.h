// The type `TaskScope`: what `with headrace.task("name") as t` and current_task() give.
#pragma once

#include <cstdint>

#include "binding/activity.h"
#include "binding/parents.h"
#include "binding/python.h"
#include "capture/task.h"

namespace headrace::binding {

// What an adapter's task is current of until it ends.
enum class Currency : uint8_t {
  kNone,
  kHere,    // the thread or, under a running event loop, the context
  kThread,  // the thread, which runs no event loop: nothing is asked
};

// A task that the program opens and closes itself: current on the thread or, under a running event
// loop, in the context, so that other coroutines do not become its children.
class OpenScope {
 public:
  // False when capture is off.
  bool begin(Activity& activity);
  // Under `place` (null: under what is current here).
  bool begin(Activity& activity, const Place* place, Currency currency);
  // It began then, and not just now; never later.
  void set_begin(uint64_t at_ticks);
  // `at_ticks`: it ended then; 0: now.
  void end(TaskStatus status, uint64_t at_ticks = 0);
  capture::TaskState* state() const { return state_; }
  Activity& activity() const { return *activity_; }

 private:
  bool begun(Activity& activity, capture::TaskState* state, bool in_loop);

  capture::TaskState* state_ = nullptr;
  Activity* activity_ = nullptr;
  uint64_t begin_ticks_ = 0;
  CpuReading cpu_;
  ContextEntry context_;
};

// The activity of a name that is given at each use ("epoch"); made once for each name. Null without
// memory.
Activity* activity_of(PyObject* name);

// Adds the type and the functions task, log, current_task.
bool add_scope_type(PyObject* module);

}  // namespace headrace::binding
