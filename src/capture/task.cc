#include "capture/task.h"

#include <cstdlib>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "capture/secrets.h"
#include "capture/task_edge.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"
#include "encode/nested.h"

namespace headrace::capture {
namespace {

uint32_t intern_task_ref(Recorder& recorder, const Uuid& id) {
  const auto bytes = id.bytes();
  const std::string_view entry(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const uint64_t hash = hash_bytes(entry.data(), entry.size());
  IdCache& cache = this_thread().references;
  uint32_t reference = cache.find(entry, hash);
  if (reference == 0) {
    reference = recorder.dictionary().intern(EntryKind::kTaskRef, entry);
    cache.put(entry, hash, reference);
  }
  return reference;
}

// A thread keeps so many ended tasks for the next ones; who ends what others begin would keep all.
constexpr uint32_t kKeptTasks = 64;

[[gnu::noinline]] TaskState* make_state(ThreadState& thread) {
  TaskSlot* const slot = thread.recorder->slots().take();
  if (slot == nullptr) return nullptr;
  auto* task = new (std::nothrow) TaskState(slot);
  if (task == nullptr) thread.recorder->slots().give(slot);
  return task;
}

// Of this recorder or of the one that a fork parent had; then its slot is not ours to give.
void delete_state(TaskState* task) {
  Recorder* const recorder = Recorder::existing();
  if (recorder != nullptr && task->producer == recorder->producer()) {
    recorder->slots().give(task->slot);
  }
  delete task;
}

void free_state(ThreadState& thread, TaskState* task) {
  if (task->producer != thread.producer || thread.free_count >= kKeptTasks || thread.ended)
      [[unlikely]] {
    delete_state(task);
    return;
  }
  task->fields.clear();
  task->next_free = thread.free_tasks;
  thread.free_tasks = task;
  ++thread.free_count;
}

// Takes the task off this thread's stack. False when it stands on another thread's (its `with`
// block was left by that thread's generator, closed here): then it may not be freed, and that
// thread drops it when it meets it.
bool unpush(TaskState* task) {
  if (!task->is_current) return true;
  ThreadState& thread = this_thread();
  for (TaskState** at = &thread.current; *at != nullptr; at = &(*at)->outer) {
    if (*at != task) continue;
    *at = task->outer;
    task->is_current = false;
    return true;
  }
  if (task->thread == &thread) {
    task->is_current = false;
    return true;
  }
  task->ended_elsewhere.store(true, std::memory_order_release);
  return false;
}

// The thread's current task, without those that another thread ended.
TaskState* current_of(ThreadState& thread) {
  while (thread.current != nullptr &&
         thread.current->ended_elsewhere.load(std::memory_order_acquire)) [[unlikely]] {
    TaskState* ended = thread.current;
    thread.current = ended->outer;
    delete_state(ended);
  }
  return thread.current;
}

// The thread has a ring.
[[gnu::always_inline]] inline TaskState* begin(ThreadState& thread, uint32_t activity_id,
                                               uint64_t parent, uint8_t flags, Push push) {
  TaskNumber number = thread.ring->next_task_number();
  if (number == 0) [[unlikely]] {
    number = thread.recorder->number_from_new_ring(thread);
    if (number == 0) return nullptr;
  }
  const WorkflowState* const workflow = thread.workflow;
  const uint32_t workflow_id =
      workflow != nullptr ? workflow->workflow_id : current_workflow_id(*thread.recorder);
  TaskState* task = thread.free_tasks;
  if (task != nullptr) [[likely]] {
    thread.free_tasks = task->next_free;
    --thread.free_count;
  } else {
    task = make_state(thread);
    if (task == nullptr) return nullptr;
  }
  task->producer = thread.producer;
  task->number = number;
  task->is_current = push == Push::kCurrent;
  if (task->is_current) {
    task->outer = thread.current;
    task->thread = &thread;
    thread.current = task;
  } else {
    task->outer = nullptr;
  }
  // Each store releases: who reads the slot while it is used again must not see a new value beside
  // the old number. On x86-64 these are ordinary stores.
  TaskSlot& slot = *task->slot;
  store_release(slot.count, 0u);
  store_release(slot.flags, 0u);
  store_release(slot.record.header.flags, flags);
  store_release(slot.record.activity_id, activity_id);
  store_release(slot.record.workflow_id, workflow_id);
  store_release(slot.record.parent, parent);
  const uint64_t begin_ticks = ticks();
  task->begin_ticks = begin_ticks;
  store_release(slot.record.begin_ticks, begin_ticks);
  store_release(slot.record.number, number);
  tell_edge(begin_ticks);
  return task;
}

// The thread's state once it has a ring; null when capture is off or the thread is at its end.
[[gnu::noinline]] ThreadState* ready_thread_slow() {
  Recorder* const recorder = Recorder::get();
  if (recorder == nullptr || recorder->ring() == nullptr) return nullptr;
  return &this_thread();
}
ThreadState* ready_thread() {
  ThreadState* const thread = detail::t_state;
  if (thread != nullptr && thread->ring != nullptr) [[likely]]
    return thread;
  return ready_thread_slow();
}

[[gnu::noinline]] TaskState* not_begun() {
  if (Recorder* const recorder = Recorder::existing(); recorder != nullptr) {
    recorder->count_if_out_of_rings();
  }
  return nullptr;
}

uint64_t foreign_parent(ThreadState& thread, const TaskRef& parent) {
  return intern_task_ref(*thread.recorder, task_uuid(parent.producer, parent.number));
}

uint32_t shape_id_slow(ThreadState& thread, std::span<const ShapeCell> shape) {
  const std::string_view bytes(reinterpret_cast<const char*>(shape.data()), shape.size_bytes());
  const uint64_t hash = hash_bytes(bytes.data(), bytes.size());
  uint32_t id = thread.shapes.find(bytes, hash);
  if (id == 0) {
    id = thread.recorder->dictionary().intern(EntryKind::kShape, bytes);
    thread.shapes.put(bytes, hash, id);
  }
  return id;
}

[[gnu::noinline]] uint32_t shape_of_task_slow(ThreadState& thread, uint32_t activity_id,
                                              std::span<const ShapeCell> shape) {
  const uint32_t id = shape_id_slow(thread, shape);
  if (id != 0) thread.last_shapes.put(activity_id, shape, id);
  return id;
}

[[gnu::noinline]] uint8_t elide_values(ThreadState& thread, Fields& fields) {
  if (fields.keep_objects_only() == 0) return 0;
  thread.recorder->count_elided_values();
  return kTaskValuesElided;
}

// There is no room for their shape.
[[gnu::noinline]] uint8_t leave_values(ThreadState& thread, Fields& fields) {
  fields.clear();
  thread.recorder->count_elided_values();
  return kTaskValuesElided;
}

// The record goes from the slot to the ring in one copy.
void write_record(ThreadState& thread, TaskState& task, TaskStatus status, uint64_t end_ticks) {
  Fields& fields = task.fields;
  const TaskRecord& from = task.slot->record;
  uint8_t flags = from.header.flags;
  uint32_t shape_id = 0;
  if (!fields.empty()) {
    if (thread.recorder->shed_level() >= ShedLevel::kElideValues) [[unlikely]] {
      flags |= elide_values(thread, fields);
    }
    const std::span<const ShapeCell> shape = fields.shape();
    shape_id = shape.empty() ? 0 : thread.last_shapes.find(from.activity_id, shape);
    if (shape_id == 0 && !shape.empty()) [[unlikely]] {
      shape_id = shape_of_task_slow(thread, from.activity_id, shape);
      if (shape_id == 0) flags |= leave_values(thread, fields);
    }
  }
  const size_t bytes = sizeof(TaskRecord) + fields.bytes_after_fixed();
  char* const to = thread.recorder->reserve(*thread.ring, bytes);
  if (to == nullptr) [[unlikely]]
    return;
  auto& record = *reinterpret_cast<TaskRecord*>(to);
  record.header = {static_cast<uint32_t>(bytes), RecordKind::kTask, flags,
                   static_cast<uint16_t>(fields.size())};
  record.activity_id = from.activity_id;
  record.workflow_id = from.workflow_id;
  record.number = task.number;
  record.parent = from.parent;
  record.begin_ticks = task.begin_ticks;
  record.end_ticks = end_ticks;
  record.shape_id = shape_id;
  record.status = status;
  record.attempt = from.attempt;
  record.ring = static_cast<uint16_t>(thread.ring->index());
  fields.copy_to(to + sizeof record, sizeof record);
  thread.ring->commit(bytes);
}

// The task's slot is free, and the state too unless another thread still has it on its stack.
void leave(TaskState* task) {
  store_release(task->slot->record.number, TaskNumber{0});
  ThreadState& thread = this_thread();
  if (task->is_current && thread.current == task) [[likely]] {
    thread.current = task->outer;
    task->is_current = false;
  } else if (!unpush(task)) {
    return;
  }
  free_state(thread, task);
}

}  // namespace

uint32_t intern_activity(std::string_view name, std::string_view file, int line) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return 0;
  std::string entry;
  NestedWriter map(entry);
  map.begin_map(file.empty() ? 1 : 3);
  map.string("name");
  map.string(without_secrets(name));
  if (!file.empty()) {
    map.string("file");
    map.string(file);
    map.string("line");
    map.integer(line);
  }
  return recorder->dictionary().intern(EntryKind::kActivity, entry);
}

TaskState* begin_task(uint32_t activity_id, Push push) {
  ThreadState* const thread = ready_thread();
  if (thread == nullptr) return not_begun();
  const TaskState* const outer = current_of(*thread);
  uint64_t parent = 0;
  uint8_t flags = 0;
  if (outer == nullptr) {
    parent = thread->root_parent;
    if (parent != 0) flags = kTaskParentIsForeign;
  } else if (outer->producer == thread->producer) [[likely]] {
    parent = outer->number;
  } else {
    // In a fork child: what it was forked in, or its own process's task, which is under that.
    parent = thread->recorder->has_process_task() ? thread->root_parent
                                                  : foreign_parent(*thread, reference(outer));
    if (parent != 0) flags = kTaskParentIsForeign;
  }
  return begin(*thread, activity_id, parent, flags, push);
}

TaskState* begin_task_under(uint32_t activity_id, TaskRef parent, Push push) {
  ThreadState* const thread = ready_thread();
  if (thread == nullptr) return not_begun();
  if (push == Push::kCurrent) current_of(*thread);
  const bool is_own = parent.number == 0 || parent.producer == thread->producer;
  const uint64_t number = is_own ? parent.number : foreign_parent(*thread, parent);
  const bool is_foreign = !is_own && number != 0;
  return begin(*thread, activity_id, number, is_foreign ? kTaskParentIsForeign : uint8_t{0}, push);
}

void set_attempt(TaskState* task, uint8_t attempt) {
  if (task != nullptr) store_release(task->slot->record.attempt, attempt);
}

uint64_t end_task(TaskState* task, TaskStatus status) {
  if (task == nullptr) return 0;
  const uint64_t end_ticks = ticks();
  tell_edge(end_ticks);
  ThreadState* const thread = ready_thread();
  // A fork child leaves its parent's tasks to the parent.
  if (thread != nullptr && task->producer == thread->producer) {
    write_record(*thread, *task, status, end_ticks);
    if (task->slot->record.attempt != 0) [[unlikely]]
      set_attempt(task, 0);  // the slot is used again
  }
  leave(task);
  return end_ticks;
}

void discard_task(TaskState* task) {
  if (task != nullptr) leave(task);
}

TaskState* current_task() { return current_of(this_thread()); }

TaskState* swap_current_task(TaskState* task) {
  ThreadState& thread = this_thread();
  TaskState* before = thread.current;
  thread.current = task;
  return before;
}

TaskRef reference(const TaskState* task) {
  return task == nullptr ? TaskRef{} : TaskRef{task->producer, task->number};
}

namespace {

void log_as(Recorder& recorder, uint64_t task, uint32_t workflow_id, LogStream stream,
            const Fields& fields, uint64_t at_ticks) {
  Ring* ring = recorder.ring();
  if (ring == nullptr) return;
  LogRecord record{};
  record.header.kind = RecordKind::kLog;
  record.header.flags = static_cast<uint8_t>(stream);
  record.task = task;
  record.workflow_id = workflow_id;
  record.shape_id = shape_id(recorder, fields);
  record.at_ticks = at_ticks;
  recorder.commit(*ring, record, fields);
}

}  // namespace

void log_values(const TaskState* task, LogStream stream, const Fields& fields) {
  log_values_at(task, stream, fields, ticks());
}

void log_values_at(const TaskState* task, LogStream stream, const Fields& fields,
                   uint64_t at_ticks) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return;
  const bool ours = task != nullptr && task->producer == recorder->producer();
  log_as(*recorder, ours ? task->number : 0,
         ours ? task->workflow_id() : current_workflow_id(*recorder), stream, fields, at_ticks);
}

