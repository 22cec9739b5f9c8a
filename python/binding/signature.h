// The parameters of a callable, read once, and the arguments of its calls as used values.
//
// Positional and keyword arguments stand under their parameters' names, surplus positional ones as
// a list under the name of *args, surplus keyword ones under their own names. A parameter that was
// not given is recorded when its default is a plain scalar, so `used.lr` is there either way. The
// first argument of a method (self, cls) is not a value. A bound method, a partial and an object
// with __call__ have the parameters that are left of their function's; a wrapper that takes
// anything (*args, **kwargs) has those of what it wraps.
#pragma once

#include <vector>

#include "binding/names.h"
#include "binding/python.h"
#include "capture/fields.h"

namespace headrace::binding {

class Signature {
 public:
  // Any callable; what is no Python function at its core has no parameter names. Leaves no
  // exception.
  explicit Signature(PyObject* callable);
  ~Signature();
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  // Only these are recorded: null or True all, False none, else a name or a sequence of names.
  // False, with an exception, where it is none of these.
  bool choose(PyObject* chosen);
  // For the garbage collector.
  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(function_);
    Py_VISIT(bound_);
    return 0;
  }
  // As a vectorcall gets them.
  void add_arguments(capture::Fields& fields, PyObject* const* args, size_t count,
                     PyObject* keyword_names);
  // Of what is called; 0 where that is no Python function: CO_COROUTINE and the like.
  int code_flags() const { return code_flags_; }
  const std::string& file() const { return file_; }
  int line() const { return line_; }

 private:
  struct Parameter {
    PyObject* text;  // owned, interned
    Name name;
    bool is_chosen;
  };
  // A keyword of a call: the parameter it names, parameters_.size() if none does.
  struct Keyword {
    size_t parameter;
    Name name;
    bool is_chosen;
  };
  void read(PyObject* function, size_t skipped);
  void refresh_names();
  size_t find(PyObject* keyword) const;
  bool is_chosen(PyObject* name) const;
  const std::vector<Keyword>& keywords_of(PyObject* keyword_names);
  void add_named(capture::Fields& fields, PyObject* const* args, size_t named);
  void add_keywords(capture::Fields& fields, PyObject* const* values, PyObject* keyword_names,
                    uint64_t& given);
  void add_defaults(capture::Fields& fields, size_t count, uint64_t given);
  void add_bound(capture::Fields& fields, uint64_t given);

  PyObject* function_ = nullptr;       // whose defaults count; owned, null if no Python function
  PyObject* bound_ = nullptr;          // owned: a partial's keyword arguments, a dict, or null
  PyObject* chosen_ = nullptr;         // owned: a tuple of names, or null: all
  std::vector<Parameter> parameters_;  // positional ones, then keyword-only ones
  size_t positional_ = 0;
  size_t first_ = 0;               // 1: the first is self
  PyObject* rest_text_ = nullptr;  // of *args
  Name rest_;
  bool rest_is_chosen_ = true;
  bool is_off_ = false;             // no argument is chosen
  PyObject* last_names_ = nullptr;  // the names tuple of the last call, owned, and what they name
  std::vector<Keyword> last_keywords_;
  uint32_t generation_ = 0;
  int code_flags_ = 0;
  int line_ = 0;
  std::string file_;
};

}  // namespace headrace::binding
