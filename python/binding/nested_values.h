// Python containers as one nested value (encode/nested.h), within a budget of nodes, bytes, depth.
//
//   NestedBuffer buffer(Interest::kPassing);
//   buffer.value(some_dict);
//   fields.add_nested(role, name, buffer.view());
//
// Lives on the stack: describing a value may run Python code that encodes another one meanwhile.
#pragma once

#include <array>
#include <cstring>

#include "binding/description.h"
#include "encode/nested.h"

namespace headrace::binding {

class NestedBuffer {
 public:
  // A placeholder nests a map of scalars below the value it stands for.
  static constexpr int kMaxDepth = kMaxNestedDepth - 3;
  // One argument may take this much of a record's 40 KiB; the rest of it is counted, not kept.
  static constexpr size_t kMaxBytes = 12 * 1024;
  static constexpr size_t kMaxNodes = 2048;
  static constexpr size_t kMaxTextBytes = 1024;

  explicit NestedBuffer(Interest interest) : interest_(interest) {}
  void value(PyObject* value);
  // `payload` in place of `described`, which it may hold again.
  void description(PyObject* described, PyObject* payload);
  void list(PyObject* const* values, size_t count);
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  // Beyond kMaxBytes there is still room for what closes every open container.
  static constexpr size_t kSlack = 12 * 1024;

  // A value around this place, and how many containers are around it in turn.
  struct Open {
    PyObject* object;
    int level;
  };

  void tag(ValueTag tag) { bytes_[size_++] = static_cast<char>(tag); }
  template <typename T>
  void put(T number) {
    std::memcpy(bytes_.data() + size_, &number, sizeof number);
    size_ += sizeof number;
  }
  bool builtin(PyObject* value, const PyTypeObject* type);
  void integer(PyObject* value);
  void text(ValueTag tag, std::string_view text);
  void string(PyObject* value);
  void placeholder(std::string_view type, std::string_view reason);
  void redacted();
  bool enter(PyObject* value);
  void container(PyObject* value, const PyTypeObject* type);
  void dict(PyObject* dict);
  void item_of(PyObject* key, PyObject* item);
  void sequence(PyObject* sequence);
  void set(PyObject* set);
  void other(PyObject* value);
  void add(PyObject* value, const Description& described);
  bool is_full() const { return size_ > kMaxBytes || nodes_ > kMaxNodes; }
  size_t begin(uint8_t kind);
  void end(size_t at, uint32_t count) {
    std::memcpy(bytes_.data() + at, &count, sizeof count);
    --level_;
  }
  void elided(size_t count);

  const Interest interest_;
  // Not beside each other: gcc would make one vector of both, and each item wait for its store.
  size_t size_ = 0;
  int depth_ = 0;
  int level_ = 0;
  size_t nodes_ = 0;
  std::array<Open, kMaxDepth + 1> open_;
  std::array<char, kMaxBytes + kSlack> bytes_;
};

// The map of a placeholder: type, reason, and the further facts that a description gave (null:
// none). `begins` among them is cut to what a placeholder shows, without secrets.
std::string unkept_map(std::string_view type, std::string_view reason, PyObject* facts);

}  // namespace headrace::binding
