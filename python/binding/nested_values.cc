#include "binding/nested_values.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "binding/dict_walk.h"
#include "binding/object_type.h"
#include "binding/plain_items.h"
#include "capture/secrets.h"

namespace headrace::binding {
namespace {

// The longest start of `text` of at most `limit` bytes that doesn't cut a character.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

// A value is checked against the budget before it is written, so one may pass it by its own size:
// at most a text of kMaxTextBytes, three times as long where secrets were taken out of it, and a
// placeholder, which is what the slack is for.
void NestedBuffer::text(ValueTag kind, std::string_view text) {
  std::string without;
  if (capture::may_hold_secret(text) && capture::take_out_secrets(text, &without)) [[unlikely]] {
    text = cut(without, 3 * kMaxTextBytes);
  }
  tag(kind);
  put(static_cast<uint32_t>(text.size()));
  std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void NestedBuffer::placeholder(std::string_view type, std::string_view reason) {
  std::string out;
  NestedWriter(out).placeholder(cut(type, 128), cut(reason, 256));
  std::memcpy(bytes_.data() + size_, out.data(), out.size());
  size_ += out.size();
}

void NestedBuffer::redacted() {
  capture::redactions.by_name.fetch_add(1, std::memory_order_relaxed);
  placeholder("redacted", "its name says that it is a secret");
}

size_t NestedBuffer::begin(uint8_t kind) {
  bytes_[size_++] = static_cast<char>(kind);
  const size_t at = size_;
  put(uint32_t{0});
  ++level_;
  return at;
}

void NestedBuffer::elided(size_t count) {
  placeholder("elided", std::to_string(count) + " more, beyond the record's budget");
}

void NestedBuffer::integer(PyObject* value) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) {
    tag(ValueTag::kInt);
    return put(int64_t{number});
  }
  size_t bits = 0;
  const std::string digits = big_int_text(value, 3 * kMaxTextBytes, &bits);
  if (!digits.empty()) return text(ValueTag::kBigInt, digits);
  placeholder("int", std::to_string(bits) + " bits inside a container");
}

void NestedBuffer::string(PyObject* value) {
  const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
  if (length > 4 * Py_ssize_t{kMaxTextBytes}) {
    return placeholder("str", std::to_string(length) + " characters inside a container");
  }
  Ref keep;
  const std::string_view all = text_of(value, keep);
  if (all.size() <= kMaxTextBytes) return text(ValueTag::kString, all);
  placeholder("str", std::to_string(all.size()) + " bytes inside a container");
}

bool NestedBuffer::builtin(PyObject* value, const PyTypeObject* type) {
  if (type == &PyFloat_Type) {
    tag(ValueTag::kFloat);
    put(PyFloat_AS_DOUBLE(value));
  } else if (type == &PyLong_Type) {
    integer(value);
  } else if (type == &PyUnicode_Type) {
    string(value);
  } else if (type == &PyBool_Type) {
    tag(ValueTag::kBool);
    bytes_[size_++] = value == Py_True ? 1 : 0;
  } else if (value == Py_None) {
    tag(ValueTag::kNull);
  } else if (type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type ||
             type == &PySet_Type || type == &PyFrozenSet_Type) {
    container(value, type);
  } else if (type == &PyBytes_Type) {
    const auto size = static_cast<size_t>(PyBytes_GET_SIZE(value));
    if (size <= kMaxTextBytes) {
      text(ValueTag::kBytes, {PyBytes_AS_STRING(value), size});
    } else {
      placeholder("bytes", std::to_string(size) + " bytes inside a container");
    }
  } else {
    return false;
  }
  return true;
}

void NestedBuffer::value(PyObject* value) {
  ++nodes_;
  if (!builtin(value, Py_TYPE(value))) other(value);
}

// Notes that `value` is around what comes; writes what stands for it and returns false where it may
// not be.
bool NestedBuffer::enter(PyObject* value) {
  Open* const end = open_.data() + depth_;
  const Open* const around =
      std::find_if(open_.data(), end, [value](const Open& o) { return o.object == value; });
  if (around != end) {
    text(ValueTag::kTyped, "ref:" + std::to_string(level_ - 1 - around->level));
    return false;
  }
  if (depth_ >= kMaxDepth) {
    placeholder("elided", "nested deeper than a record keeps");
    return false;
  }
  open_[static_cast<size_t>(depth_++)] = {value, level_};
  return true;
}

void NestedBuffer::container(PyObject* value, const PyTypeObject* type) {
  // What stands for an instance, and the instance around it, are one place.
  const bool is_inside = type == Py_TYPE(value);
  if (is_inside && !enter(value)) return;
  if (type == &PyDict_Type) {
    dict(value);
  } else if (type == &PyList_Type || type == &PyTuple_Type) {
    sequence(value);
  } else {
    set(value);
  }
  if (is_inside) --depth_;
}

void NestedBuffer::item_of(PyObject* key, PyObject* item) {
  value(key);
  if (PyUnicode_Check(key) && is_secret(secrecy_of(key), item)) [[unlikely]] {
    redacted();
  } else {
    value(item);
  }
}

void NestedBuffer::dict(PyObject* dict) {
  const size_t at = begin(kNestedMap);
  uint32_t count = 0;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  DictWalk walk(dict);
  while (true) {
    walk.pass_while([&](PyObject* plain_key, PyObject* plain_item) {
      char* const begin = bytes_.data() + size_;
      const char* const end = is_full() ? nullptr : write_plain_item(begin, plain_key, plain_item);
      if (end == nullptr) return false;
      size_ += static_cast<size_t>(end - begin);
      nodes_ += 2;
      ++count;
      return true;
    });
    if (!walk.next(&key, &item)) break;
    ++count;
    // Describing a value runs Python code, which may change the dict.
    const Ref hold_key = Ref::share(key);
    const Ref hold_item = Ref::share(item);
    if (is_full()) {
      text(ValueTag::kString, "...");
      elided(static_cast<size_t>(std::max<Py_ssize_t>(PyDict_GET_SIZE(dict) - count + 1, 1)));
      break;
    }
    item_of(key, item);
  }
  end(at, count);
}

void NestedBuffer::sequence(PyObject* sequence) {
  const size_t at = begin(kNestedList);
  uint32_t count = 0;
  bool hide_next = false;
  // The list may shrink while an item of it is described.
  for (Py_ssize_t i = 0; i < Py_SIZE(sequence); ++i) {
    ++count;
    if (is_full()) {
      elided(static_cast<size_t>(Py_SIZE(sequence) - i));
      break;
    }
    const Ref item = Ref::share(PySequence_Fast_ITEMS(sequence)[i]);
    if (hide_next && (PyUnicode_Check(item.get()) || PyBytes_Check(item.get()))) [[unlikely]] {
      hide_next = false;
      redacted();
      continue;
    }
    hide_next = announces_secret(item.get(), i == 0 && Py_SIZE(sequence) == 2);
    value(item.get());
  }
  end(at, count);
}

void NestedBuffer::set(PyObject* set) {
  const size_t at = begin(kNestedSet);
  uint32_t count = 0;
  // An iterator of the builtin type: it runs nothing of a subclass's, notices when the set changes
  // meanwhile, and ends.
  const Ref iterator = Ref::steal(PySet_Type.tp_iter(set));
  while (iterator) {
    const Ref item = Ref::steal(PyIter_Next(iterator.get()));
    if (!item) break;
    ++count;
    if (is_full()) {
      const auto size = static_cast<size_t>(PySet_GET_SIZE(set));
      elided(std::max<size_t>(size, count) - count + 1);
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
  bool hide_next = false;
  open_[static_cast<size_t>(depth_++)] = {nullptr, 0};
  for (size_t i = 0; i < values_count; ++i) {
    ++count;
    if (is_full()) {
      elided(values_count - i);
      break;
    }
    if (hide_next && (PyUnicode_Check(values[i]) || PyBytes_Check(values[i]))) [[unlikely]] {
      hide_next = false;
      redacted();
      continue;
    }
    hide_next = announces_secret(values[i], false);
    value(values[i]);
  }
  --depth_;
  end(at, count);
}

void NestedBuffer::description(PyObject* described, PyObject* payload) {
  if (!enter(described)) return;
  value(payload);
  --depth_;
}

void NestedBuffer::other(PyObject* item) {
  if (const Uuid* object = object_id_of(item)) {
    tag(ValueTag::kObject);
    const auto id = object->bytes();
    std::memcpy(bytes_.data() + size_, id.data(), id.size());
    size_ += id.size();
    return;
  }
  // What describes itself by others of its kind ends at the depth limit; its identity stands there
  // so that one that contains itself ends sooner.
  if (!enter(item)) return;
  add(item, describe(item, interest_));
  --depth_;
}

void NestedBuffer::add(PyObject* item, const Description& described) {
  PyObject* payload = described.payload.get();
  switch (described.kind) {
    case DescriptionKind::kTime: {
      int overflow = 0;
      tag(ValueTag::kTime);
      return put(int64_t{PyLong_AsLongLongAndOverflow(payload, &overflow)});
    }
    case DescriptionKind::kValue: return value(payload);
    case DescriptionKind::kBuiltin: static_cast<void>(builtin(item, builtin_base(item))); return;
    case DescriptionKind::kTyped: {
      const std::string named = typed_text(payload);
      if (named.size() <= kMaxTextBytes) return text(ValueTag::kTyped, named);
      return placeholder(type_name_of(item),
                         std::to_string(named.size()) + " bytes inside a container");
    }
    case DescriptionKind::kPlaceholder: {
      Ref keep_type;
      Ref keep_reason;
      return placeholder(text_of(PyTuple_GET_ITEM(payload, 0), keep_type),
                         text_of(PyTuple_GET_ITEM(payload, 1), keep_reason));
    }
    case DescriptionKind::kUnreadable: placeholder(type_name_of(item), "reading it failed");
  }
}

std::string unkept_map(std::string_view type, std::string_view reason, PyObject* facts) {
  std::string items;
  NestedWriter write(items);
  uint32_t count = 2;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t position = 0;
  while (facts != nullptr && PyDict_Next(facts, &position, &key, &item) != 0) {
    if (!PyUnicode_CheckExact(key)) continue;
    if (PyLong_CheckExact(item)) {
      int overflow = 0;
      write.string(text_of(key));
      write.integer(PyLong_AsLongLongAndOverflow(item, &overflow));
    } else if (PyUnicode_CheckExact(item) || PyBytes_CheckExact(item)) {
      const bool is_bytes = PyBytes_CheckExact(item);
      const std::string all = is_bytes ? std::string(PyBytes_AS_STRING(item),
                                                     static_cast<size_t>(PyBytes_GET_SIZE(item)))
                                       : text_of(item);
      const std::string without = capture::without_secrets(all);
      write.string(text_of(key));
      if (is_bytes) {
        write.bytes(std::string_view(without).substr(0, NestedBuffer::kMaxTextBytes));
      } else {
        write.string(cut(without, NestedBuffer::kMaxTextBytes));
      }
    } else {
      continue;
    }
    ++count;
  }
  std::string out;
  NestedWriter map(out);
  map.begin_map(count);
  map.string("type");
  map.string(cut(type, 256));
  map.string("reason");
  map.string(cut(reason, 256));
  return out + items;
}

}  // namespace headrace::binding
