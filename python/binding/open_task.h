// The type `OpenTask`: a task that an adapter begins in one callback and ends in another, or tells
// of when it is over. What is public of it is told in headrace/adapters.py and docs/adapters.md.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "binding/python.h"
#include "binding/scope_type.h"

namespace headrace::binding {

struct OpenTaskObject {
  PyObject_HEAD OpenScope scope;  // without a state: it has ended, or capture is off
  Place place;                    // where its children come from
  // Visits of its place by `with`, innermost last; null until the first.
  std::vector<std::unique_ptr<Visit>>* inside;
  bool reads_devices;  // a number on a device is worth waiting for
  bool was_added_to;   // a later value of a name replaces an earlier one
  PyObject* form;      // owned: the TaskForm that it was begun by, or null
};

inline OpenTaskObject* as_open_task(PyObject* self) {
  return reinterpret_cast<OpenTaskObject*>(self);
}

struct Beginning {
  Activity* activity;  // null: none could be made, and nothing is recorded
  PyObject* parent;    // text, or None: what is current here
  std::optional<uint64_t> at_ticks;
  TaskNumber drawn;  // 0: a new one
  long attempt;
  Currency currency;
  bool reads_devices;
};
// A new OpenTask; without a state while capture is off. Null, with an exception, without memory.
PyObject* begin_open_task(const Beginning& how);

// As its method end(), with these arguments (None: not given). An error of this is none of the
// program's and is dropped.
void end_open_task(OpenTaskObject& open, PyObject* status, PyObject* result, PyObject* stored);

// Adds the items of any mapping, or of None. False, with an exception, if it cannot be read.
bool add_mapping(OpenTaskObject& open, Role role, PyObject* mapping);

// Methods that add to an open task; to one that has ended they add nothing.
namespace open_task {
PyObject* used(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* generated(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* attributes(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* tag(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* log(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* use_objects(PyObject* self, PyObject* args);
}  // namespace open_task

// Adds the type and the functions open_task and draw_task.
bool add_open_task_type(PyObject* module);

}  // namespace headrace::binding
