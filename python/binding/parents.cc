#include "binding/parents.h"

#include <new>
#include <utility>

#include "base/clock.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"

namespace headrace::binding {

void note_reference(const capture::TaskState* task);

bool detail::is_elsewhere_used = false;

namespace {

PyObject* g_variable = nullptr;

// What the ContextVar holds.
struct ContextTask {
  Place place;
  capture::TaskState* state;  // null once the task has ended; contexts may outlive it
};
constexpr const char* kCapsule = "headrace.context_task";

// Where this thread's work comes from when nothing is current on it, and since when the running
// body counts: what the context has held for longer is outside it.
struct ThreadPlace {
  Place place;
  uint64_t since_ticks = 0;
  bool in_generator = false;
};
// Initial-exec: one load instead of a call; so few bytes fit the reserve that the loader keeps.
__attribute__((tls_model("initial-exec"))) thread_local ThreadPlace t_here;

__attribute__((tls_model("initial-exec"))) thread_local Watched* t_watched = nullptr;

void free_capsule(PyObject* capsule) {
  delete static_cast<ContextTask*>(PyCapsule_GetPointer(capsule, kCapsule));
}

// What the variable held when the thread last changed to another context, which the interpreter
// counts, or set the variable, which only happens here.
struct Seen {
  const PyThreadState* thread = nullptr;
  uint64_t version = 0;
  const ContextTask* held = nullptr;  // kept alive by the context
};
__attribute__((tls_model("initial-exec"))) thread_local Seen t_seen;

[[gnu::noinline]] const ContextTask* look_up() {
  PyObject* value = nullptr;
  if (PyContextVar_Get(g_variable, nullptr, &value) < 0) {
    PyErr_Clear();
    return nullptr;
  }
  const Ref hold = Ref::steal(value);
  if (!hold || !PyCapsule_CheckExact(value)) return nullptr;
  return static_cast<ContextTask*>(PyCapsule_GetPointer(value, kCapsule));
}

const ContextTask* find_context_task() {
  const PyThreadState* thread = PyThreadState_Get();
  // A thread whose context nobody has set a variable in, or run anything in, has none yet.
  if (thread->context == nullptr) return nullptr;
  if (t_seen.thread != thread || t_seen.version != thread->context_ver) {
    t_seen = {thread, thread->context_ver, look_up()};
  }
  const ContextTask* held = t_seen.held;
  return held != nullptr && held->place.begin_ticks >= t_here.since_ticks ? held : nullptr;
}

bool is_inner(const ContextTask* in_context, const capture::TaskState* of_thread) {
  return in_context != nullptr &&
         (of_thread == nullptr || of_thread->begin_ticks < in_context->place.begin_ticks);
}

Place place_of(const capture::TaskState* task) {
  return {capture::reference(task), task->begin_ticks, task->workflow_id(), task->producer};
}

// The workflow of a task under `place`: its own, unless the thread has entered one since.
void inherit_workflow(capture::TaskState* task, const Place& place) {
  if (task == nullptr || place.workflow_id == 0 || place.producer != task->producer) return;
  const capture::WorkflowState* of_thread = capture::this_thread().workflow;
  if (of_thread != nullptr && of_thread->begin_ticks > place.begin_ticks) return;
  task->set_workflow_id(place.workflow_id);
}

capture::TaskState* begin_under(uint32_t activity_id, const Place& place, capture::Push push) {
  capture::TaskState* task = place.task.number == 0
                                 ? capture::begin_task(activity_id, push)
                                 : capture::begin_task_under(activity_id, place.task, push);
  inherit_workflow(task, place);
  return task;
}

}  // namespace

void note_reference(const capture::TaskState* task) {
  for (Watched* at = t_watched; at != nullptr; at = at->outer_) {
    if (at->task_ == task) at->is_referenced_ = true;
  }
}

Watched::Watched(const capture::TaskState* task) : task_(task), outer_(t_watched) {
  t_watched = this;
  detail::is_elsewhere_used = true;
}

Watched::~Watched() { t_watched = outer_; }

bool make_context_variable() {
  g_variable = PyContextVar_New("headrace_task", nullptr);
  return g_variable != nullptr;
}

capture::TaskState* detail::begin_elsewhere(uint32_t activity_id, capture::Push push) {
  const ContextTask* in_context = find_context_task();
  if (in_context == nullptr && t_watched == nullptr && !t_here.place) [[likely]]
    return capture::begin_task(activity_id, push);
  capture::TaskState* of_thread = capture::current_task();
  if (is_inner(in_context, of_thread)) return begin_under(activity_id, in_context->place, push);
  if (of_thread == nullptr) return begin_under(activity_id, t_here.place, push);
  const Place parent = place_of(of_thread);
  note_reference(of_thread);
  capture::TaskState* task = capture::begin_task(activity_id, push);
  inherit_workflow(task, parent);
  return task;
}

capture::TaskState* begin_at(uint32_t activity_id, const Place& place,
                             capture::Push push) noexcept {
  if (activity_id == 0) return nullptr;
  try {
    // So that its children belong to its workflow and not to this process's.
    if (place.workflow_id != 0) detail::is_elsewhere_used = true;
    capture::TaskState* task = capture::begin_task_under(activity_id, place.task, push);
    inherit_workflow(task, place);
    return task;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

TaskRef current_reference() {
  const capture::TaskState* of_thread = capture::current_task();
  if (detail::is_elsewhere_used) {
    const ContextTask* in_context = find_context_task();
    if (is_inner(in_context, of_thread)) return in_context->place.task;
    if (of_thread == nullptr) return t_here.place.task;
  }
  note_reference(of_thread);
  return capture::reference(of_thread);
}

capture::TaskState* current_state() {
  capture::TaskState* of_thread = capture::current_task();
  const ContextTask* in_context = detail::is_elsewhere_used ? find_context_task() : nullptr;
  if (is_inner(in_context, of_thread) && in_context->state != nullptr) return in_context->state;
  note_reference(of_thread);
  return of_thread;
}

Place current_place() {
  const capture::TaskState* of_thread = capture::current_task();
  const ContextTask* in_context = detail::is_elsewhere_used ? find_context_task() : nullptr;
  if (is_inner(in_context, of_thread)) return in_context->place;
  note_reference(of_thread);
  Place place = of_thread != nullptr ? place_of(of_thread) : t_here.place;
  capture::Recorder* recorder = capture::Recorder::existing();
  if (recorder == nullptr) return place;
  if (place.workflow_id == 0 || place.producer != recorder->producer()) {
    // Nothing is begun for it: a place without any workflow is none.
    const std::optional<Uuid> workflow = capture::current_workflow_uuid();
    place.workflow_id = workflow ? capture::current_workflow_id(*recorder) : 0;
    place.producer = recorder->producer();
  }
  return place;
}

std::string text_of(const Place& place) {
  capture::Recorder* recorder = capture::Recorder::existing();
  if (recorder == nullptr || !place) return {};
  std::optional<Uuid> workflow;
  if (place.workflow_id != 0 && place.producer == recorder->producer()) {
    const std::string bytes = recorder->dictionary().bytes(place.workflow_id);
    if (bytes.size() == 16) {
      workflow = Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data()));
    }
  }
  std::string text = workflow ? workflow->text() + ":" : ":";
  if (place.task.number != 0) text += task_uuid(place.task.producer, place.task.number).text();
  return text == ":" ? std::string() : text;
}

std::optional<Place> parse_place(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Place place;
  if (const auto task = Uuid::parse(text.substr(colon + 1))) place.task = split_task_uuid(*task);
  if (const auto workflow = Uuid::parse(text.substr(0, colon))) {
    if (capture::Recorder* recorder = capture::Recorder::get(); recorder != nullptr) {
      const auto bytes = workflow->bytes();
      place.workflow_id = recorder->dictionary().intern(
          EntryKind::kWorkflow, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      place.producer = recorder->producer();
    }
  }
  return place;
}

Visit::Visit(const Place& place)
    : place_(std::exchange(t_here.place, place)),
      since_ticks_(std::exchange(t_here.since_ticks, ticks())),
      current_(capture::swap_current_task(nullptr)) {
  detail::is_elsewhere_used = true;
}

Visit::~Visit() {
  t_here.place = place_;
  t_here.since_ticks = since_ticks_;
  capture::swap_current_task(current_);
}

void settle(const Place& place) {
  t_here.place = place;
  detail::is_elsewhere_used = true;
}

BodyRuns::BodyRuns(bool is_generator)
    : since_ticks_(t_here.since_ticks),
      in_generator_(std::exchange(t_here.in_generator, is_generator)) {
  if (detail::is_elsewhere_used) t_here.since_ticks = is_generator ? ticks() : 0;
}

BodyRuns::~BodyRuns() {
  t_here.since_ticks = since_ticks_;
  t_here.in_generator = in_generator_;
}

bool is_in_generator() { return t_here.in_generator; }

ContextEntry::~ContextEntry() {
  Py_XDECREF(token_);
  Py_XDECREF(capsule_);
}

void ContextEntry::enter(capture::TaskState* task) {
  if (task != nullptr) set(place_of(task), task);
}

void ContextEntry::enter(const capture::WorkflowState* workflow) {
  set({current_reference(), workflow->begin_ticks, workflow->workflow_id, workflow->producer},
      current_state());
}

void ContextEntry::set(const Place& place, capture::TaskState* state) {
  const SavedError saved;
  auto* entry = new (std::nothrow) ContextTask{place, state};
  if (entry == nullptr) return;
  Py_XSETREF(capsule_, PyCapsule_New(entry, kCapsule, free_capsule));
  if (capsule_ == nullptr) {
    delete entry;
    return PyErr_Clear();
  }
  detail::is_elsewhere_used = true;
  token_ = PyContextVar_Set(g_variable, capsule_);
  t_seen = {};
  if (token_ == nullptr) PyErr_Clear();
}

void ContextEntry::leave() {
  if (capsule_ != nullptr) {
    static_cast<ContextTask*>(PyCapsule_GetPointer(capsule_, kCapsule))->state = nullptr;
    Py_CLEAR(capsule_);
  }
  if (token_ == nullptr) return;
  const SavedError saved;
  // A coroutine that is closed by the garbage collector ends in whichever context that runs in.
  if (PyContextVar_Reset(g_variable, token_) < 0) PyErr_Clear();
  t_seen = {};
  Py_CLEAR(token_);
}

PyObject* ContextEntry::take_inner() {
  if (token_ == nullptr) return nullptr;
  PyObject* value = nullptr;
  const SavedError saved;
  if (PyContextVar_Get(g_variable, nullptr, &value) < 0) PyErr_Clear();
  if (value == nullptr || value == capsule_ || !PyCapsule_CheckExact(value)) Py_CLEAR(value);
  return value;
}

void ContextEntry::enter_again(PyObject* inner) {
  const SavedError saved;
  detail::is_elsewhere_used = true;
  Py_XSETREF(token_, PyContextVar_Set(g_variable, inner));
  t_seen = {};
  if (token_ == nullptr) PyErr_Clear();
}

bool event_loop_is_running() {
  // A loop runs everything in a context. Only where asyncio is loaded; a name lookup in
  // sys.modules, then a C call.
  if (PyThreadState_Get()->context == nullptr) return false;
  static PyObject* name = PyUnicode_InternFromString("_asyncio");
  static PyObject* get = nullptr;
  const SavedError saved;
  if (get == nullptr) {
    PyObject* modules = PyImport_GetModuleDict();
    PyObject* asyncio = name == nullptr ? nullptr : PyDict_GetItemWithError(modules, name);
    if (asyncio == nullptr) return PyErr_Clear(), false;
    get = PyObject_GetAttrString(asyncio, "_get_running_loop");
    if (get == nullptr) return PyErr_Clear(), false;
  }
  const Ref loop = Ref::steal(PyObject_CallNoArgs(get));
  if (!loop) return PyErr_Clear(), false;
  return loop.get() != Py_None;
}

}  // namespace headrace::binding
