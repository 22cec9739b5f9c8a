// What headrace/describe.py says of a value whose type the extension does not read itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "binding/values.h"

namespace headrace::binding {

enum class DescriptionKind : uint8_t {
  kValue = 0,        // a value to be kept in its place
  kPlaceholder = 1,  // (type, reason) or (type, reason, dict of more facts)
  kTime = 2,         // int: ns since the epoch
  kBuiltin = 3,      // nothing: it is kept as the builtin type that it derives from
  kTyped = 4,        // (name, text)
  kUnreadable = 5,   // it raised; counted
};
struct Description {
  DescriptionKind kind = DescriptionKind::kUnreadable;
  Ref payload;
};
Description describe(PyObject* value, Interest interest);

// The builtin type that a value's type derives from, null if none that holds values.
const PyTypeObject* builtin_base(PyObject* value);

// The text of an integer beyond 64 bits: decimal, or 0x where that is very long; empty when it has
// more than `max_bits`, and then `bits` says how many.
std::string big_int_text(PyObject* value, size_t max_bits, size_t* bits);

// "name:text" of a typed description.
std::string typed_text(PyObject* name_and_text);

std::string_view type_name_of(PyObject* value);
bool is_secret(capture::Secrecy secrecy, PyObject* value);
// Whether a text in front of another says that the other is a secret: --password, or "password" as
// the first of two.
bool announces_secret(PyObject* text, bool is_first_of_two);

}  // namespace headrace::binding
