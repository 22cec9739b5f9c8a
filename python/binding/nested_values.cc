#include "binding/nested_values.h"

#include <algorithm>
#include <bit>
#include <string>

#include "binding/object_type.h"

namespace headrace::binding {
namespace {

constexpr size_t kMaxTextBytes = 1024;

// The longest start of `text` of at most `limit` bytes that doesn't cut a character.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

// A value is checked against the budget before it is written, so one may pass it by its own size:
// at most a text of kMaxTextBytes and a placeholder, which is what the slack is for.
void NestedBuffer::text(ValueTag kind, std::string_view text) {
  tag(kind);
  put(static_cast<uint32_t>(text.size()));
  std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void NestedBuffer::placeholder(std::string_view type, std::string_view reason) {
  std::string out;
  NestedWriter(out).placeholder(cut(type, 128), cut(reason, 128));
  std::memcpy(bytes_.data() + size_, out.data(), out.size());
  size_ += out.size();
}

size_t NestedBuffer::begin(uint8_t kind) {
  bytes_[size_++] = static_cast<char>(kind);
  const size_t at = size_;
  put(uint32_t{0});
  return at;
}

void NestedBuffer::elided(size_t count) {
  placeholder("elided", std::to_string(count) + " more, beyond the record's budget");
}

void NestedBuffer::value(PyObject* value) {
  ++nodes_;
  const PyTypeObject* type = Py_TYPE(value);
  if (type == &PyFloat_Type) {
    tag(ValueTag::kFloat);
    return put(PyFloat_AS_DOUBLE(value));
  }
  if (type == &PyLong_Type) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
      tag(ValueTag::kInt);
      return put(int64_t{number});
    }
    const Ref digits = Ref::steal(PyLong_Type.tp_repr(value));
    if (!digits) PyErr_Clear();
    if (!digits || PyUnicode_GET_LENGTH(digits.get()) > Py_ssize_t{kMaxTextBytes}) {
      return placeholder("int", "too many digits inside a container");
    }
    Ref keep;
    return text(ValueTag::kBigInt, text_of(digits.get(), keep));
  }
  if (type == &PyUnicode_Type) {
    if (PyUnicode_IS_COMPACT_ASCII(value) &&
        PyUnicode_GET_LENGTH(value) <= Py_ssize_t{kMaxTextBytes}) [[likely]] {
      return text(ValueTag::kString, {static_cast<const char*>(PyUnicode_DATA(value)),
                                      static_cast<size_t>(PyUnicode_GET_LENGTH(value))});
    }
    if (PyUnicode_GET_LENGTH(value) > 4 * Py_ssize_t{kMaxTextBytes}) {
      return placeholder(
          "str", std::to_string(PyUnicode_GET_LENGTH(value)) + " characters inside a container");
    }
    Ref keep;
    const std::string_view all = text_of(value, keep);
    if (all.size() <= kMaxTextBytes) return text(ValueTag::kString, all);
    return placeholder("str", std::to_string(all.size()) + " bytes inside a container");
  }
  if (type == &PyBool_Type) {
    tag(ValueTag::kBool);
    bytes_[size_++] = value == Py_True ? 1 : 0;
    return;
  }
  if (value == Py_None) return tag(ValueTag::kNull);
  if (type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type ||
      type == &PySet_Type || type == &PyFrozenSet_Type) {
    return container(value);
  }
  if (type == &PyBytes_Type) {
    const auto size = static_cast<size_t>(PyBytes_GET_SIZE(value));
    if (size <= kMaxTextBytes) return text(ValueTag::kBytes, {PyBytes_AS_STRING(value), size});
    return placeholder("bytes", std::to_string(size) + " bytes inside a container");
  }
  other(value);
}

void NestedBuffer::container(PyObject* value) {
  if (std::find(open_.begin(), open_.begin() + depth_, value) != open_.begin() + depth_) {
    return placeholder("cycle", "it contains itself");
  }
  if (depth_ >= kMaxDepth) return placeholder("elided", "nested deeper than a record keeps");
  open_[static_cast<size_t>(depth_++)] = value;
  if (PyDict_CheckExact(value)) {
    dict(value);
  } else if (PyList_CheckExact(value)) {
    sequence([](PyObject* o) -> PyObject* const* { return PySequence_Fast_ITEMS(o); }, value);
  } else if (PyTuple_CheckExact(value)) {
    sequence([](PyObject* o) -> PyObject* const* { return PySequence_Fast_ITEMS(o); }, value);
  } else {
    set(value);
  }
  --depth_;
}

void NestedBuffer::dict(PyObject* dict) {
  const size_t at = begin(kNestedMap);
  uint32_t count = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &item) != 0) {
    ++count;
    if (PyUnicode_CheckExact(key) && is_plain_scalar(item) && !is_full()) [[likely]] {
      value(key);
      if (is_secret(secrecy_of(key), item)) [[unlikely]] {
        placeholder("redacted", "its name says that it is a secret");
      } else {
        value(item);
      }
      continue;
    }
    // Describing a value runs Python code, which may change the dict.
    const Ref hold_key = Ref::share(key);
    const Ref hold_item = Ref::share(item);
    if (is_full()) {
      text(ValueTag::kString, "...");
      elided(static_cast<size_t>(std::max<Py_ssize_t>(PyDict_GET_SIZE(dict) - count + 1, 1)));
      break;
    }
    value(key);
    if (PyUnicode_CheckExact(key) && is_secret(secrecy_of(key), item)) [[unlikely]] {
      placeholder("redacted", "its name says that it is a secret");
    } else {
      value(item);
    }
  }
  end(at, count);
}

