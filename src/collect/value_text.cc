#include "collect/value_text.h"

#include <bit>
#include <charconv>

#include "base/bytes.h"
#include "encode/nested.h"
#include "encode/odd_text.h"

namespace headrace::collect {
namespace {

bool append(std::string& out, const Result<std::string>& text) {
  if (text.ok()) out += *text;
  return text.ok();
}

}  // namespace

bool append_slot_text(std::string& out, ValueTag tag, std::string_view tail) {
  switch (tag) {
    case ValueTag::kString:
      if (!is_utf8(tail)) return false;
      out += tail;
      return true;
    case ValueTag::kBigInt: {
      const std::string_view digits = tail.starts_with('-') ? tail.substr(1) : tail;
      if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return false;
      }
      out += tail;
      return true;
    }
    case ValueTag::kTyped: {
      std::string_view name;
      std::string_view text;
      if (!split_typed(tail, &name, &text) || !is_utf8(text)) return false;
      out += tail;
      return true;
    }
    case ValueTag::kBytes: out += to_hex(tail); return true;
    case ValueTag::kObject:
      if (tail.size() != 16) return false;
      out += Uuid::from_bytes(reinterpret_cast<const uint8_t*>(tail.data())).text();
      return true;
    case ValueTag::kNested:
    case ValueTag::kPlaceholder: return append(out, cell_to_json(tag, 0, tail));
    default: return false;
  }
}

bool append_json(std::string& out, ValueTag tag, uint64_t cell, std::string_view tail) {
  switch (tag) {
    case ValueTag::kNull: out += "null"; return true;
    case ValueTag::kBool: out += cell != 0 ? "true" : "false"; return true;
    case ValueTag::kInt: {
      char text[24];
      const auto end = std::to_chars(text, text + sizeof text, static_cast<int64_t>(cell)).ptr;
      out.append(text, end);
      return true;
    }
    case ValueTag::kFloat: append_json_float(out, std::bit_cast<double>(cell)); return true;
    case ValueTag::kString: append_json_text(out, tail); return true;
    default: return append(out, cell_to_json(tag, cell, tail));
  }
}

bool is_beyond_128_bits(std::string_view big_int) {
  constexpr std::string_view kMost = "170141183460469231731687303715884105727";  // 2^127 - 1
  if (big_int.starts_with('-')) big_int.remove_prefix(1);
  if (big_int.starts_with("0x")) return true;
  return big_int.size() > kMost.size() || (big_int.size() == kMost.size() && big_int > kMost);
}

bool split_map(std::string_view nested,
               std::vector<std::pair<std::string_view, std::string_view>>& out) {
  ByteReader in(nested);
  if (in.u8() != kNestedMap) return false;
  const uint32_t count = in.u32();
  if (!in.ok() || count > in.remaining()) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (in.u8() != static_cast<uint8_t>(ValueTag::kString)) return false;
    const std::string_view key = in.text();
    const size_t begin = in.position();
    if (!skip_nested(in, 1)) return false;
    out.emplace_back(key, nested.substr(begin, in.position() - begin));
  }
  return in.ok() && in.remaining() == 0;
}

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t n = 1;
    while (n <= 4 && at + n <= text.size() && !is_utf8(text.substr(at, n))) ++n;
    if (n > 4 || at + n > text.size()) {
      out += "\xEF\xBF\xBD";
      ++at;
    } else {
      out += text.substr(at, n);
      at += n;
    }
  }
  return out;
}

void append_objects(std::vector<Uuid>& out, std::string_view nested) {
  ByteReader in(nested);
  static_cast<void>(skip_nested(in, 0, &out));
}

}  // namespace headrace::collect
