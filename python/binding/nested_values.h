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

#include "binding/values.h"
#include "encode/nested.h"

namespace headrace::binding {

enum class DescriptionKind : uint8_t { kValue = 0, kPlaceholder = 1, kTime = 2, kUnreadable = 3 };
struct Description {
  DescriptionKind kind = DescriptionKind::kUnreadable;
  Ref payload;  // a plain value; (type, reason); nanoseconds since the epoch
};
Description describe(PyObject* value, Interest interest);
std::string_view type_name_of(PyObject* value);
bool is_secret(capture::Secrecy secrecy, PyObject* value);

class NestedBuffer {
 public:
  // A placeholder nests a map of scalars below the value it stands for.
  static constexpr int kMaxDepth = kMaxNestedDepth - 3;
  // One argument may take this much of a record's 40 KiB; the rest of it is counted, not kept.
  static constexpr size_t kMaxBytes = 12 * 1024;
  static constexpr size_t kMaxNodes = 2048;

  explicit NestedBuffer(Interest interest) : interest_(interest) {}
  void value(PyObject* value);
  void list(PyObject* const* values, size_t count);
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  // Beyond kMaxBytes there is still room for what closes every open container.
  static constexpr size_t kSlack = 12 * 1024;

  void tag(ValueTag tag) { bytes_[size_++] = static_cast<char>(tag); }
  template <typename T>
  void put(T number) {
    std::memcpy(bytes_.data() + size_, &number, sizeof number);
    size_ += sizeof number;
  }
  void text(ValueTag tag, std::string_view text);
  void placeholder(std::string_view type, std::string_view reason);
  void container(PyObject* value);
  void dict(PyObject* dict);
  void sequence(PyObject* const* (*items)(PyObject*), PyObject* sequence);
  void set(PyObject* set);
  void other(PyObject* value);
  bool is_full() const { return size_ > kMaxBytes || nodes_ > kMaxNodes; }
  size_t begin(uint8_t kind);
  void end(size_t at, uint32_t count) { std::memcpy(bytes_.data() + at, &count, sizeof count); }
  void elided(size_t count);

  const Interest interest_;
  size_t size_ = 0;
  size_t nodes_ = 0;
  int depth_ = 0;
  std::array<PyObject*, kMaxDepth + 1> open_;  // the containers around this place
  std::array<char, kMaxBytes + kSlack> bytes_;
};

}  // namespace headrace::binding
