#include <optional>

#include "binding/moment.h"
#include "binding/object_type.h"
#include "binding/open_task.h"
#include "binding/values.h"
#include "capture/finished_task.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::TaskState;

// So many objects fit into one record of edges.
constexpr size_t kEdgesOfARecord = 500;

Interest interest_of(const OpenTaskObject& open, Role role) {
  return open.reads_devices || role == Role::kAttribute ? Interest::kExplicit : Interest::kPassing;
}

// An exact dict of what is an exact dict or another mapping; null, with an exception, if neither.
Ref dict_of(PyObject* mapping) {
  if (PyDict_CheckExact(mapping)) return Ref::share(mapping);
  Ref copy = Ref::steal(PyDict_New());
  if (!copy || PyDict_Update(copy.get(), mapping) < 0) return {};
  return copy;
}

PyObject* add(PyObject* self, PyObject* args, PyObject* keywords, Role role) {
  OpenTaskObject& open = *as_open_task(self);
  PyObject* mapping = Py_None;
  if (PyArg_UnpackTuple(args, "values", 0, 1, &mapping) == 0) return nullptr;
  open.was_added_to = true;
  if (!add_mapping(open, role, mapping)) return nullptr;
  if (keywords != nullptr && !add_mapping(open, role, keywords)) return nullptr;
  return Py_NewRef(self);
}

}  // namespace

bool add_mapping(OpenTaskObject& open, Role role, PyObject* mapping) {
  TaskState* state = open.scope.state();
  if (state == nullptr || mapping == Py_None) return true;
  const Ref dict = dict_of(mapping);
  if (!dict) return false;
  quietly([&] {
    if (open.was_added_to) state->fields.replace_existing();
    add_items(state->fields, role, dict.get(), interest_of(open, role));
  });
  return true;
}

namespace open_task {

PyObject* used(PyObject* self, PyObject* args, PyObject* keywords) {
  return add(self, args, keywords, Role::kUsed);
}

PyObject* generated(PyObject* self, PyObject* args, PyObject* keywords) {
  return add(self, args, keywords, Role::kGenerated);
}

PyObject* attributes(PyObject* self, PyObject* args, PyObject* keywords) {
  return add(self, args, keywords, Role::kAttribute);
}

PyObject* tag(PyObject* self, PyObject* args, PyObject* keywords) {
  if (TaskState* state = as_open_task(self)->scope.state(); state != nullptr) {
    quietly([&] {
      add_tags(state->fields, args);
      if (keywords != nullptr) add_tags(state->fields, keywords);
    });
  }
  return Py_NewRef(self);
}

// log(values=None, /, at_ns=None, **more)
PyObject* log(PyObject* self, PyObject* args, PyObject* keywords) {
  const OpenTaskObject& open = *as_open_task(self);
  PyObject* mapping = Py_None;
  PyObject* at = Py_None;
  if (PyArg_UnpackTuple(args, "log", 0, 2, &mapping, &at) == 0) return nullptr;
  const Ref values = Ref::steal(PyDict_New());
  if (!values || (mapping != Py_None && PyDict_Update(values.get(), mapping) < 0) ||
      (keywords != nullptr && PyDict_Update(values.get(), keywords) < 0)) {
    return nullptr;
  }
  if (keywords != nullptr) {
    if (PyObject* given = PyDict_GetItemString(keywords, "at_ns"); given != nullptr) {
      at = given;
      if (PyDict_DelItemString(values.get(), "at_ns") < 0) return nullptr;
    }
  }
  std::optional<uint64_t> at_ticks;
  if (!read_moment(at, &at_ticks)) return nullptr;
  if (const TaskState* state = open.scope.state(); state != nullptr) {
    quietly([&] {
      Fields fields;
      add_items(fields, Role::kGenerated, values.get(), interest_of(open, Role::kGenerated));
      if (at_ticks) {
        capture::log_values_at(state, LogStream::kMetric, fields, *at_ticks);
      } else {
        capture::log_values(state, LogStream::kMetric, fields);
      }
    });
  }
  return Py_NewRef(self);
}

// use_objects(name, objects)
PyObject* use_objects(PyObject* self, PyObject* args) {
  PyObject* name = nullptr;
  PyObject* given = nullptr;
  if (PyArg_ParseTuple(args, "UO:use_objects", &name, &given) == 0) return nullptr;
  const Ref objects = Ref::steal(PySequence_Fast(given, "objects are a sequence"));
  if (!objects) return nullptr;
  const TaskState* state = as_open_task(self)->scope.state();
  if (state == nullptr) return Py_NewRef(self);
  quietly([&] {
    const TaskRef task = capture::reference(state);
    const Uuid id = task_uuid(task.producer, task.number);
    const uint32_t key = name_of(name).id;
    Fields edges;
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(objects.get());
    for (Py_ssize_t i = 0; i < count; ++i) {
      const Uuid* object = object_id_of(PySequence_Fast_GET_ITEM(objects.get(), i));
      if (object != nullptr) edges.add_object(Role::kUsed, key, *object);
      if (edges.size() < kEdgesOfARecord && i + 1 < count) continue;
      capture::record_edges(id, edges, false);
      edges.clear();
    }
  });
  return Py_NewRef(self);
}

}  // namespace open_task
}  // namespace headrace::binding
