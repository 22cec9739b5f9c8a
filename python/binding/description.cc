#include "binding/description.h"

#include "capture/secrets.h"

namespace headrace::binding {
namespace {

PyObject* g_describe = nullptr;
uint64_t g_unreadable = 0;

// An integer of more bits than this is written in hexadecimal: decimal takes quadratic time, and
// Python refuses it beyond sys.set_int_max_str_digits.
constexpr size_t kMaxDecimalBits = 4096;

bool is_text_pair(PyObject* tuple, Py_ssize_t most) {
  return PyTuple_CheckExact(tuple) && PyTuple_GET_SIZE(tuple) >= 2 &&
         PyTuple_GET_SIZE(tuple) <= most && PyUnicode_Check(PyTuple_GET_ITEM(tuple, 0)) &&
         PyUnicode_Check(PyTuple_GET_ITEM(tuple, 1)) &&
         (PyTuple_GET_SIZE(tuple) == 2 || PyDict_CheckExact(PyTuple_GET_ITEM(tuple, 2)));
}

// What `describe` gave, checked: (kind, payload of that kind).
bool read_description(PyObject* answer, Description* out) {
  if (!PyTuple_CheckExact(answer) || PyTuple_GET_SIZE(answer) != 2) return false;
  if (!PyLong_CheckExact(PyTuple_GET_ITEM(answer, 0))) return false;
  PyObject* payload = PyTuple_GET_ITEM(answer, 1);
  const long kind = PyLong_AsLong(PyTuple_GET_ITEM(answer, 0));
  if (kind < 0 || kind >= static_cast<long>(DescriptionKind::kUnreadable)) return false;
  switch (static_cast<DescriptionKind>(kind)) {
    case DescriptionKind::kTime:
      if (!PyLong_Check(payload)) return false;
      break;
    case DescriptionKind::kPlaceholder:
      if (!is_text_pair(payload, 3)) return false;
      break;
    case DescriptionKind::kTyped:
      if (!is_text_pair(payload, 2)) return false;
      break;
    default: break;
  }
  out->kind = static_cast<DescriptionKind>(kind);
  out->payload = Ref::share(payload);
  return true;
}

}  // namespace

void set_describe(PyObject* function) { Py_XSETREF(g_describe, Py_NewRef(function)); }
uint64_t unreadable_values() { return g_unreadable; }

Description describe(PyObject* value, Interest interest) {
  Description out;
  const SavedError saved;
  if (g_describe == nullptr) return out;
  PyObject* args[] = {value, interest == Interest::kExplicit ? Py_True : Py_False};
  const Ref answer = Ref::steal(PyObject_Vectorcall(g_describe, args, 2, nullptr));
  if (answer && read_description(answer.get(), &out)) {
    if (out.kind != DescriptionKind::kBuiltin || builtin_base(value) != nullptr) return out;
    out = {};
  }
  ++g_unreadable;
  drop_error();
  return out;
}

const PyTypeObject* builtin_base(PyObject* value) {
  if (PyUnicode_Check(value)) return &PyUnicode_Type;
  if (PyLong_Check(value)) return &PyLong_Type;
  if (PyFloat_Check(value)) return &PyFloat_Type;
  if (PyDict_Check(value)) return &PyDict_Type;
  if (PyList_Check(value)) return &PyList_Type;
  if (PyTuple_Check(value)) return &PyTuple_Type;
  if (PyBytes_Check(value)) return &PyBytes_Type;
  if (PyAnySet_Check(value)) return &PySet_Type;
  return nullptr;
}

std::string big_int_text(PyObject* value, size_t max_bits, size_t* bits) {
  const Ref length =
      Ref::steal(PyObject_CallMethod(as_object(&PyLong_Type), "bit_length", "O", value));
  *bits = length ? PyLong_AsSize_t(length.get()) : SIZE_MAX;
  PyErr_Clear();
  if (*bits > max_bits) return {};
  if (*bits <= kMaxDecimalBits) {
    if (const Ref digits = Ref::steal(PyLong_Type.tp_repr(value))) return text_of(digits.get());
    PyErr_Clear();  // more digits than sys.set_int_max_str_digits allows
  }
  const Ref digits = Ref::steal(PyNumber_ToBase(value, 16));
  if (digits) return text_of(digits.get());
  PyErr_Clear();
  return {};
}

std::string typed_text(PyObject* name_and_text) {
  return text_of(PyTuple_GET_ITEM(name_and_text, 0)) + ":" +
         text_of(PyTuple_GET_ITEM(name_and_text, 1));
}

std::string_view type_name_of(PyObject* value) { return Py_TYPE(value)->tp_name; }

bool is_secret(capture::Secrecy secrecy, PyObject* value) {
  if (secrecy == capture::Secrecy::kNone || value == Py_None || PyBool_Check(value)) return false;
  return secrecy == capture::Secrecy::kAny || !(PyLong_Check(value) || PyFloat_Check(value));
}

bool announces_secret(PyObject* text, bool is_first_of_two) {
  if (!PyUnicode_CheckExact(text) || PyUnicode_GET_LENGTH(text) > 64) return false;
  const bool is_option = PyUnicode_GET_LENGTH(text) > 2 && PyUnicode_READ_CHAR(text, 0) == '-';
  if (!is_option && !is_first_of_two) return false;
  Ref keep;
  if (is_option) return capture::announces_secret(text_of(text, keep));
  // Names of parameters and keys are interned, and remembered; other text need not be a name.
  const capture::Secrecy secrecy = PyUnicode_CHECK_INTERNED(text) != 0
                                       ? secrecy_of(text)
                                       : capture::secrecy_of_name(text_of(text, keep));
  return secrecy == capture::Secrecy::kAny;
}

}  // namespace headrace::binding
