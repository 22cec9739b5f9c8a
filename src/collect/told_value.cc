#include "collect/told_value.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/bytes.h"
#include "encode/nested.h"
#include "encode/nested_from_json.h"

namespace headrace::collect {

Value Value::of(double v) { return {ValueTag::kFloat, std::bit_cast<uint64_t>(v), {}}; }

Value Value::object(const Uuid& id) {
  const auto b = id.bytes();
  return {ValueTag::kObject, 0, std::string(reinterpret_cast<const char*>(b.data()), b.size())};
}

Result<Value> Value::integer(std::string_view decimal) {
  const char* const end = decimal.data() + decimal.size();
  int64_t small = 0;
  const auto [at, error] = std::from_chars(decimal.data(), end, small);
  if (error == std::errc() && at == end) return of(small);
  const std::string_view digits =
      decimal.substr(decimal.starts_with('-') || decimal.starts_with('+') ? 1 : 0);
  const bool is_number = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  if (!is_number) return invalid_argument("'" + std::string(decimal) + "' is no integer");
  if (decimal.starts_with('+')) return integer(digits);
  return Value{ValueTag::kBigInt, 0, std::string(decimal)};
}

Result<Value> Value::nested(std::string_view bytes) {
  ByteReader whole(bytes);
  if (!skip_nested(whole, 0) || whole.remaining() != 0) return corrupt("no nested value");
  const auto tag = static_cast<uint8_t>(bytes.front());
  if (tag >= kNestedList) return Value{ValueTag::kNested, 0, std::string(bytes)};
  const auto kind = static_cast<ValueTag>(tag);
  std::string_view rest = bytes.substr(1);
  Value out{kind, 0, {}};
  switch (kind) {
    case ValueTag::kNull: return out;
    case ValueTag::kBool: out.cell = static_cast<uint8_t>(rest.front()); return out;
    case ValueTag::kInt:
    case ValueTag::kFloat:
    case ValueTag::kTime: out.cell = load_le<uint64_t>(rest.data()); return out;
    case ValueTag::kObject: out.tail = rest; return out;
    default: out.tail = rest.substr(4); return out;  // what is in the tail has its length first
  }
}

Result<Value> Value::json(std::string_view text) {
  const Result<std::string> bytes = nested_from_json(text, JsonNumbers::kPython);
  if (!bytes.ok()) return bytes.status();
  return nested(*bytes);
}

}  // namespace headrace::collect
