// A value as a foreign source tells it: any type that a task's value can have (model/value.h),
// whole and by itself.
//
//   values.add("lr", Value::of(1e-3));
//   values.add("shape", *Value::json("[3, 224, 224]"));
//
// Text need not be UTF-8: what is not is kept escaped, as everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "model/value.h"

namespace headrace::collect {

struct Value {
  ValueTag tag = ValueTag::kNull;
  uint64_t cell = 0;  // of a tag that stands in its cell
  std::string tail;   // of any other

  static Value null() { return {}; }
  static Value of(bool v) { return {ValueTag::kBool, uint64_t{v}, {}}; }
  static Value of(int64_t v) { return {ValueTag::kInt, static_cast<uint64_t>(v), {}}; }
  static Value of(double v);  // every NaN, infinity and -0.0 as it is
  static Value of(std::string_view text) { return {ValueTag::kString, 0, std::string(text)}; }
  static Value of(const char* text) { return of(std::string_view(text)); }
  static Value bytes(std::string_view v) { return {ValueTag::kBytes, 0, std::string(v)}; }
  // An integer of any size as decimal text; one that fits 64 bits becomes an integer.
  // Errors: kInvalidArgument when it is none.
  static Result<Value> integer(std::string_view decimal);
  static Value time_ns(int64_t unix_ns) {
    return {ValueTag::kTime, static_cast<uint64_t>(unix_ns), {}};
  }
  // A reference to an object: of a task's used or generated it is an edge (Intake::object_id).
  static Value object(const Uuid& id);
  // A list, map or set as NestedWriter (encode/nested.h) wrote it; of a scalar that scalar.
  // Errors: kCorrupt when the bytes are no nested value.
  static Result<Value> nested(std::string_view bytes);
  // JSON of any kind: scalars become scalars, lists and maps nested values, integers of any size
  // stay exact; NaN, Infinity and -Infinity are taken as Python writes them.
  // Errors: kCorrupt with the offset.
  static Result<Value> json(std::string_view text);

  bool operator==(const Value&) const = default;
};

struct NamedValue {
  std::string name;
  Value value;
  bool is_inferred = false;  // of a reference to an object: guessed, not given
};

// In the order in which they came; of two with one name the later holds.
struct Values {
  std::vector<NamedValue> all;

  void add(std::string_view name, Value value, bool is_inferred = false) {
    all.push_back({std::string(name), std::move(value), is_inferred});
  }
  bool empty() const { return all.empty(); }
};

}  // namespace headrace::collect
