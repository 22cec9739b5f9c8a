#include "capture/task.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "capture/secrets.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"
#include "encode/nested.h"

namespace headrace::capture {
namespace {

// HEADRACE_PARENT="<workflow uuid>:<task uuid>": the task of another process under which ours
// begin.
const std::optional<Uuid>& parent_from_environment() {
  static const std::optional<Uuid> parent = []() -> std::optional<Uuid> {
    const char* set = std::getenv("HEADRACE_PARENT");
    if (set == nullptr) return std::nullopt;
    const std::string_view text(set);
    const size_t colon = text.find(':');
    return colon == std::string_view::npos ? std::nullopt : Uuid::parse(text.substr(colon + 1));
  }();
  return parent;
}

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

TaskState* new_state(ThreadState& thread) {
  TaskState* task = thread.free_tasks;
  if (task == nullptr) return new TaskState;
  thread.free_tasks = task->next_free;
  return task;
}

void free_state(TaskState* task) {
  ThreadState& thread = this_thread();
  if (thread.ended) {
    delete task;
    return;
  }
  task->fields.clear();
  task->next_free = thread.free_tasks;
  thread.free_tasks = task;
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
    delete ended;
  }
  return thread.current;
}

void close_open_entry(TaskState* task) {
  if (task->open != nullptr) task->open->number.store(0, std::memory_order_release);
  task->open = nullptr;
}

TaskState* begin(uint32_t activity_id, const TaskRef& parent, bool parent_is_environment,
                 Push push) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return nullptr;
  Ring* ring = recorder->ring();
  if (ring == nullptr) return nullptr;
  ThreadState& thread = this_thread();
  TaskState* task = new_state(thread);
  task->producer = recorder->producer();
  task->number = ring->next_task_number();
  task->parent_is_foreign = false;
  task->parent = 0;
  if (parent.number != 0) {
    task->parent_is_foreign = parent.producer != recorder->producer();
    task->parent = task->parent_is_foreign
                       ? intern_task_ref(*recorder, task_uuid(parent.producer, parent.number))
                       : parent.number;
  } else if (parent_is_environment && parent_from_environment()) {
    task->parent_is_foreign = true;
    task->parent = intern_task_ref(*recorder, *parent_from_environment());
  }
  task->activity_id = activity_id;
  task->workflow_id = current_workflow_id(*recorder);
  task->attempt = 0;
  task->outer = nullptr;
  task->is_current = push == Push::kCurrent;
  if (task->is_current) {
    task->outer = current_of(thread);
    task->thread = &thread;
    thread.current = task;
  }
  task->begin_ticks = ticks();
  task->open = ring->open_task();
  if (OpenTask* open = task->open; open != nullptr) {
    open->begin_ticks.store(task->begin_ticks, std::memory_order_release);
    open->parent.store(task->parent, std::memory_order_release);
    open->activity_id.store(activity_id, std::memory_order_release);
    open->workflow_id.store(task->workflow_id, std::memory_order_release);
    open->parent_is_foreign.store(task->parent_is_foreign, std::memory_order_release);
    open->number.store(task->number, std::memory_order_release);
  }
  return task;
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
  return begin(activity_id, reference(current_of(this_thread())), true, push);
}

TaskState* begin_task_under(uint32_t activity_id, TaskRef parent, Push push) {
  return begin(activity_id, parent, false, push);
}

uint64_t end_task(TaskState* task, TaskStatus status) {
  if (task == nullptr) return 0;
  const uint64_t end_ticks = ticks();
  close_open_entry(task);
  Recorder* recorder = Recorder::get();
  // A fork child leaves its parent's tasks to the parent.
  if (recorder != nullptr && task->producer == recorder->producer()) {
    if (Ring* ring = recorder->ring(); ring != nullptr) {
      TaskRecord record{};
      record.header.kind = RecordKind::kTask;
      record.header.flags = task->parent_is_foreign ? kTaskParentIsForeign : uint8_t{0};
      record.activity_id = task->activity_id;
      record.workflow_id = task->workflow_id;
      record.number = task->number;
      record.parent = task->parent;
      record.begin_ticks = task->begin_ticks;
      record.end_ticks = end_ticks;
      record.shape_id = shape_id(*recorder, task->fields);
      record.status = status;
      record.attempt = task->attempt;
      record.ring = static_cast<uint16_t>(ring->index());
      recorder->commit(*ring, record, task->fields);
    }
  }
  if (unpush(task)) free_state(task);
  return end_ticks;
}

void discard_task(TaskState* task) {
  if (task == nullptr) return;
  close_open_entry(task);
  if (unpush(task)) free_state(task);
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

void log_values(const TaskState* task, LogStream stream, const Fields& fields) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return;
  Ring* ring = recorder->ring();
  if (ring == nullptr) return;
  LogRecord record{};
  record.header.kind = RecordKind::kLog;
  record.header.flags = static_cast<uint8_t>(stream);
  const bool ours = task != nullptr && task->producer == recorder->producer();
  record.task = ours ? task->number : 0;
  record.workflow_id = ours ? task->workflow_id : current_workflow_id(*recorder);
  record.shape_id = shape_id(*recorder, fields);
  record.at_ticks = ticks();
  recorder->commit(*ring, record, fields);
}

uint32_t shape_id(Recorder& recorder, const Fields& fields) {
  if (fields.empty()) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(fields.shape().data()),
                               fields.shape().size() * sizeof(ShapeCell));
  const uint64_t hash = hash_bytes(bytes.data(), bytes.size());
  IdCache& cache = this_thread().shapes;
  uint32_t id = cache.find(bytes, hash);
  if (id == 0) {
    id = recorder.dictionary().intern(EntryKind::kShape, bytes);
    cache.put(bytes, hash, id);
  }
  return id;
}

uint32_t name_id(std::string_view name) {
  const uint64_t hash = hash_bytes(name.data(), name.size());
  ThreadState& thread = this_thread();
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return 0;
  if (thread.recorder != recorder) recorder->ring();  // the caches go with the recorder
  uint32_t id = thread.names.find(name, hash);
  if (id == 0) {
    id = recorder->dictionary().string(without_secrets(name));
    thread.names.put(name, hash, id);
  }
  return id;
}

}  // namespace headrace::capture