void NestedBuffer::sequence(PyObject* const* (*items)(PyObject*), PyObject* sequence) {
  const size_t at = begin(kNestedList);
  uint32_t count = 0;
  // The list may shrink while an item of it is described.
  for (Py_ssize_t i = 0; i < Py_SIZE(sequence); ++i) {
    ++count;
    if (is_full()) {
      elided(static_cast<size_t>(Py_SIZE(sequence) - i));
      break;
    }
    const Ref item = Ref::share(items(sequence)[i]);
    value(item.get());
  }
  end(at, count);
}

void NestedBuffer::set(PyObject* set) {
  const size_t at = begin(kNestedList);
  uint32_t count = 0;
  // An iterator: it notices when the set changes meanwhile, and ends.
  const Ref iterator = Ref::steal(PyObject_GetIter(set));
  while (iterator) {
    const Ref item = Ref::steal(PyIter_Next(iterator.get()));
    if (!item) break;
    ++count;
    if (is_full()) {
      elided(static_cast<size_t>(PySet_GET_SIZE(set)) - count + 1);
      break;
    }
    value(item.get());
  }
  drop_error();
  end(at, count);
}

void NestedBuffer::list(PyObject* const* values, size_t values_count) {
  const size_t at = begin(kNestedList);
  uint32_t count = 0;
  ++depth_;
  open_[0] = nullptr;
  for (size_t i = 0; i < values_count; ++i) {
    ++count;
    if (is_full()) {
      elided(values_count - i);
      break;
    }
    value(values[i]);
  }
  --depth_;
  end(at, count);
}

void NestedBuffer::other(PyObject* item) {
  if (const Uuid* object = object_id_of(item)) {
    tag(ValueTag::kObject);
    const auto id = object->bytes();
    std::memcpy(bytes_.data() + size_, id.data(), id.size());
    size_ += id.size();
    return;
  }
  if (depth_ >= kMaxDepth) return placeholder("elided", "nested deeper than a record keeps");
  // What describes itself by others of its kind ends at the depth limit; the identity stands here
  // so that one that contains itself ends sooner.
  if (std::find(open_.begin(), open_.begin() + depth_, item) != open_.begin() + depth_) {
    return placeholder("cycle", "it contains itself");
  }
  open_[static_cast<size_t>(depth_++)] = item;
  const Description described = describe(item, interest_);
  PyObject* payload = described.payload.get();
  switch (described.kind) {
    case DescriptionKind::kTime: {
      int overflow = 0;
      tag(ValueTag::kTime);
      put(int64_t{PyLong_AsLongLongAndOverflow(payload, &overflow)});
      break;
    }
    case DescriptionKind::kValue: value(payload); break;
    case DescriptionKind::kPlaceholder: {
      Ref keep_type;
      Ref keep_reason;
      placeholder(text_of(PyTuple_GET_ITEM(payload, 0), keep_type),
                  text_of(PyTuple_GET_ITEM(payload, 1), keep_reason));
      break;
    }
    case DescriptionKind::kUnreadable: placeholder(type_name_of(item), "reading it failed"); break;
  }
  --depth_;
}

}  // namespace headrace::binding
