#include "binding/signature.h"

#include <algorithm>

#include "binding/plain_values.h"

namespace headrace::binding {
namespace {

long attribute_number(PyObject* object, const char* name) {
  const Ref value = Ref::steal(PyObject_GetAttrString(object, name));
  const long number = value ? PyLong_AsLong(value.get()) : 0;
  PyErr_Clear();
  return number;
}

Ref attribute(PyObject* object, const char* name) {
  Ref found = Ref::steal(PyObject_GetAttrString(object, name));
  if (!found) PyErr_Clear();
  return found;
}

bool is_partial(PyObject* callable) {
  const Ref module = attribute(as_object(Py_TYPE(callable)), "__module__");
  const Ref name = attribute(as_object(Py_TYPE(callable)), "__name__");
  return module && name && PyUnicode_Check(module.get()) && PyUnicode_Check(name.get()) &&
         text_of(module.get()) == "functools" && text_of(name.get()) == "partial";
}

int flags_of(PyObject* function) {
  return static_cast<int>(attribute_number(PyFunction_GetCode(function), "co_flags"));
}

// Takes anything and hands it on.
bool takes_anything(PyObject* function) {
  PyObject* code = PyFunction_GetCode(function);
  constexpr int kBoth = CO_VARARGS | CO_VARKEYWORDS;
  return (flags_of(function) & kBoth) == kBoth && attribute_number(code, "co_argcount") == 0 &&
         attribute_number(code, "co_kwonlyargcount") == 0;
}

// What names the parameters of a callable: its Python function, and how many of that function's
// first positional parameters are taken already.
struct Core {
  Ref function;  // null: there is none
  Ref called;    // the function that the call itself enters, for its flags
  size_t skipped = 0;
  Ref bound;  // keyword arguments that are taken already, a dict, or null
};

Core core_of(PyObject* callable) {
  Core core;
  Ref at = Ref::share(callable);
  // Each step comes nearer to the function; a chain that is longer than this is a cycle.
  for (int steps = 0; steps < 32 && at; ++steps) {
    if (PyFunction_Check(at.get())) {
      if (!core.called) core.called = Ref::share(at.get());
      Ref wrapped = takes_anything(at.get()) ? attribute(at.get(), "__wrapped__") : Ref();
      if (!wrapped || !PyCallable_Check(wrapped.get())) {
        core.function = std::move(at);
        return core;
      }
      at = std::move(wrapped);
    } else if (PyMethod_Check(at.get())) {
      ++core.skipped;
      at = Ref::share(PyMethod_GET_FUNCTION(at.get()));
    } else if (is_partial(at.get())) {
      const Ref args = attribute(at.get(), "args");
      if (!args || !PyTuple_Check(args.get())) return core;
      core.skipped += static_cast<size_t>(PyTuple_GET_SIZE(args.get()));
      Ref keywords = attribute(at.get(), "keywords");
      if (!core.bound && keywords && PyDict_CheckExact(keywords.get())) {
        core.bound = std::move(keywords);
      }
      at = attribute(at.get(), "func");
    } else if (Ref wrapped = attribute(at.get(), "__wrapped__"); wrapped) {
      at = std::move(wrapped);  // functools.lru_cache, another decorator's object
    } else if (Ref call = attribute(as_object(Py_TYPE(at.get())), "__call__");
               call && PyFunction_Check(call.get())) {
      ++core.skipped;
      at = std::move(call);
    } else {
      return core;
    }
  }
  return core;
}

}  // namespace

Signature::Signature(PyObject* callable) {
  const SavedError saved;
  rest_text_ = PyUnicode_InternFromString("args");
  Core core = core_of(callable);
  if (core.called) code_flags_ = flags_of(core.called.get());
  if (!core.function) return;
  function_ = core.function.release();
  bound_ = core.bound.release();
  if (bound_ != nullptr && PyDict_GET_SIZE(bound_) == 0) Py_CLEAR(bound_);
  read(function_, core.skipped);
}

void Signature::read(PyObject* function, size_t skipped) {
  PyObject* code = PyFunction_GetCode(function);
  line_ = static_cast<int>(attribute_number(code, "co_firstlineno"));
  if (const Ref file = attribute(code, "co_filename"); file && PyUnicode_Check(file.get())) {
    file_ = text_of(file.get());
  }
  const Ref names = attribute(code, "co_varnames");
  if (!names || !PyTuple_Check(names.get())) return;
  const auto known = static_cast<size_t>(PyTuple_GET_SIZE(names.get()));
  positional_ = static_cast<size_t>(attribute_number(code, "co_argcount"));
  const auto total = positional_ + static_cast<size_t>(attribute_number(code, "co_kwonlyargcount"));
  if (total > known) {
    positional_ = 0;
    return;
  }
  skipped = std::min(skipped, positional_);
  positional_ -= skipped;
  for (size_t i = skipped; i < total; ++i) {
    PyObject* text = PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(i));
    parameters_.push_back({Py_NewRef(text), {}, true});
  }
  if ((flags_of(function) & CO_VARARGS) != 0 && total < known) {
    Py_XSETREF(rest_text_,
               Py_NewRef(PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(total))));
  }
  if (positional_ > 0 && skipped == 0) {
    const std::string first = text_of(parameters_[0].text);
    first_ = first == "self" || first == "cls" ? 1 : 0;
  }
}

