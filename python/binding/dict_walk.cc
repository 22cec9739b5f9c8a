#include "binding/dict_walk.h"

namespace headrace::binding {

bool dict_layout_is_known = false;

namespace {

bool walks_alike(PyObject* dict) {
  DictWalk walk(dict);
  Py_ssize_t at = 0;
  while (true) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    PyObject* own_key = nullptr;
    PyObject* own_value = nullptr;
    const bool more = PyDict_Next(dict, &at, &key, &value) != 0;
    if (walk.next(&own_key, &own_value) != more) return false;
    if (!more) return true;
    if (own_key != key || own_value != value) return false;
  }
}

// Of `size` items with text keys, then with others, then with holes.
[[maybe_unused]] bool walks_all_alike(long size) {
  const Ref dict = Ref::steal(PyDict_New());
  for (long i = 0; i < size; ++i) {
    const Ref key = Ref::steal(PyUnicode_FromFormat("key %ld", i));
    if (!dict || !key || PyDict_SetItem(dict.get(), key.get(), Py_True) < 0) return false;
  }
  if (!dict || !walks_alike(dict.get()) || !DictWalk::has_text_keys(dict.get())) return false;
  const Ref number = Ref::steal(PyLong_FromLong(size));
  if (!number || PyDict_SetItem(dict.get(), number.get(), Py_None) < 0) return false;
  if (!walks_alike(dict.get()) || DictWalk::has_text_keys(dict.get())) return false;
  for (long i = 0; i < size; i += 2) {
    const Ref key = Ref::steal(PyUnicode_FromFormat("key %ld", i));
    if (!key || PyDict_DelItem(dict.get(), key.get()) < 0) return false;
  }
  return walks_alike(dict.get());
}

}  // namespace

void check_dict_layout() {
#if HEADRACE_KNOWS_DICTS
  const SavedError saved;
  dict_layout_is_known = true;
  // With indices of one byte and of two.
  for (const long size : {0L, 1L, 5L, 11L, 200L}) {
    if (walks_all_alike(size)) continue;
    dict_layout_is_known = false;
    PyErr_Clear();
    return;
  }
#endif
}

}  // namespace headrace::binding
