#include "binding/values.h"

#include <cstdio>

#include "binding/nested_values.h"
#include "binding/object_type.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::Secrecy;

PyObject* g_describe = nullptr;
uint64_t g_unreadable = 0;

// More characters than this are not even converted.
constexpr Py_ssize_t kMaxTextLength = 16 * 1024;

void add_text(Fields& fields, Role role, uint32_t name, PyObject* value) {
  const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
  Ref keep;
  if (length <= kMaxTextLength) return fields.add_string(role, name, text_of(value, keep));
  fields.add_placeholder(role, name, "str",
                         "longer than a record keeps: " + std::to_string(length) + " characters");
}

void add_big_int(Fields& fields, Role role, uint32_t name, PyObject* value) {
  const Ref digits = Ref::steal(PyLong_Type.tp_repr(value));
  Ref keep;
  if (digits) return fields.add_big_int(role, name, text_of(digits.get(), keep));
  PyErr_Clear();  // more digits than sys.set_int_max_str_digits allows
  fields.add_placeholder(role, name, "int", "more digits than Python turns into text");
}

void add_nested(Fields& fields, Role role, uint32_t name, PyObject* value, Interest interest) {
  NestedBuffer buffer(interest);
  buffer.value(value);
  fields.add_nested(role, name, buffer.view());
}

bool is_hidden(Secrecy secrecy, PyObject* value) {
  if (secrecy == Secrecy::kNone || value == Py_None || PyBool_Check(value)) return false;
  return secrecy == Secrecy::kAny || !(PyLong_Check(value) || PyFloat_Check(value));
}

}  // namespace

void set_describe(PyObject* function) { Py_XSETREF(g_describe, Py_NewRef(function)); }
uint64_t unreadable_values() { return g_unreadable; }

bool is_secret(Secrecy secrecy, PyObject* value) {
  return secrecy != Secrecy::kNone && is_hidden(secrecy, value);
}

namespace {

// What `describe` gave, checked: (kind, payload of that kind).
bool read_description(PyObject* answer, Description* out) {
  if (!PyTuple_CheckExact(answer) || PyTuple_GET_SIZE(answer) != 2) return false;
  PyObject* payload = PyTuple_GET_ITEM(answer, 1);
  const long kind = PyLong_AsLong(PyTuple_GET_ITEM(answer, 0));
  if (kind == static_cast<long>(DescriptionKind::kTime)) {
    if (!PyLong_Check(payload)) return false;
  } else if (kind == static_cast<long>(DescriptionKind::kPlaceholder)) {
    if (!PyTuple_CheckExact(payload) || PyTuple_GET_SIZE(payload) != 2 ||
        !PyUnicode_Check(PyTuple_GET_ITEM(payload, 0)) ||
        !PyUnicode_Check(PyTuple_GET_ITEM(payload, 1))) {
      return false;
    }
  } else if (kind != static_cast<long>(DescriptionKind::kValue)) {
    return false;
  }
  out->kind = static_cast<DescriptionKind>(kind);
  out->payload = Ref::share(payload);
  return true;
}

}  // namespace

Description describe(PyObject* value, Interest interest) {
  Description out;
  const SavedError saved;
  if (g_describe == nullptr) return out;
  PyObject* args[] = {value, interest == Interest::kExplicit ? Py_True : Py_False};
  const Ref answer = Ref::steal(PyObject_Vectorcall(g_describe, args, 2, nullptr));
  if (answer && read_description(answer.get(), &out)) return out;
  ++g_unreadable;
  drop_error();
  return out;
}

std::string_view type_name_of(PyObject* value) { return Py_TYPE(value)->tp_name; }

