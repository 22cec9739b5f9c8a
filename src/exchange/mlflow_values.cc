#include "exchange/mlflow_values.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace headrace::exchange {
namespace {

using collect::Value;

// As Python's repr: the fewest digits that read back the same, with an exponent below 1e-4 and from
// 1e16 on, otherwise with a point.
std::string python_text(double v) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, v, std::chars_format::scientific);
  const std::string_view shortest(digits, static_cast<size_t>(end.ptr - digits));
  const size_t e = shortest.find('e');
  int exponent = 0;
  const char* from = shortest.data() + e + 1;
  if (*from == '+') ++from;
  std::from_chars(from, end.ptr, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(shortest);
  char fixed[64];
  const auto fixed_end = std::to_chars(fixed, fixed + sizeof fixed, v, std::chars_format::fixed);
  std::string out(fixed, fixed_end.ptr);
  return out.find('.') == std::string::npos ? out + ".0" : out;
}

std::optional<double> as_float(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!is_whole || !std::isfinite(value) || python_text(value) != text) return std::nullopt;
  return value;
}

}  // namespace

Value param_value(std::string_view text) {
  if (text == "True") return Value::of(true);
  if (text == "False") return Value::of(false);
  int64_t integer = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (read.ec == std::errc() && std::to_string(integer) == text) return Value::of(integer);
  if (const std::optional<double> number = as_float(text)) return Value::of(*number);
  return Value::of(text);
}

Value json_or_text(std::string_view text) { return Value::json(text).value_or(Value::of(text)); }

}  // namespace headrace::exchange
