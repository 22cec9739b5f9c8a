#include "binding/exposure.h"

#include <cstring>
#include <vector>

#include "binding/activity.h"
#include "binding/names.h"
#include "binding/parents.h"
#include "capture/exposure.h"
#include "capture/recorder.h"
#include "capture/task.h"

namespace headrace::binding {
namespace {

// An integer; 0 for what is none, without an error.
int64_t integer_of(PyObject* object) {
  const int64_t value = PyLong_Check(object) ? PyLong_AsLongLong(object) : 0;
  if (value == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return 0;
  }
  return value;
}

bool holds_int64(const Py_buffer& view) {
  if (view.itemsize != sizeof(int64_t) || view.ndim > 1) return false;
  const char* format = view.format == nullptr ? "B" : view.format;
  if (*format == '@' || *format == '=' || *format == '<') ++format;
  return std::strchr("qQlLnN", *format) != nullptr && *format != 0 && format[1] == 0;
}

// From a buffer of 8-byte integers or any sequence of ints. False when it is neither.
bool read_integers(PyObject* object, std::vector<int64_t>& out) {
  out.clear();
  if (PyObject_CheckBuffer(object) != 0) {
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_CONTIG_RO | PyBUF_FORMAT) < 0) {
      PyErr_Clear();
      return false;
    }
    const bool fits = holds_int64(view);
    if (fits) {
      out.resize(static_cast<size_t>(view.len) / sizeof(int64_t));
      std::memcpy(out.data(), view.buf, out.size() * sizeof(int64_t));
    }
    PyBuffer_Release(&view);
    return fits;
  }
  const Ref items = Ref::steal(PySequence_Fast(object, ""));
  if (!items) {
    PyErr_Clear();
    return false;
  }
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.get());
  out.reserve(static_cast<size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    out.push_back(integer_of(PySequence_Fast_GET_ITEM(items.get(), i)));
  }
  return true;
}

std::string_view text_of(PyObject* object) {
  Py_ssize_t length = 0;
  const char* text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &length) : nullptr;
  if (text == nullptr) {
    PyErr_Clear();
    return {};
  }
  return {text, static_cast<size_t>(length)};
}

// What is no exposure is not recorded.
void record(PyObject* const* args) {
  static std::vector<int64_t> self_ns;
  static std::vector<int64_t> calls;
  static std::vector<capture::ExposedPart> parts;
  PyObject* names = args[4];
  if (!PyTuple_Check(names) || !read_integers(args[5], self_ns) || !read_integers(args[6], calls)) {
    return;
  }
  const auto count = static_cast<size_t>(PyTuple_GET_SIZE(names));
  if (self_ns.size() != count || calls.size() != count) return;
  parts.clear();
  for (size_t i = 0; i < count; ++i) {
    parts.push_back(
        {text_of(PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(i))), self_ns[i], calls[i]});
  }
  capture::Exposed exposed;
  exposed.task = args[0] == Py_None ? 0 : static_cast<uint64_t>(integer_of(args[0]));
  exposed.since_ns = integer_of(args[1]);
  exposed.model = text_of(args[2]);
  exposed.repeated = PyObject_IsTrue(args[3]) == 1;
  exposed.parts = parts;
  PyErr_Clear();
  capture::record_exposure(exposed);
}

constexpr Py_ssize_t kArguments = 7;

PyObject* exposure(PyObject*, PyObject* const* args, Py_ssize_t count) {
  if (count != kArguments) {
    PyErr_SetString(PyExc_TypeError,
                    "exposure(task, since_ns, model, repeated, names, self_ns, calls)");
    return nullptr;
  }
  quietly([&] {
    const SavedError saved;
    if (is_enabled() && capture::Recorder::get() != nullptr) record(args);
  });
  Py_RETURN_NONE;
}

PyObject* current_task_number(PyObject*, PyObject*) {
  const TaskRef task = current_reference();
  const capture::Recorder* recorder = capture::Recorder::get();
  const bool ours = recorder != nullptr && recorder->producer() == task.producer;
  return PyLong_FromUnsignedLongLong(ours ? task.number : 0);
}

PyMethodDef g_functions[] = {
    {"exposure", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(exposure)),
     METH_FASTCALL,
     "exposure(task, since_ns, model, repeated, names, self_ns, calls, /)\n--\n\n"
     "Records how long each \"<layer>|<phase>\" of a model ran itself, and how often it was "
     "called, "
     "in\nthe `since_ns` that end now. `task`: the number of the task that ran; None: the "
     "workflow.\n`repeated`: one of them was repeated by itself, to measure it."},
    {"current_task_number", current_task_number, METH_NOARGS,
     "current_task_number()\n--\n\nThe number of the task that runs here; 0: none."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_exposure_functions(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
