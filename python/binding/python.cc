#include "binding/python.h"

namespace headrace::binding {

std::string_view text_of(PyObject* string, Ref& keep) {
  if (PyUnicode_IS_COMPACT_ASCII(string)) {
    return {static_cast<const char*>(PyUnicode_DATA(string)),
            static_cast<size_t>(PyUnicode_GET_LENGTH(string))};
  }
  keep = Ref::steal(PyUnicode_AsEncodedString(string, "utf-8", "surrogatepass"));
  if (!keep) {
    PyErr_Clear();
    return {};
  }
  return {PyBytes_AS_STRING(keep.get()), static_cast<size_t>(PyBytes_GET_SIZE(keep.get()))};
}

void drop_error() {
  PyObject* error = PyErr_Occurred();
  if (error == nullptr) return;
  const bool interrupted = PyErr_GivenExceptionMatches(error, PyExc_KeyboardInterrupt) != 0;
  PyErr_Clear();
  if (interrupted) PyErr_SetInterrupt();
}

std::string text_of(PyObject* string) {
  Ref keep;
  return std::string(text_of(string, keep));
}

}  // namespace headrace::binding
