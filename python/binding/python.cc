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

namespace {

PyObject* g_is_from_signal = nullptr;

// Raises the exception in the main thread, where it runs next.
int raise_later(void* exception) {
  const Ref owned = Ref::steal(as_object(exception));
  PyErr_SetObject(as_object(Py_TYPE(owned.get())), owned.get());
  return -1;
}

bool is_from_signal(PyObject* exception) {
  const bool is_interrupt = PyErr_GivenExceptionMatches(exception, PyExc_KeyboardInterrupt) != 0;
  if (g_is_from_signal == nullptr) return is_interrupt;
  const Ref answer = Ref::steal(PyObject_CallOneArg(g_is_from_signal, exception));
  if (!answer) PyErr_Clear();
  return answer ? answer.get() == Py_True : is_interrupt;
}

}  // namespace

void set_is_from_signal(PyObject* function) { Py_XSETREF(g_is_from_signal, Py_NewRef(function)); }

void drop_error() {
  if (PyErr_Occurred() == nullptr) return;
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (value != nullptr && traceback != nullptr) PyException_SetTraceback(value, traceback);
  if (value != nullptr && is_from_signal(value)) {
    Ref owned = Ref::share(value);
    if (Py_AddPendingCall(raise_later, owned.get()) == 0) {
      static_cast<void>(owned.release());
    } else {
      PyErr_SetInterrupt();
    }
  }
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
}

std::string text_of(PyObject* string) {
  Ref keep;
  return std::string(text_of(string, keep));
}

}  // namespace headrace::binding
