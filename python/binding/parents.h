// Whose child a task is.
//
// Functions keep the current task in the thread (capture::current_task). Under an event loop many
// tasks interleave on one thread, so what spans an await also sets one ContextVar, which follows
// the await and create_task. The later-begun of the two is the parent. Where neither is set, work
// may still come from a place: the task that started this thread or gave this call to a pool.
#pragma once

#include <optional>

#include "binding/python.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::binding {

// Where work comes from: a task, and the workflow it belongs to.
struct Place {
  TaskRef task;              // nil: none; may be another process's
  uint64_t begin_ticks = 0;  // of the task, where it is one of this process
  uint32_t workflow_id = 0;  // a dictionary id of `producer`; 0: whichever is current
  ProducerId producer = 0;
  explicit operator bool() const { return task.number != 0 || workflow_id != 0; }
};

namespace detail {
// Until a first coroutine, loop task or place there is nothing to look for beside the thread.
extern bool is_elsewhere_used;
capture::TaskState* begin_elsewhere(uint32_t activity_id, capture::Push push);
}  // namespace detail

// Begins a task under whichever task is current here.
inline capture::TaskState* begin_child(uint32_t activity_id, capture::Push push) noexcept {
  if (activity_id == 0) [[unlikely]]
    return nullptr;
  try {
    if (!detail::is_elsewhere_used) [[likely]]
      return capture::begin_task(activity_id, push);
    return detail::begin_elsewhere(activity_id, push);
  } catch (const std::bad_alloc&) {
    return nullptr;  // as when capture is off
  }
}
// The same under `place` instead: its task (none: no parent) and its workflow (none: the current).
capture::TaskState* begin_at(uint32_t activity_id, const Place& place, capture::Push push) noexcept;
// The task that begin_child would make the parent; nil if none.
TaskRef current_reference();
// The same task while it is open and within reach, else null.
capture::TaskState* current_state();
// Where begin_child would put a task; false when there is neither a task nor a workflow.
Place current_place();

// "<workflow uuid>:<task uuid>", as HEADRACE_PARENT has it; empty without either.
std::string text_of(const Place& place);
// The place that such a text names; none when it is none.
std::optional<Place> parse_place(std::string_view text);

// While alive, what this thread begins comes from `place` (none: from nowhere), whatever was
// current before.
class Visit {
 public:
  explicit Visit(const Place& place);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  Place place_;
  uint64_t since_ticks_;
  capture::TaskState* current_;
};
// From now on what this thread begins, outside every other task, comes from `place`.
void settle(const Place& place);

// While alive, notes whether `task`, which is current on this thread, becomes anything's parent.
class Watched {
 public:
  explicit Watched(const capture::TaskState* task);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  bool is_referenced() const { return is_referenced_; }

 private:
  friend void note_reference(const capture::TaskState* task);
  const capture::TaskState* task_;
  Watched* outer_;
  bool is_referenced_ = false;
};

// While alive, a generator's or coroutine's body runs on this thread. A generator stands on the
// thread alone: what its caller's context holds is outside it. A coroutine has its context.
class BodyRuns {
 public:
  explicit BodyRuns(bool is_generator);
  ~BodyRuns();
  BodyRuns(const BodyRuns&) = delete;
  BodyRuns& operator=(const BodyRuns&) = delete;

 private:
  uint64_t since_ticks_;
  bool in_generator_;
};
// Inside a captured generator, whose blocks are current on the thread even under an event loop.
bool is_in_generator();

// A task that may span awaits, as the parent of what its context begins.
class ContextEntry {
 public:
  // Sets the ContextVar in the running context.
  void enter(capture::TaskState* task);
  // The same for a workflow: what the context begins belongs to it, under the task that is current.
  void enter(const capture::WorkflowState* workflow);
  // Sets it back; harmless where the context is another one now.
  void leave();
  bool is_entered() const { return token_ != nullptr; }
  // For an async generator, whose steps run in their callers' contexts: what its body left there
  // when it last yielded, a new reference or null; and putting that there again.
  PyObject* take_inner();
  void enter_again(PyObject* inner);
  ContextEntry() = default;
  ~ContextEntry();
  ContextEntry(const ContextEntry&) = delete;
  ContextEntry& operator=(const ContextEntry&) = delete;

 private:
  void set(const Place& place, capture::TaskState* state);

  PyObject* token_ = nullptr;
  PyObject* capsule_ = nullptr;  // what the variable holds
};

// True when an asyncio event loop runs on this thread.
bool event_loop_is_running();

bool make_context_variable();

}  // namespace headrace::binding
