// Names and values: what a task or workflow used and generated.
//
//   headrace::Task task("step", {{"number", 3}, {"dt", 0.1}, {"scheme", "upwind"}});
//   using namespace headrace::literals;
//   task.generated({{"residual"_name, 1e-6},            // looked up once
//                   {"cells", std::vector<double>{0.5, 0.7}}});
//
// A Value refers to the caller's text, bytes and vectors and is meant for the call it is written
// in; the call copies. Lists that exceed a record's budget (40 KiB) become placeholders that say
// so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <headrace/headrace.h>
#include <headrace/literals.h>

namespace headrace {

// A value's name. From a text it is looked up on every use (about 10 ns); in a hot loop write
// "number"_name, or keep a name that is computed in a constant.
class Name {
 public:
#if defined(HEADRACE_DISABLE)  // so that a static constant leaves neither variable nor guard
  constexpr Name(const char*) : id_(0) {}         // NOLINT: implicit by design
  constexpr Name(const std::string&) : id_(0) {}  // NOLINT: implicit by design
  constexpr Name(std::string_view) : id_(0) {}    // NOLINT: implicit by design
#else
  Name(const char* text) : Name(std::string_view(text)) {}         // NOLINT: implicit by design
  Name(const std::string& text) : Name(std::string_view(text)) {}  // NOLINT: implicit by design
  Name(std::string_view text)                                      // NOLINT: implicit by design
      : id_(headrace_name_n(text.data(), text.size())) {}
#endif
  template <detail::Literal text>
  Name(LiteralName<text> literal) : id_(literal.number().value) {}  // NOLINT: implicit by design
  uint32_t id() const { return id_; }

 private:
  uint32_t id_;
};

// A C string of the caller's; what the rarely called functions take.
class Text {
 public:
  Text(const char* text) : text_(text) {}                 // NOLINT: implicit by design
  Text(const std::string& text) : text_(text.c_str()) {}  // NOLINT: implicit by design
  const char* c_str() const { return text_; }

 private:
  const char* text_;
};

class Object;

class Value {
 public:
  Value(Name name, std::nullptr_t) : value_(make(name, HEADRACE_NULL)) {}
  template <typename T>
    requires std::is_arithmetic_v<T>
  Value(Name name, T value) {
    if constexpr (std::is_same_v<T, bool>) {
      value_ = make(name, HEADRACE_BOOL);
      value_.data.integer = value ? 1 : 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      value_ = make(name, HEADRACE_FLOAT);
      value_.data.real = static_cast<double>(value);
    } else {
      value_ = make(name, std::is_unsigned_v<T> ? HEADRACE_UINT : HEADRACE_INT);
      value_.data.integer = static_cast<int64_t>(value);
    }
  }
  Value(Name name, std::string_view text) {
    refer(name, HEADRACE_STRING, text.data(), text.size());
  }
  Value(Name name, const char* text) : Value(name, std::string_view(text)) {}
  Value(Name name, const std::string& text) : Value(name, std::string_view(text)) {}
  Value(Name name, std::span<const std::byte> bytes) {
    refer(name, HEADRACE_BYTES, bytes.data(), bytes.size());
  }
  Value(Name name, std::span<const double> list) {
    refer(name, HEADRACE_FLOAT_LIST, list.data(), list.size());
  }
  Value(Name name, std::span<const int64_t> list) {
    refer(name, HEADRACE_INT_LIST, list.data(), list.size());
  }
  Value(Name name, const std::vector<double>& list) : Value(name, std::span(list)) {}
  Value(Name name, const std::vector<int64_t>& list) : Value(name, std::span(list)) {}
  // An edge of lineage: the task used or generated the object.
  Value(Name name, const Object& object);

  const headrace_value& c_value() const { return value_; }

 private:
  static headrace_value make(Name name, headrace_type type) {
    return {name.id(), static_cast<uint32_t>(type), {0}, 0};
  }
  void refer(Name name, headrace_type type, const void* data, size_t size) {
    value_ = make(name, type);
    value_.data.bytes = data;
    value_.size = size;
  }

  headrace_value value_{};
};
static_assert(sizeof(Value) == sizeof(headrace_value));

using Values = std::initializer_list<Value>;

namespace detail {
// Value wraps a headrace_value and nothing else, so an array of one is an array of the other.
inline const headrace_value* c_values(const Values& values) {
  return reinterpret_cast<const headrace_value*>(values.begin());
}
}  // namespace detail

}  // namespace headrace

#include <headrace/object.h>  // Value(Name, const Object&) needs the whole class
