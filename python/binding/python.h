// CPython's C interface and two guards for it. Everything here needs the interpreter's lock.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace headrace::binding {

// An owned reference.
class Ref {
 public:
  Ref() = default;
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    Py_XSETREF(object_, std::exchange(other.object_, nullptr));
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  // Takes over a reference that the caller owns (null: none).
  static Ref steal(PyObject* object) { return Ref(object); }
  static Ref share(PyObject* object) { return Ref(Py_XNewRef(object)); }
  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit Ref(PyObject* object) : object_(object) {}
  PyObject* object_ = nullptr;
};

// The error indicator, put aside while alive: what runs meanwhile may raise and clear as it likes.
class SavedError {
 public:
  SavedError() { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~SavedError() { PyErr_Restore(type_, value_, traceback_); }
  SavedError(const SavedError&) = delete;
  SavedError& operator=(const SavedError&) = delete;

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
};

// Clears an exception that came up while something was read for recording. One that a signal's
// handler raised (Ctrl-C, a timeout) is not ours to keep: it is raised again in the program.
void drop_error();
// The function that tells: is_from_signal(exception) -> bool
void set_is_from_signal(PyObject* function);

// Does something for a record. Without memory the record is the poorer, and the program goes on.
template <typename Body>
void quietly(Body&& body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): see above
  }
}

// A function for a method table: without memory it gives None, as when capture is off.
template <auto Function>
PyObject* or_none(PyObject* self, PyObject* args) noexcept {
  try {
    return Function(self, args);
  } catch (const std::bad_alloc&) {
    PyErr_Clear();
    Py_RETURN_NONE;
  }
}

inline PyObject* as_object(void* object) { return static_cast<PyObject*>(object); }

// The bytes of a string as they are recorded: UTF-8, lone surrogates as their 3-byte form. `keep`
// holds them where the string itself doesn't. Empty, without an error, when memory is short.
std::string_view text_of(PyObject* string, Ref& keep);
std::string text_of(PyObject* string);

}  // namespace headrace::binding
