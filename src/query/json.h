// JSON (RFC 8259) as a small tree: what the store's `used`, `generated` and `attributes` columns
// hold. NaN, Infinity and -Infinity are also read, for stores write them. Depth at most 512.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace headrace::query {

class Json {
 public:
  using List = std::vector<Json>;
  using Map = std::vector<std::pair<std::string, Json>>;  // in the order of the text
  struct BigInt {                                         // beyond 64 bits
    std::string digits;
    bool operator==(const BigInt&) const = default;
  };

  Json() = default;
  Json(bool v) : value_(v) {}                      // NOLINT: implicit by design
  Json(int64_t v) : value_(v) {}                   // NOLINT
  Json(double v) : value_(v) {}                    // NOLINT
  Json(BigInt v) : value_(std::move(v)) {}         // NOLINT
  Json(std::string v) : value_(std::move(v)) {}    // NOLINT
  Json(const char* v) : value_(std::string(v)) {}  // NOLINT
  Json(List v) : value_(std::move(v)) {}           // NOLINT
  Json(Map v) : value_(std::move(v)) {}            // NOLINT

  static Result<Json> parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_number() const { return number().has_value(); }
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&value_);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&value_);
  }
  std::optional<double> number() const;
  // A member of a map; null (an empty Json) when absent or when this is no map.
  const Json& operator[](std::string_view key) const;
  // A string's own text, anything else as compact JSON.
  std::string text() const;
  // Compact JSON. Integers keep all their digits; NaN and infinities become null.
  std::string dump() const;
  // With line breaks and two spaces a level.
  std::string dump_pretty() const;

  bool operator==(const Json&) const = default;

 private:
  void write(std::string* out, int indent, int depth) const;
  std::variant<std::monostate, bool, int64_t, double, BigInt, std::string, List, Map> value_;
};

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);
// The shortest decimal text that reads back as `value`; "null" when it is not finite.
std::string json_number(double value);

}  // namespace headrace::query