Signature::~Signature() {
  for (const Parameter& parameter : parameters_) Py_DECREF(parameter.text);
  for (PyObject* object : {rest_text_, function_, bound_, chosen_, last_names_}) {
    Py_XDECREF(object);
  }
}

bool Signature::choose(PyObject* chosen) {
  if (chosen == nullptr || chosen == Py_None || chosen == Py_True) return true;
  if (chosen == Py_False) {
    is_off_ = true;
    return true;
  }
  chosen_ = PyUnicode_Check(chosen) ? PyTuple_Pack(1, chosen) : PySequence_Tuple(chosen);
  if (chosen_ == nullptr) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(chosen_); ++i) {
    if (PyUnicode_Check(PyTuple_GET_ITEM(chosen_, i))) continue;
    PyErr_SetString(PyExc_TypeError, "args must be True, False or names of parameters");
    return false;
  }
  for (Parameter& parameter : parameters_) parameter.is_chosen = is_chosen(parameter.text);
  rest_is_chosen_ = is_chosen(rest_text_);
  return true;
}

bool Signature::is_chosen(PyObject* name) const {
  if (chosen_ == nullptr) return true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(chosen_); ++i) {
    if (PyUnicode_Compare(PyTuple_GET_ITEM(chosen_, i), name) == 0) return true;
  }
  return false;
}

void Signature::refresh_names() {
  for (Parameter& parameter : parameters_) parameter.name = name_of(parameter.text);
  rest_ = name_of(rest_text_);
  Py_CLEAR(last_names_);
  generation_ = generation.load(std::memory_order_relaxed);
}

size_t Signature::find(PyObject* keyword) const {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].text == keyword) return i;
  }
  // Keywords of a call are interned, those of **mapping need not be.
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (PyUnicode_Compare(parameters_[i].text, keyword) == 0) return i;
  }
  return parameters_.size();
}

inline void Signature::add_named(capture::Fields& fields, PyObject* const* args, size_t named) {
  if (named <= first_) return;
  PlainRun run(fields, Role::kUsed);
  for (size_t i = first_; i < named; ++i) {
    const Parameter& parameter = parameters_[i];
    if (parameter.is_chosen) run.add(parameter.name, args[i]);
  }
}

void Signature::add_arguments(capture::Fields& fields, PyObject* const* args, size_t count,
                              PyObject* keyword_names) {
  if (generation_ != generation.load(std::memory_order_relaxed)) [[unlikely]]
    refresh_names();
  if (is_off_) return;
  const size_t named = std::min(count, positional_);
  add_named(fields, args, named);
  if (count > named && rest_is_chosen_) [[unlikely]] {
    add_list(fields, Role::kUsed, rest_, args + named, count - named);
  }
  uint64_t given = 0;
  if (keyword_names != nullptr) add_keywords(fields, args + count, keyword_names, given);
  if (bound_ != nullptr) [[unlikely]]
    add_bound(fields, given);
  if (count < parameters_.size()) add_defaults(fields, named, given);
}

