// The parameters of a function, read once, and the arguments of its calls as used values.
//
// Positional and keyword arguments stand under their parameters' names, surplus positional ones as
// a list under the name of *args, surplus keyword ones under their own names. A parameter that was
// not given is recorded when its default is a plain scalar, so `used.lr` is there either way. The
// first argument of a method (self, cls) is not a value.
#pragma once

#include <vector>

#include "binding/names.h"
#include "binding/python.h"
#include "capture/fields.h"

namespace headrace::binding {

class Signature {
 public:
  // Any callable; what is no Python function has no parameter names. Leaves no exception.
  explicit Signature(PyObject* callable);
  ~Signature();
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  // As a vectorcall gets them.
  void add_arguments(capture::Fields& fields, PyObject* const* args, size_t count,
                     PyObject* keyword_names);
  // 0 where it is no Python function: CO_COROUTINE and the like.
  int code_flags() const { return code_flags_; }
  const std::string& file() const { return file_; }
  int line() const { return line_; }

 private:
  struct Parameter {
    PyObject* text;  // owned, interned
    Name name;
  };
  void refresh_names();
  // The parameter that a keyword names; parameters_.size() if none does.
  size_t find(PyObject* keyword) const;
  void add_defaults(capture::Fields& fields, size_t count, uint64_t given);

  PyObject* function_ = nullptr;       // borrowed from the task, null if it is no Python function
  std::vector<Parameter> parameters_;  // positional ones, then keyword-only ones
  size_t positional_ = 0;
  size_t first_ = 0;               // 1: the first is self
  PyObject* rest_text_ = nullptr;  // of *args
  Name rest_;
  uint32_t generation_ = 0;
  int code_flags_ = 0;
  int line_ = 0;
  std::string file_;
};

}  // namespace headrace::binding
