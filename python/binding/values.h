// Python values as fields of a record.
//
// Exact builtin types are read directly; nothing of the user's runs for them. Others are described
// by `describe` of headrace/describe.py, which reads known facts only (a tensor's shape, a
// dataclass's fields) and never calls repr. What cannot be kept becomes a placeholder that says
// why; secrets by name become one too, and secrets in text are taken out of it. Nothing here fails
// or leaves an exception set.
#pragma once

#include "binding/names.h"
#include "binding/python.h"
#include "capture/fields.h"

namespace headrace::binding {

// kExplicit: the program named this value for recording, so fetching a number from a device is
// wanted; kPassing: it merely went by.
enum class Interest : uint8_t { kPassing, kExplicit };

// Of a builtin type that is one number or text. Reading it runs nothing of the program's.
inline bool is_plain_scalar(PyObject* value) {
  const PyTypeObject* type = Py_TYPE(value);
  return type == &PyFloat_Type || type == &PyLong_Type || type == &PyUnicode_Type ||
         type == &PyBool_Type;
}

void add_value(capture::Fields& fields, Role role, Name name, PyObject* value,
               Interest interest = Interest::kPassing);
// Each item of an exact dict under its key; a key that is no string under its JSON in <>.
void add_items(capture::Fields& fields, Role role, PyObject* dict, Interest interest);
// The values args[first..count) as one list.
void add_list(capture::Fields& fields, Role role, Name name, PyObject* const* values, size_t count);

// A label without a value, or many: an exact list or tuple of strings, or a dict.
void add_tags(capture::Fields& fields, PyObject* tags);

// The function that describes other types: describe(value, explicit) -> (kind, payload).
void set_describe(PyObject* function);
// The function that hashes what is too long to keep: hash(text or bytes) -> hex digits. None: it is
// not hashed.
void set_content_hash(PyObject* function);

// Values that could not be read: an exception of ours or theirs while encoding.
uint64_t unreadable_values();

}  // namespace headrace::binding