// The names of a call are a constant of the code that calls.
const std::vector<Signature::Keyword>& Signature::keywords_of(PyObject* keyword_names) {
  if (keyword_names == last_names_) [[likely]]
    return last_keywords_;
  last_keywords_.clear();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keyword_names); ++i) {
    PyObject* keyword = PyTuple_GET_ITEM(keyword_names, i);
    const size_t at = find(keyword);
    const bool is_known = at < parameters_.size();
    last_keywords_.push_back({at, is_known ? parameters_[at].name : name_of(keyword),
                              is_known ? parameters_[at].is_chosen : is_chosen(keyword)});
  }
  Py_XSETREF(last_names_, Py_NewRef(keyword_names));
  return last_keywords_;
}

void Signature::add_keywords(capture::Fields& fields, PyObject* const* values,
                             PyObject* keyword_names, uint64_t& given) {
  const std::vector<Keyword>& keywords = keywords_of(keyword_names);
  PlainRun run(fields, Role::kUsed);
  // By index: reading a value may call Python code that calls this function.
  for (size_t i = 0; i < static_cast<size_t>(PyTuple_GET_SIZE(keyword_names)); ++i) {
    if (keyword_names != last_names_) [[unlikely]]
      keywords_of(keyword_names);
    const Keyword keyword = keywords[i];
    if (keyword.parameter < 64) given |= uint64_t{1} << keyword.parameter;
    if (keyword.is_chosen) run.add(keyword.name, values[i]);
  }
}

// A partial's keyword arguments that the call did not replace.
void Signature::add_bound(capture::Fields& fields, uint64_t given) {
  PyObject* keyword = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(bound_, &at, &keyword, &value) != 0) {
    if (!PyUnicode_Check(keyword) || !is_plain_scalar(value) || !is_chosen(keyword)) continue;
    const size_t parameter = find(keyword);
    if (parameter < 64 && (given >> parameter & 1) != 0) continue;
    add_value(fields, Role::kUsed, name_of(keyword), value);
  }
}

void Signature::add_defaults(capture::Fields& fields, size_t count, uint64_t given) {
  PyObject* defaults = PyFunction_GET_DEFAULTS(function_);
  const size_t with_default = defaults != nullptr && PyTuple_Check(defaults)
                                  ? static_cast<size_t>(PyTuple_GET_SIZE(defaults))
                                  : 0;
  const auto is_given = [&](size_t i) {
    if (i >= 64 || (given >> i & 1) != 0) return true;
    return bound_ != nullptr && PyDict_Contains(bound_, parameters_[i].text) != 0;
  };
  const auto add = [&](size_t i, PyObject* value) {
    if (parameters_[i].is_chosen && is_plain_scalar(value) && !is_given(i)) {
      add_value(fields, Role::kUsed, parameters_[i].name, value);
    }
  };
  if (with_default > 0) {
    // Of parameters that are taken already the default does not count.
    const size_t own = std::min(with_default, positional_);
    const size_t offset = positional_ - own;
    for (size_t i = std::max(count, offset); i < positional_; ++i) {
      add(i, PyTuple_GET_ITEM(defaults, static_cast<Py_ssize_t>(i - offset + with_default - own)));
    }
  }
  PyObject* keyword_defaults = PyFunction_GET_KW_DEFAULTS(function_);
  if (keyword_defaults == nullptr || !PyDict_CheckExact(keyword_defaults)) return;
  for (size_t i = positional_; i < parameters_.size(); ++i) {
    PyObject* value = PyDict_GetItemWithError(keyword_defaults, parameters_[i].text);
    if (value == nullptr)
      PyErr_Clear();
    else
      add(i, value);
  }
}

}  // namespace headrace::binding
