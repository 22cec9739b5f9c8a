// The items of an exact dict, in order: PyDict_Next without the call, which takes 3 ns an item.
//
//   DictWalk walk(dict);
//   while (walk.next(&key, &value)) ...     // borrowed; the dict may change between two calls
//
// The one file that knows how CPython lays out a dict's keys (3.11 to 3.13; elsewhere, and where
// the check at import fails, it is PyDict_Next).
#pragma once

#include "binding/python.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030E0000 && !defined(Py_GIL_DISABLED)
#define HEADRACE_KNOWS_DICTS 1
#else
#define HEADRACE_KNOWS_DICTS 0
#endif

namespace headrace::binding {

// Set by check_dict_layout.
extern bool dict_layout_is_known;
// Walks a few dicts both ways.
void check_dict_layout();

class DictWalk {
 public:
  explicit DictWalk(PyObject* dict) : dict_(dict) {}

  bool next(PyObject** key, PyObject** value) {
#if HEADRACE_KNOWS_DICTS
    const auto* dict = reinterpret_cast<const PyDictObject*>(dict_);
    if (dict_layout_is_known && dict->ma_values == nullptr) [[likely]] {
      const auto* keys = reinterpret_cast<const Keys*>(dict->ma_keys);
      const char* entries = keys->indices + (size_t{1} << keys->log2_index_bytes);
      while (at_ < keys->count) {
        if (keys->kind == kGeneral) {
          const auto& entry = reinterpret_cast<const HashedEntry*>(entries)[at_++];
          if (entry.item.value == nullptr) continue;
          *key = entry.item.key;
          *value = entry.item.value;
        } else {
          const auto& entry = reinterpret_cast<const Entry*>(entries)[at_++];
          if (entry.value == nullptr) continue;
          *key = entry.key;
          *value = entry.value;
        }
        return true;
      }
      return false;
    }
#endif
    // Through copies: what has its address taken stays in memory, also on the way above.
    Py_ssize_t at = at_;
    PyObject* next_key = nullptr;
    PyObject* next_value = nullptr;
    const bool found = PyDict_Next(dict_, &at, &next_key, &next_value) != 0;
    at_ = at;
    if (found) {
      *key = next_key;
      *value = next_value;
    }
    return found;
  }

  // Passes the next items for which see(key, value) is true; next() gives the first other one.
  // `see` leaves the dict as it is, so this needs a look at its layout once and not at each item.
  template <typename See>
  void pass_while(See&& see) {
#if HEADRACE_KNOWS_DICTS
    const auto* dict = reinterpret_cast<const PyDictObject*>(dict_);
    const auto* keys = reinterpret_cast<const Keys*>(dict->ma_keys);
    if (dict_layout_is_known && dict->ma_values == nullptr && keys->kind != kGeneral) [[likely]] {
      const auto* entries =
          reinterpret_cast<const Entry*>(keys->indices + (size_t{1} << keys->log2_index_bytes));
      const Py_ssize_t count = keys->count;
      Py_ssize_t at = at_;
      while (at < count &&
             (entries[at].value == nullptr || see(entries[at].key, entries[at].value)))
        ++at;
      at_ = at;
      return;
    }
#endif
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    for (Py_ssize_t before = at_; next(&key, &value); before = at_) {
      if (see(key, value)) continue;
      at_ = before;
      return;
    }
  }

  // Every key is an exact string. Known without a look at them in most dicts of strings.
  static bool has_text_keys(PyObject* dict) {
#if HEADRACE_KNOWS_DICTS
    if (dict_layout_is_known &&
        reinterpret_cast<const Keys*>(reinterpret_cast<const PyDictObject*>(dict)->ma_keys)->kind !=
            kGeneral) [[likely]]
      return true;
#endif
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    DictWalk walk(dict);
    while (walk.next(&key, &value)) {
      if (!PyUnicode_CheckExact(key)) return false;
    }
    return true;
  }

 private:
#if HEADRACE_KNOWS_DICTS
  // struct _dictkeysobject, PyDictUnicodeEntry and PyDictKeyEntry of CPython.
  struct Keys {
    Py_ssize_t references;
    uint8_t log2_size;
    uint8_t log2_index_bytes;
    uint8_t kind;
    uint32_t version;
    Py_ssize_t usable;
    Py_ssize_t count;
    char indices[1];
  };
  static constexpr uint8_t kGeneral = 0;
  struct Entry {
    PyObject* key;
    PyObject* value;
  };
  struct HashedEntry {
    Py_hash_t hash;
    Entry item;
  };
#endif

  PyObject* const dict_;
  Py_ssize_t at_ = 0;
};

}  // namespace headrace::binding
