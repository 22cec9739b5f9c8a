// The commonest values, inline where a call's arguments and results are read: floats, ints of one
// digit, bools, None, short ASCII text.
#pragma once

#include <bit>

#include "binding/values.h"

namespace headrace::binding {

// The value of an exact int that CPython keeps in one digit (30 bits); false for longer ones.
inline bool is_short_int(PyObject* value, int64_t* out) {
#if PY_VERSION_HEX >= 0x030C0000
  auto* number = reinterpret_cast<PyLongObject*>(value);
  if (PyUnstable_Long_IsCompact(number) == 0) return false;
  *out = PyUnstable_Long_CompactValue(number);
  return true;
#elif PY_VERSION_HEX >= 0x030B0000
  const Py_ssize_t size = Py_SIZE(value);
  if (size < -1 || size > 1) return false;
  *out = size * static_cast<int64_t>(reinterpret_cast<PyLongObject*>(value)->ob_digit[0]);
  return true;
#else
  int overflow = 0;
  *out = PyLong_AsLongLongAndOverflow(value, &overflow);
  return overflow == 0;
#endif
}

// The bytes of short ASCII text, of an exact string; empty for any other string.
inline std::string_view short_ascii(PyObject* string) {
  constexpr Py_ssize_t kShort = 256;
  const auto* text = reinterpret_cast<const PyASCIIObject*>(string);
  if (!PyUnicode_IS_COMPACT_ASCII(string) || text->length > kShort) [[unlikely]]
    return {};
  return {reinterpret_cast<const char*>(text + 1), static_cast<size_t>(text->length)};
}

// As add_value does, for a value that merely goes by.
inline void add_plain(capture::Fields& fields, Role role, Name name, PyObject* value) {
  if (name.secrecy == capture::Secrecy::kNone) [[likely]] {
    const PyTypeObject* type = Py_TYPE(value);
    if (type == &PyFloat_Type) return fields.add_float(role, name.id, PyFloat_AS_DOUBLE(value));
    int64_t number = 0;
    if (type == &PyLong_Type && is_short_int(value, &number)) {
      return fields.add_int(role, name.id, number);
    }
    if (value == Py_None) return fields.add_null(role, name.id);
    if (type == &PyBool_Type) return fields.add_bool(role, name.id, value == Py_True);
    if (type == &PyUnicode_Type) {
      const std::string_view text = short_ascii(value);
      if (!text.empty()) return fields.add_string(role, name.id, text);
    }
  }
  add_value(fields, role, name, value);
}

// The same for several values in a row: the plain ones among them are counted in the record
// together. While it lives, only what stands between pause and resume may add to the fields
// otherwise.
class PlainRun {
 public:
  PlainRun(capture::Fields& fields, Role role)
      : fields_(fields), role_(role), room_(fields.room()) {}
  // Inline wherever an exception passes too, so that the run lives in registers.
  [[gnu::always_inline]] ~PlainRun() { pause(); }
  PlainRun(const PlainRun&) = delete;
  PlainRun& operator=(const PlainRun&) = delete;

  // False, and nothing done, for a value that is not one of the commonest.
  bool add_plain(Name name, PyObject* value) {
    if (name.secrecy != capture::Secrecy::kNone || put_ >= room_.count) [[unlikely]]
      return false;
    const PyTypeObject* type = Py_TYPE(value);
    if (type == &PyFloat_Type) {
      return put(name, ValueTag::kFloat, std::bit_cast<uint64_t>(PyFloat_AS_DOUBLE(value)));
    }
    if (type == &PyLong_Type) {
      int64_t number = 0;
      return is_short_int(value, &number) &&
             put(name, ValueTag::kInt, static_cast<uint64_t>(number));
    }
    if (type == &PyUnicode_Type) return put_text(name, short_ascii(value));
    if (type == &PyBool_Type) return put(name, ValueTag::kBool, value == Py_True ? 1 : 0);
    return value == Py_None && put(name, ValueTag::kNull, 0);
  }
  void add(Name name, PyObject* value) {
    if (add_plain(name, value)) [[likely]]
      return;
    pause();
    add_value(fields_, role_, name, value);
    resume();
  }
  // Text in which no secret is.
  bool add_clean_text(Name name, std::string_view text) {
    uint64_t cell = 0;
    return put_ < room_.count && fields_.put_text(text, &cell) &&
           put(name, ValueTag::kString, cell);
  }
  [[gnu::always_inline]] void pause() {
    if (put_ > 0) fields_.took(put_);
    put_ = 0;
  }
  void resume() { room_ = fields_.room(); }

 private:
  bool put(Name name, ValueTag tag, uint64_t cell) {
    room_.put(put_++, role_, name.id, tag, cell);
    return true;
  }
  bool put_text(Name name, std::string_view text) {
    uint64_t cell = 0;
    return !text.empty() && !capture::may_hold_secret(text) && fields_.put_text(text, &cell) &&
           put(name, ValueTag::kString, cell);
  }

  capture::Fields& fields_;
  const Role role_;
  capture::Fields::Room room_;
  size_t put_ = 0;
};

}  // namespace headrace::binding