void add_value(Fields& fields, Role role, Name name, PyObject* value, Interest interest) {
  if (is_secret(name.secrecy, value)) [[unlikely]] {
    return fields.add_placeholder(role, name.id, "redacted", "its name says that it is a secret");
  }
  const PyTypeObject* type = Py_TYPE(value);
  if (type == &PyFloat_Type) return fields.add_float(role, name.id, PyFloat_AS_DOUBLE(value));
  if (type == &PyLong_Type) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) return fields.add_int(role, name.id, number);
    return add_big_int(fields, role, name.id, value);
  }
  if (type == &PyUnicode_Type) return add_text(fields, role, name.id, value);
  if (type == &PyBool_Type) return fields.add_bool(role, name.id, value == Py_True);
  if (value == Py_None) return fields.add_null(role, name.id);
  if (type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type ||
      type == &PySet_Type || type == &PyFrozenSet_Type) {
    return add_nested(fields, role, name.id, value, interest);
  }
  if (type == &PyBytes_Type) {
    return fields.add_bytes(
        role, name.id, {PyBytes_AS_STRING(value), static_cast<size_t>(PyBytes_GET_SIZE(value))});
  }
  if (const Uuid* object = object_id_of(value)) return fields.add_object(role, name.id, *object);
  const Description described = describe(value, interest);
  PyObject* payload = described.payload.get();
  if (payload == nullptr) {
    return fields.add_placeholder(role, name.id, type_name_of(value), "reading it failed");
  }
  switch (described.kind) {
    case DescriptionKind::kTime: {
      int overflow = 0;
      return fields.add_time(role, name.id, PyLong_AsLongLongAndOverflow(payload, &overflow));
    }
    case DescriptionKind::kValue: {
      const PyTypeObject* plain = Py_TYPE(payload);
      const bool scalar = plain == &PyFloat_Type || plain == &PyLong_Type ||
                          plain == &PyUnicode_Type || plain == &PyBool_Type ||
                          plain == &PyBytes_Type || payload == Py_None;
      if (scalar) return add_value(fields, role, {name.id, Secrecy::kNone}, payload, interest);
      return add_nested(fields, role, name.id, payload, interest);
    }
    case DescriptionKind::kPlaceholder: {
      Ref keep_type;
      Ref keep_reason;
      return fields.add_placeholder(role, name.id, text_of(PyTuple_GET_ITEM(payload, 0), keep_type),
                                    text_of(PyTuple_GET_ITEM(payload, 1), keep_reason));
    }
    case DescriptionKind::kUnreadable: break;
  }
}

void add_items(Fields& fields, Role role, PyObject* dict, Interest interest) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict, &at, &key, &value) != 0) {
    if (PyUnicode_CheckExact(key) && is_plain_scalar(value)) [[likely]] {
      add_value(fields, role, name_of(key), value, interest);
      continue;
    }
    // Describing a value runs Python code, which may change the dict.
    const Ref hold_key = Ref::share(key);
    const Ref hold_value = Ref::share(value);
    const Name name =
        PyUnicode_CheckExact(key) ? name_of(key) : name_of("<" + std::to_string(at) + ">");
    add_value(fields, role, name, value, interest);
  }
}

void add_list(Fields& fields, Role role, Name name, PyObject* const* values, size_t count) {
  NestedBuffer buffer(Interest::kPassing);
  buffer.list(values, count);
  fields.add_nested(role, name.id, buffer.view());
}

void add_tags(Fields& fields, PyObject* tags) {
  if (PyDict_CheckExact(tags)) return add_items(fields, Role::kTag, tags, Interest::kExplicit);
  if (PyUnicode_Check(tags)) return fields.add_bool(Role::kTag, name_of(text_of(tags)).id, true);
  const Ref items = Ref::steal(PySequence_Fast(tags, "tags"));
  if (!items) return PyErr_Clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    PyObject* tag = PySequence_Fast_GET_ITEM(items.get(), i);
    if (PyUnicode_Check(tag)) fields.add_bool(Role::kTag, name_of(text_of(tag)).id, true);
  }
}

}  // namespace headrace::binding