void log_values_of(uint64_t task, LogStream stream, const Fields& fields) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return;
  for (const TaskState* at = current_task(); at != nullptr; at = at->outer) {
    if (at->number == task) return log_values(at, stream, fields);
  }
  log_as(*recorder, task, current_workflow_id(*recorder), stream, fields, ticks());
}

uint32_t shape_id(Recorder& recorder, const Fields& fields) {
  if (fields.empty() || recorder.ring() == nullptr) return 0;
  return shape_id_slow(this_thread(), fields.shape());
}

// HEADRACE_PARENT="<workflow uuid>:<task uuid>": the task of another process under which ours
// begin.
Uuid task_of_environment() {
  const char* set = std::getenv("HEADRACE_PARENT");
  const std::string_view text = set == nullptr ? "" : set;
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  return Uuid::parse(text.substr(colon + 1)).value_or(Uuid{});
}

uint32_t root_parent(Recorder& recorder) {
  const Uuid& outer = recorder.outer_task();
  return outer.is_nil() ? 0 : intern_task_ref(recorder, outer);
}

void drop_free_tasks(ThreadState& thread) {
  while (thread.free_tasks != nullptr) {
    delete_state(std::exchange(thread.free_tasks, thread.free_tasks->next_free));
  }
  thread.free_count = 0;
}

uint32_t name_id(std::string_view name) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return 0;
  ThreadState* const thread = ready_thread();  // the caches go with the recorder
  if (thread == nullptr) return recorder->dictionary().string(name);
  const uint64_t hash = hash_bytes(name.data(), name.size());
  uint32_t id = thread->names.find(name, hash);
  if (id == 0) {
    id = recorder->dictionary().string(without_secrets(name));
    thread->names.put(name, hash, id);
  }
  return id;
}

}  // namespace headrace::capture
