// Whose child a task is.
//
// Functions keep the current task in the thread (capture::current_task). Under an event loop many
// tasks interleave on one thread, so what spans an await also sets one ContextVar, which follows
// the await and create_task. The later-begun of the two is the parent.
#pragma once

#include "binding/python.h"
#include "capture/task.h"

namespace headrace::binding {

// Begins a task under whichever task is current here.
capture::TaskState* begin_child(uint32_t activity_id, capture::Push push);
// The task that begin_child would make the parent; nil if none.
TaskRef current_reference();
// The same task while it is open and within reach, else null.
capture::TaskState* current_state();

// A task that may span awaits, as the parent of what its context begins.
class ContextEntry {
 public:
  // Sets the ContextVar in the running context.
  void enter(capture::TaskState* task);
  // Sets it back; harmless where the context is another one now.
  void leave();
  bool is_entered() const { return token_ != nullptr; }
  ContextEntry() = default;
  ~ContextEntry();
  ContextEntry(const ContextEntry&) = delete;
  ContextEntry& operator=(const ContextEntry&) = delete;

 private:
  PyObject* token_ = nullptr;
  PyObject* capsule_ = nullptr;  // what the variable holds
};

// True when an asyncio event loop runs on this thread.
bool event_loop_is_running();

bool make_context_variable();

}  // namespace headrace::binding
