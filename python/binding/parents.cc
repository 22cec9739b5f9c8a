#include "binding/parents.h"

#include <new>

namespace headrace::binding {
namespace {

PyObject* g_variable = nullptr;
// Until a first coroutine or loop task there is nothing to look for in the ContextVar.
bool g_variable_used = false;

// What the ContextVar holds.
struct ContextTask {
  TaskRef task;
  uint64_t begin_ticks;
  capture::TaskState* state;  // null once the task has ended; contexts may outlive it
};
constexpr const char* kCapsule = "headrace.context_task";

void free_capsule(PyObject* capsule) {
  delete static_cast<ContextTask*>(PyCapsule_GetPointer(capsule, kCapsule));
}

bool find_context_task(ContextTask* out) {
  if (!g_variable_used) return false;
  PyObject* value = nullptr;
  if (PyContextVar_Get(g_variable, nullptr, &value) < 0) {
    PyErr_Clear();
    return false;
  }
  const Ref hold = Ref::steal(value);
  if (!hold || !PyCapsule_CheckExact(value)) return false;
  *out = *static_cast<ContextTask*>(PyCapsule_GetPointer(value, kCapsule));
  return true;
}

}  // namespace

bool make_context_variable() {
  g_variable = PyContextVar_New("headrace_task", nullptr);
  return g_variable != nullptr;
}

capture::TaskState* begin_child(uint32_t activity_id, capture::Push push) {
  ContextTask in_context;
  if (find_context_task(&in_context)) [[unlikely]] {
    const capture::TaskState* of_thread = capture::current_task();
    if (of_thread == nullptr || of_thread->begin_ticks < in_context.begin_ticks) {
      return capture::begin_task_under(activity_id, in_context.task, push);
    }
  }
  return capture::begin_task(activity_id, push);
}

TaskRef current_reference() {
  ContextTask in_context;
  const capture::TaskState* of_thread = capture::current_task();
  if (find_context_task(&in_context) &&
      (of_thread == nullptr || of_thread->begin_ticks < in_context.begin_ticks)) {
    return in_context.task;
  }
  return capture::reference(of_thread);
}

capture::TaskState* current_state() {
  ContextTask in_context;
  capture::TaskState* of_thread = capture::current_task();
  if (find_context_task(&in_context) && in_context.state != nullptr &&
      (of_thread == nullptr || of_thread->begin_ticks < in_context.begin_ticks)) {
    return in_context.state;
  }
  return of_thread;
}

ContextEntry::~ContextEntry() {
  Py_XDECREF(token_);
  Py_XDECREF(capsule_);
}

void ContextEntry::enter(capture::TaskState* task) {
  if (task == nullptr) return;
  const SavedError saved;
  auto* entry = new (std::nothrow) ContextTask{capture::reference(task), task->begin_ticks, task};
  if (entry == nullptr) return;
  Py_XSETREF(capsule_, PyCapsule_New(entry, kCapsule, free_capsule));
  if (capsule_ == nullptr) {
    delete entry;
    return PyErr_Clear();
  }
  g_variable_used = true;
  token_ = PyContextVar_Set(g_variable, capsule_);
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
  Py_CLEAR(token_);
}

bool event_loop_is_running() {
  // Only where asyncio is loaded; a name lookup in sys.modules, then a C call.
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
