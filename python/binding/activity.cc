#include "binding/activity.h"

#include <utility>

#include "binding/dict_walk.h"
#include "binding/plain_values.h"
#include "capture/task.h"

namespace headrace::binding {

std::atomic<bool> enabled{true};

namespace {

// A dict with more items than this is data, not a set of named results.
constexpr Py_ssize_t kMaxResultItems = 256;

}  // namespace

Activity::Activity(std::string name, std::string file, int line)
    : name_(std::move(name)), file_(std::move(file)), line_(line) {}

Activity::~Activity() {
  Py_XDECREF(outputs_);
  Py_XDECREF(tags_);
  Py_XDECREF(result_name_);
}

void Activity::refresh() {
  id_ = 0;
  quietly([this] {
    id_ = capture::intern_activity(name_, file_, line_);
    if (id_ == 0) return;
    static PyObject* result = PyUnicode_InternFromString("result");
    result_ = outputs_ != nullptr && PyTuple_GET_SIZE(outputs_) == 1
                  ? name_of(PyTuple_GET_ITEM(outputs_, 0))
                  : name_of(result_name_ != nullptr ? result_name_ : result);
    generation_ = generation.load(std::memory_order_relaxed);
  });
}

bool Activity::set_outputs(PyObject* outputs) {
  if (outputs == nullptr || outputs == Py_None) return true;
  Ref names;
  if (PyUnicode_Check(outputs)) {
    names = Ref::steal(PyTuple_Pack(1, outputs));
  } else {
    names = Ref::steal(PySequence_Tuple(outputs));
  }
  if (!names) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); ++i) {
    if (PyUnicode_Check(PyTuple_GET_ITEM(names.get(), i))) continue;
    PyErr_SetString(PyExc_TypeError, "outputs must be a name or a sequence of names");
    return false;
  }
  outputs_ = names.release();
  return true;
}

bool Activity::add_named_items(capture::Fields& fields, PyObject* names, PyObject* items) {
  if (PyTuple_GET_SIZE(names) != Py_SIZE(items)) return false;
  for (Py_ssize_t i = 0; i < Py_SIZE(items) && i < PyTuple_GET_SIZE(names); ++i) {
    const Ref item = Ref::share(PySequence_Fast_ITEMS(items)[i]);
    PyObject* name = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_Check(name)) {
      add_value(fields, Role::kGenerated, name_of(name), item.get());
    }
  }
  return true;
}

void Activity::add_result(capture::Fields& fields, PyObject* result) {
  if (tags_ != nullptr) add_tags(fields, tags_);
  if (result == Py_None || !records_results_) return;
  if (is_plain_scalar(result)) return add_plain(fields, Role::kGenerated, result_, result);
  if (PyDict_CheckExact(result) && PyDict_GET_SIZE(result) <= kMaxResultItems &&
      DictWalk::has_text_keys(result)) {
    return add_items(fields, Role::kGenerated, result, Interest::kPassing);
  }
  if (PyTuple_Check(result) || PyList_CheckExact(result)) {
    if (outputs_ != nullptr && PyTuple_GET_SIZE(outputs_) > 1 &&
        add_named_items(fields, outputs_, result)) {
      return;
    }
    if (PyTuple_Check(result) && !PyTuple_CheckExact(result)) {
      const SavedError saved;
      const Ref names = Ref::steal(PyObject_GetAttrString(as_object(Py_TYPE(result)), "_fields"));
      if (names && PyTuple_CheckExact(names.get()) &&
          add_named_items(fields, names.get(), result)) {
        return;
      }
      PyErr_Clear();
    }
  }
  add_plain(fields, Role::kGenerated, result_, result);
}

}  // namespace headrace::binding
