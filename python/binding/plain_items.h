// A dict's commonest items, a scalar under a short name, as they stand in a nested value
// (encode/nested.h).
#pragma once

#include "binding/plain_values.h"

namespace headrace::binding {

// Room that write_plain_item may need: a key, and a text of kMaxPlainText bytes with its length.
constexpr size_t kMaxPlainText = 64;
constexpr size_t kMaxPlainItem = sizeof(detail::NameEntry::nested) + 5 + kMaxPlainText;

// Writes both at `at` and gives where they end; null, and what is written there means nothing, for
// any other item. Runs no code of the program's.
inline char* write_plain_item(char* at, PyObject* key, PyObject* item) {
  const std::string_view name = nested_key(key);
  if (name.empty()) [[unlikely]]
    return nullptr;
  std::memcpy(at, name.data(), kReadableKeyBytes);
  if (name.size() > kReadableKeyBytes) {
    copy_short(at + kReadableKeyBytes, name.data() + kReadableKeyBytes,
               name.size() - kReadableKeyBytes);
  }
  at += name.size();
  const auto put_number = [at](ValueTag tag, uint64_t bits) {
    *at = static_cast<char>(tag);
    store_le(at + 1, bits);
    return at + 9;
  };
  const PyTypeObject* type = Py_TYPE(item);
  if (type == &PyFloat_Type) {
    return put_number(ValueTag::kFloat, std::bit_cast<uint64_t>(PyFloat_AS_DOUBLE(item)));
  }
  if (type == &PyLong_Type) {
    int64_t number = 0;
    if (!is_short_int(item, &number)) return nullptr;
    return put_number(ValueTag::kInt, static_cast<uint64_t>(number));
  }
  if (type == &PyUnicode_Type) {
    const std::string_view text = short_ascii(item);
    if (text.empty() || text.size() > kMaxPlainText || capture::may_hold_secret(text)) {
      return nullptr;
    }
    // The bytes after the five are written over, or not looked at.
    store_le(at, static_cast<uint64_t>(ValueTag::kString) | uint64_t{text.size()} << 8);
    copy_short(at + 5, text.data(), text.size());
    return at + 5 + text.size();
  }
  if (type == &PyBool_Type) {
    const uint8_t is_true = item == Py_True ? 1 : 0;
    store_le(at, static_cast<uint16_t>(static_cast<uint8_t>(ValueTag::kBool) | is_true << 8));
    return at + 2;
  }
  if (item != Py_None) return nullptr;
  *at = static_cast<char>(ValueTag::kNull);
  return at + 1;
}

// Adds an exact dict that has no other items as one nested value, written where it stays. False,
// and nothing added, for any other dict and for one that is long.
bool add_plain_dict(capture::Fields& fields, Role role, uint32_t name, PyObject* dict);

}  // namespace headrace::binding
