#include "query/slot_json.h"

#include <charconv>
#include <cmath>

#include "base/clock.h"
#include "query/json.h"

namespace headrace::query {
namespace {

// A text within a map of one member; `text` needs no escapes.
void add_wrapped(std::string_view name, std::string_view text, std::string* out) {
  *out += "{\"$";
  *out += name;
  *out += "\":\"";
  *out += text;
  *out += "\"}";
}

void add_real(double value, std::string* out) {
  if (!std::isfinite(value)) {
    const std::string sign = std::signbit(value) ? "-" : "";
    add_wrapped("float", sign + (std::isnan(value) ? "nan" : "inf"), out);
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  *out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) *out += ".0";
}

// decimal:0.10
void add_typed(std::string_view text, std::string* out) {
  const size_t colon = text.find(':');
  const std::string_view value = colon == std::string_view::npos ? text : text.substr(colon + 1);
  *out +=
      '{' + json_quoted("$" + std::string(text.substr(0, colon))) + ':' + json_quoted(value) + '}';
}

}  // namespace

bool add_slot_json(const store::Chunk& chunk, size_t column, size_t row, ValueTag type,
                   std::string* out) {
  if (chunk.is_null(column, row)) return false;
  switch (type) {
    case ValueTag::kNull: *out += "null"; break;
    case ValueTag::kBool: *out += chunk.boolean(column, row) ? "true" : "false"; break;
    case ValueTag::kInt: *out += std::to_string(chunk.integer(column, row)); break;
    case ValueTag::kFloat: add_real(chunk.real(column, row), out); break;
    case ValueTag::kString: *out += json_quoted(chunk.text(column, row)); break;
    case ValueTag::kBytes: add_wrapped("bytes", chunk.text(column, row), out); break;
    case ValueTag::kBigInt: add_wrapped("int", chunk.text(column, row), out); break;
    case ValueTag::kTime: add_wrapped("time", utc_text(chunk.integer(column, row)), out); break;
    case ValueTag::kObject: add_wrapped("object", chunk.text(column, row), out); break;
    case ValueTag::kTyped: add_typed(chunk.text(column, row), out); break;
    case ValueTag::kNested:
    case ValueTag::kPlaceholder: *out += chunk.text(column, row); break;  // JSON already
  }
  return true;
}

}  // namespace headrace::query
