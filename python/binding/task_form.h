// The type `TaskForm`: what tasks have in common that an adapter begins by the thousand, prepared
// once, so that each takes one call to begin and one to end and looks no name up. What is public of
// it is told in headrace/adapters.py.
#pragma once

#include <string>
#include <vector>

#include "binding/activity.h"
#include "binding/open_task.h"
#include "binding/python.h"

namespace headrace::binding {

class TaskForm {
 public:
  TaskForm() = default;
  ~TaskForm();
  TaskForm(const TaskForm&) = delete;
  TaskForm& operator=(const TaskForm&) = delete;

  // Reads the arguments of task_form(). False, with an exception.
  bool read(PyObject* args);
  // A new OpenTask, None where a used value is not plain and all are to be; null, with an
  // exception.
  PyObject* begin(PyObject* self, PyObject* const* args, Py_ssize_t count);
  // Records the object that holds the result, `stored`: (name, size in bytes or None), and that the
  // task generated it. Anything else is not understood and adds nothing.
  void add_stored(OpenTaskObject& open, PyObject* stored, PyObject* result);

 private:
  // A name, and its value where all tasks have the same.
  struct Item {
    PyObject* text;   // owned
    PyObject* value;  // owned; null: each task's
    size_t position;  // of the given value that takes its place
    Name name;
    std::string clean;  // of a value that is text: as it is recorded; empty: see the value
  };
  struct Part {
    Role role;
    std::vector<Item> given;  // with each task, by position
    std::vector<Item> own;
  };
  bool read_names(PyObject* names, Part* out);
  bool read_own(PyObject* values, Part* out);
  bool read_result(PyObject* result);
  void refresh();
  void add(capture::Fields& fields, const Part& part, PyObject* const* values, size_t count);
  void read_type_name(PyObject* value);

  PyObject* activity_ = nullptr;  // owned
  Part used_{Role::kUsed, {}, {}};
  Part attributes_{Role::kAttribute, {}, {}};
  uint32_t generation_ = 0;  // of all names
  Currency currency_ = Currency::kNone;
  bool reads_devices_ = false;
  bool is_plain_ = false;

  // Of the object that holds a task's result, where it is one.
  std::string result_kind_;  // empty: none is
  std::string result_version_;
  PyObject* result_name_ = nullptr;  // owned: among what a task generated
  uint32_t result_id_ = 0;           // of that name
  uint32_t result_kind_id_ = 0;
  Part object_{Role::kAttribute, {}, {}};  // its type last
  capture::Fields object_fields_;          // reused, so that a warm one allocates nothing
  PyObject* latest_type_ = nullptr;        // owned
};

bool is_task_form(const PyObject* object);
// `form` is an OpenTaskObject's, or is_task_form().
TaskForm& form_of(PyObject* form);

// Adds the type and the function task_form.
bool add_task_form_type(PyObject* module);

}  // namespace headrace::binding
