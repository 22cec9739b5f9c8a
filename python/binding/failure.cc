#include "binding/failure.h"

#include <cstring>

#include "binding/names.h"
#include "capture/secrets.h"

namespace headrace::binding {
namespace {

PyObject* g_traceback_text = nullptr;

bool is_cancelled_error(PyTypeObject* type) {
  for (; type != nullptr; type = type->tp_base) {
    if (std::strcmp(type->tp_name, "CancelledError") != 0) continue;
    const Ref module = Ref::steal(PyObject_GetAttrString(as_object(type), "__module__"));
    if (!module) return PyErr_Clear(), false;
    Ref keep;
    return PyUnicode_Check(module.get()) &&
           text_of(module.get(), keep).find("asyncio") != std::string_view::npos;
  }
  return false;
}

// "ValueError", "package.module.Error".
std::string qualified_name(PyTypeObject* type) {
  const Ref module = Ref::steal(PyObject_GetAttrString(as_object(type), "__module__"));
  const Ref name = Ref::steal(PyObject_GetAttrString(as_object(type), "__qualname__"));
  if (!module || !name || !PyUnicode_Check(module.get()) || !PyUnicode_Check(name.get())) {
    PyErr_Clear();
    return type->tp_name;
  }
  const std::string prefix = text_of(module.get());
  if (prefix == "builtins" || prefix == "__main__") return text_of(name.get());
  return prefix + "." + text_of(name.get());
}

}  // namespace

void set_traceback_text(PyObject* function) { Py_XSETREF(g_traceback_text, Py_NewRef(function)); }

TaskStatus status_of_exception(PyObject* exception) {
  PyTypeObject* type = Py_TYPE(exception);
  const auto is = [type](PyObject* base) {
    return PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base)) != 0;
  };
  if (is(PyExc_SystemExit)) {
    const SavedError saved;
    const Ref code = Ref::steal(PyObject_GetAttrString(exception, "code"));
    if (!code) return PyErr_Clear(), TaskStatus::kCancelled;
    const bool is_zero = PyLong_CheckExact(code.get()) && PyLong_AsLong(code.get()) == 0;
    PyErr_Clear();
    return code.get() == Py_None || is_zero ? TaskStatus::kFinished : TaskStatus::kCancelled;
  }
  if (is(PyExc_KeyboardInterrupt) || is(PyExc_GeneratorExit) || is_cancelled_error(type)) {
    return TaskStatus::kCancelled;
  }
  return TaskStatus::kFailed;
}

void add_exception(capture::Fields& fields, PyObject* exception, PyObject* traceback) {
  const SavedError saved;
  fields.add_string(Role::kError, name_of("type").id, qualified_name(Py_TYPE(exception)));
  const Ref message = Ref::steal(PyObject_Str(exception));
  if (message && PyUnicode_Check(message.get())) {
    // The message may be as long as the data that it complains about. Its secrets go before it is
    // cut, so that none is cut in two.
    const Ref begins = Ref::steal(PyUnicode_Substring(message.get(), 0, 8192));
    const std::string text = begins ? capture::without_secrets(text_of(begins.get())) : "";
    fields.add_string(Role::kError, name_of("message").id, text.substr(0, 4096));
  } else {
    drop_error();
    fields.add_placeholder(Role::kError, name_of("message").id, "str", "str() of it failed");
  }
  if (g_traceback_text == nullptr) return;
  PyObject* args[] = {exception, traceback == nullptr ? Py_None : traceback};
  const Ref text = Ref::steal(PyObject_Vectorcall(g_traceback_text, args, 2, nullptr));
  if (text && PyUnicode_Check(text.get())) {
    fields.add_string(Role::kError, name_of("traceback").id, text_of(text.get()));
  }
  drop_error();
}

TaskStatus add_raised(capture::Fields& fields) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return TaskStatus::kFailed;
  PyErr_NormalizeException(&type, &value, &traceback);
  const TaskStatus status = status_of_exception(value);
  const bool closed = PyErr_GivenExceptionMatches(value, PyExc_GeneratorExit) != 0;
  if (status != TaskStatus::kFinished && !closed) {
    quietly([&] { add_exception(fields, value, traceback); });
  }
  PyErr_Restore(type, value, traceback);
  return status;
}

}  // namespace headrace::binding
