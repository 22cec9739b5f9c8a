#include "binding/guest_task.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "binding/failure.h"
#include "binding/object_type.h"
#include "binding/scope_type.h"
#include "binding/values.h"
#include "capture/finished_task.h"

namespace headrace::binding {
namespace {

constexpr const char* kActivity = "headrace.activity";
constexpr const char* kGuest = "headrace.guest";
constexpr long kMostAttempts = 255;
constexpr size_t kEdgesOfARecord = 500;

// Thrown away before its end_guest: whoever began it gave it up.
void free_guest(PyObject* capsule) {
  auto* scope = static_cast<OpenScope*>(PyCapsule_GetPointer(capsule, kGuest));
  if (scope == nullptr) return PyErr_Clear();
  if (scope->state() != nullptr) {
    const SavedError saved;
    scope->end(TaskStatus::kCancelled);
  }
  delete scope;
}

void add_dict(capture::Fields& fields, Role role, PyObject* values, Interest interest) {
  if (PyDict_CheckExact(values)) add_items(fields, role, values, interest);
}

// guest_activity(name, file, line) -> what begin_guest takes. It lives as long as the process, as
// tasks refer to it.
PyObject* guest_activity(PyObject*, PyObject* args) {
  PyObject* name = nullptr;
  PyObject* file = nullptr;
  int line = 0;
  if (PyArg_ParseTuple(args, "UUi:guest_activity", &name, &file, &line) == 0) return nullptr;
  auto activity = std::make_unique<Activity>(text_of(name), text_of(file), line);
  PyObject* capsule = PyCapsule_New(activity.get(), kActivity, nullptr);
  if (capsule != nullptr) static_cast<void>(activity.release());
  return capsule;
}

// begin_guest(activity, place, attempt, used, attributes) -> handle or None
PyObject* begin_guest(PyObject*, PyObject* args) {
  PyObject* capsule = nullptr;
  PyObject* place_text = nullptr;
  long attempt = 0;
  PyObject* used = nullptr;
  PyObject* attributes = nullptr;
  if (PyArg_ParseTuple(args, "OUlOO:begin_guest", &capsule, &place_text, &attempt, &used,
                       &attributes) == 0) {
    return nullptr;
  }
  auto* activity = static_cast<Activity*>(PyCapsule_GetPointer(capsule, kActivity));
  if (activity == nullptr) return nullptr;
  if (!is_enabled()) Py_RETURN_NONE;
  auto scope = std::make_unique<OpenScope>();
  Ref keep;
  const std::optional<Place> place = parse_place(text_of(place_text, keep));
  if (!(place && *place ? scope->begin(*activity, *place) : scope->begin(*activity))) {
    Py_RETURN_NONE;
  }
  capture::TaskState* state = scope->state();
  capture::set_attempt(state, static_cast<uint8_t>(std::clamp(attempt, 0L, kMostAttempts)));
  quietly([&] {
    const SavedError saved;
    add_dict(state->fields, Role::kUsed, used, Interest::kPassing);
    add_dict(state->fields, Role::kAttribute, attributes, Interest::kExplicit);
  });
  PyObject* handle = PyCapsule_New(scope.get(), kGuest, free_guest);
  if (handle == nullptr) {
    scope->end(TaskStatus::kCancelled);
    return nullptr;
  }
  static_cast<void>(scope.release());
  return handle;
}

TaskStatus add_outcome(OpenScope& scope, PyObject* error, PyObject* traceback, PyObject* result) {
  capture::Fields& fields = scope.state()->fields;
  if (!PyExceptionInstance_Check(error)) {
    scope.activity().add_result(fields, result);
    return TaskStatus::kFinished;
  }
  const TaskStatus status = status_of_exception(error);
  if (status != TaskStatus::kFinished) {
    add_exception(fields, error, traceback == Py_None ? nullptr : traceback);
  }
  return status;
}

// use_more(handle, name, objects): edges of an open guest that its own record has no room for.
PyObject* use_more(PyObject*, PyObject* args) {
  PyObject* handle = nullptr;
  PyObject* name = nullptr;
  PyObject* objects = nullptr;
  if (PyArg_ParseTuple(args, "OUO!:use_more", &handle, &name, &PyList_Type, &objects) == 0) {
    return nullptr;
  }
  const auto* scope = static_cast<OpenScope*>(PyCapsule_GetPointer(handle, kGuest));
  if (scope == nullptr) return nullptr;
  if (scope->state() == nullptr) Py_RETURN_NONE;
  const TaskRef task = capture::reference(scope->state());
  const Uuid id = task_uuid(task.producer, task.number);
  const uint32_t key = name_of(name).id;
  capture::Fields fields;
  const Py_ssize_t count = PyList_GET_SIZE(objects);
  for (Py_ssize_t i = 0; i < count; ++i) {
    const Uuid* object = object_id_of(PyList_GET_ITEM(objects, i));
    if (object != nullptr) fields.add_object(Role::kUsed, key, *object);
    if (fields.size() < kEdgesOfARecord && i + 1 < count) continue;
    capture::record_edges(id, fields, false);
    fields.clear();
  }
  Py_RETURN_NONE;
}

// end_guest(handle, error, traceback, result, generated, attributes, cancelled)
PyObject* end_guest(PyObject*, PyObject* args) {
  PyObject* handle = nullptr;
  PyObject* error = nullptr;
  PyObject* traceback = nullptr;
  PyObject* result = nullptr;
  PyObject* generated = nullptr;
  PyObject* attributes = nullptr;
  int cancelled = 0;
  if (PyArg_ParseTuple(args, "OOOOOOp:end_guest", &handle, &error, &traceback, &result, &generated,
                       &attributes, &cancelled) == 0) {
    return nullptr;
  }
  auto* scope = static_cast<OpenScope*>(PyCapsule_GetPointer(handle, kGuest));
  if (scope == nullptr) return nullptr;
  if (scope->state() == nullptr) Py_RETURN_NONE;
  TaskStatus status = TaskStatus::kFinished;
  quietly([&] {
    const SavedError saved;
    status = add_outcome(*scope, error, traceback, result);
    add_dict(scope->state()->fields, Role::kGenerated, generated, Interest::kPassing);
    add_dict(scope->state()->fields, Role::kAttribute, attributes, Interest::kExplicit);
  });
  scope->end(cancelled != 0 ? TaskStatus::kCancelled : status);
  Py_RETURN_NONE;
}

PyMethodDef g_functions[] = {{"guest_activity", or_none<guest_activity>, METH_VARARGS, nullptr},
                             {"begin_guest", or_none<begin_guest>, METH_VARARGS, nullptr},
                             {"use_more", or_none<use_more>, METH_VARARGS, nullptr},
                             {"end_guest", or_none<end_guest>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_guest_functions(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
