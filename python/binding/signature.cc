#include "binding/signature.h"

#include <algorithm>

#include "binding/values.h"

namespace headrace::binding {
namespace {

long attribute_number(PyObject* object, const char* name) {
  const Ref value = Ref::steal(PyObject_GetAttrString(object, name));
  const long number = value ? PyLong_AsLong(value.get()) : 0;
  PyErr_Clear();
  return number;
}

}  // namespace

Signature::Signature(PyObject* callable) {
  const SavedError saved;
  rest_text_ = PyUnicode_InternFromString("args");
  if (!PyFunction_Check(callable)) return;
  function_ = callable;
  PyObject* code = PyFunction_GetCode(callable);
  code_flags_ = static_cast<int>(attribute_number(code, "co_flags"));
  line_ = static_cast<int>(attribute_number(code, "co_firstlineno"));
  if (const Ref file = Ref::steal(PyObject_GetAttrString(code, "co_filename"));
      file && PyUnicode_Check(file.get())) {
    file_ = text_of(file.get());
  }
  const Ref names = Ref::steal(PyObject_GetAttrString(code, "co_varnames"));
  if (!names || !PyTuple_Check(names.get())) {
    PyErr_Clear();
    return;
  }
  positional_ = static_cast<size_t>(attribute_number(code, "co_argcount"));
  const auto total = positional_ + static_cast<size_t>(attribute_number(code, "co_kwonlyargcount"));
  if (total > static_cast<size_t>(PyTuple_GET_SIZE(names.get()))) return;
  for (size_t i = 0; i < total; ++i) {
    PyObject* text = PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(i));
    parameters_.push_back({Py_NewRef(text), {}});
  }
  if ((code_flags_ & CO_VARARGS) != 0 &&
      total < static_cast<size_t>(PyTuple_GET_SIZE(names.get()))) {
    Py_XSETREF(rest_text_,
               Py_NewRef(PyTuple_GET_ITEM(names.get(), static_cast<Py_ssize_t>(total))));
  }
  if (positional_ > 0) {
    const std::string first = text_of(parameters_[0].text);
    first_ = first == "self" || first == "cls" ? 1 : 0;
  }
}

Signature::~Signature() {
  for (const Parameter& parameter : parameters_) Py_DECREF(parameter.text);
  Py_XDECREF(rest_text_);
}

void Signature::refresh_names() {
  for (Parameter& parameter : parameters_) parameter.name = name_of(parameter.text);
  rest_ = name_of(rest_text_);
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

void Signature::add_arguments(capture::Fields& fields, PyObject* const* args, size_t count,
                              PyObject* keyword_names) {
  if (generation_ != generation.load(std::memory_order_relaxed)) [[unlikely]]
    refresh_names();
  const size_t named = std::min(count, positional_);
  for (size_t i = first_; i < named; ++i) {
    add_value(fields, Role::kUsed, parameters_[i].name, args[i]);
  }
  if (count > named) [[unlikely]] {
    add_list(fields, Role::kUsed, rest_, args + named, count - named);
  }
  uint64_t given = 0;
  if (keyword_names != nullptr) {
    const Py_ssize_t keywords = PyTuple_GET_SIZE(keyword_names);
    for (Py_ssize_t i = 0; i < keywords; ++i) {
      PyObject* keyword = PyTuple_GET_ITEM(keyword_names, i);
      const size_t at = find(keyword);
      const bool known = at < parameters_.size();
      if (at < 64) given |= uint64_t{1} << at;
      add_value(fields, Role::kUsed, known ? parameters_[at].name : name_of(keyword),
                args[count + static_cast<size_t>(i)]);
    }
  }
  if (count < parameters_.size() && function_ != nullptr) add_defaults(fields, named, given);
}

void Signature::add_defaults(capture::Fields& fields, size_t count, uint64_t given) {
  PyObject* defaults = PyFunction_GET_DEFAULTS(function_);
  const size_t with_default = defaults != nullptr && PyTuple_Check(defaults)
                                  ? static_cast<size_t>(PyTuple_GET_SIZE(defaults))
                                  : 0;
  const auto is_given = [given](size_t i) { return i >= 64 || (given >> i & 1) != 0; };
  if (with_default > 0 && with_default <= positional_) {
    const size_t offset = positional_ - with_default;
    for (size_t i = std::max(count, offset); i < positional_; ++i) {
      PyObject* value = PyTuple_GET_ITEM(defaults, static_cast<Py_ssize_t>(i - offset));
      if (is_given(i) || !is_plain_scalar(value)) continue;
      add_value(fields, Role::kUsed, parameters_[i].name, value);
    }
  }
  PyObject* keyword_defaults = PyFunction_GET_KW_DEFAULTS(function_);
  if (keyword_defaults == nullptr || !PyDict_CheckExact(keyword_defaults)) return;
  for (size_t i = positional_; i < parameters_.size(); ++i) {
    if (is_given(i)) continue;
    PyObject* value = PyDict_GetItemWithError(keyword_defaults, parameters_[i].text);
    if (value == nullptr)
      PyErr_Clear();
    else if (is_plain_scalar(value))
      add_value(fields, Role::kUsed, parameters_[i].name, value);
  }
}

}  // namespace headrace::binding
