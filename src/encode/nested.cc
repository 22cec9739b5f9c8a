#include "encode/nested.h"

#include <charconv>
#include <cmath>

#include "base/clock.h"

namespace headrace {
namespace {

// The length of the well-formed UTF-8 sequence at the start of `s`, or 0.
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  size_t n = 0;
  uint32_t min = 0;
  uint32_t code = 0;
  if (lead >= 0xC2 && lead < 0xE0)
    n = 2, min = 0x80, code = lead & 0x1F;
  else if (lead >= 0xE0 && lead < 0xF0)
    n = 3, min = 0x800, code = lead & 0x0F;
  else if (lead >= 0xF0 && lead < 0xF5)
    n = 4, min = 0x10000, code = lead & 0x07;
  if (n == 0 || s.size() < n) return 0;
  for (size_t i = 1; i < n; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (at(i) & 0x3F);
  }
  if (code < min || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  return n;
}

// Moves past one value without reading it; false when it is none.
bool skip(ByteReader& in, int depth) {
  if (depth > kMaxNestedDepth) return false;
  const uint8_t tag = in.u8();
  if (tag == kNestedList || tag == kNestedMap) {
    const uint64_t values = uint64_t{in.u32()} * (tag == kNestedMap ? 2 : 1);
    if (values > in.remaining()) return false;
    for (uint64_t i = 0; i < values; ++i) {
      if (!skip(in, depth + 1)) return false;
    }
    return in.ok();
  }
  switch (static_cast<ValueTag>(tag)) {
    case ValueTag::kNull: break;
    case ValueTag::kBool: in.u8(); break;
    case ValueTag::kInt:
    case ValueTag::kFloat:
    case ValueTag::kTime: in.u64(); break;
    case ValueTag::kObject: in.raw(16); break;
    default: in.text(); break;
  }
  return in.ok();
}

class JsonWriter {
 public:
  JsonWriter(std::string& out, std::string_view in) : out_(out), in_(in) {}
  bool value(int depth);
  bool done() const { return in_.ok() && in_.remaining() == 0; }

 private:
  bool list(int depth);
  bool map(int depth);
  void tagged(std::string_view name, std::string_view text) {
    out_ += "{\"";
    out_ += name;
    out_ += "\":";
    append_json_string(out_, text);
    out_ += '}';
  }

  std::string& out_;
  ByteReader in_;
};

bool JsonWriter::value(int depth) {
  if (depth > kMaxNestedDepth) return false;
  const uint8_t tag = in_.u8();
  if (!in_.ok()) return false;
  if (tag == kNestedList) return list(depth);
  if (tag == kNestedMap) return map(depth);
  switch (static_cast<ValueTag>(tag)) {
    case ValueTag::kNull: out_ += "null"; break;
    case ValueTag::kBool: out_ += in_.u8() != 0 ? "true" : "false"; break;
    case ValueTag::kInt: out_ += std::to_string(in_.i64()); break;
    case ValueTag::kFloat: append_json_float(out_, in_.f64()); break;
    case ValueTag::kTime: tagged("$time", utc_text(in_.i64())); break;
    case ValueTag::kString: append_json_string(out_, in_.text()); break;
    case ValueTag::kBytes: tagged("$bytes", to_hex(in_.text())); break;
    case ValueTag::kBigInt: tagged("$int", in_.text()); break;
    case ValueTag::kObject: {
      const std::string_view b = in_.raw(16);
      if (!in_.ok()) return false;
      tagged("$object", Uuid::from_bytes(reinterpret_cast<const uint8_t*>(b.data())).text());
      break;
    }
    case ValueTag::kPlaceholder: {
      const std::string_view inner = in_.text();
      if (!in_.ok()) return false;
      out_ += "{\"$unkept\":";
      JsonWriter nested(out_, inner);
      if (!nested.value(depth + 1) || !nested.done()) return false;
      out_ += '}';
      break;
    }
    default: return false;
  }
  return in_.ok();
}

bool JsonWriter::list(int depth) {
  const uint32_t count = in_.u32();
  if (!in_.ok() || count > in_.remaining()) return false;
  out_ += '[';
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) out_ += ',';
    if (!value(depth + 1)) return false;
  }
  out_ += ']';
  return true;
}

bool JsonWriter::map(int depth) {
  const uint32_t count = in_.u32();
  if (!in_.ok() || count > in_.remaining()) return false;
  // JSON keys are strings: another key makes the whole map a list of pairs, so nothing is merged.
  ByteReader look = in_;
  bool all_strings = true;
  for (uint32_t i = 0; i < count && all_strings; ++i) {
    ByteReader key = look;
    all_strings = key.u8() == static_cast<uint8_t>(ValueTag::kString);
    for (int part = 0; part < 2; ++part) {  // the key, the value
      if (!skip(look, depth + 1)) return false;
    }
  }
  out_ += all_strings ? "{" : "{\"$map\":[";
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) out_ += ',';
    if (!all_strings) out_ += '[';
    if (!value(depth + 1)) return false;
    out_ += all_strings ? ':' : ',';
    if (!value(depth + 1)) return false;
    if (!all_strings) out_ += ']';
  }
  out_ += all_strings ? "}" : "]}";
  return true;
}

}  // namespace

void NestedWriter::placeholder(std::string_view type, std::string_view reason) {
  std::string inner;
  NestedWriter map(inner);
  map.begin_map(2);
  map.string("type");
  map.string(type);
  map.string("reason");
  map.string(reason);
  tag(ValueTag::kPlaceholder);
  bytes_.text(inner);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    size_t n = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else if (n = utf8_length(text); n > 0) {
      out += text.substr(0, n);
    } else {
      out += "\xEF\xBF\xBD";
      n = 1;
    }
    text.remove_prefix(n);
  }
  out += '"';
}

void append_json_float(std::string& out, double v) {
  if (std::isnan(v)) {
    out += R"({"$float":"nan"})";
  } else if (std::isinf(v)) {
    out += v > 0 ? R"({"$float":"inf"})" : R"({"$float":"-inf"})";
  } else {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, v).ptr;
    const std::string_view number(text, static_cast<size_t>(end - text));
    out += number;
    if (number.find_first_of(".e") == std::string_view::npos) out += ".0";
  }
}

Result<std::string> nested_to_json(std::string_view nested) {
  std::string out;
  JsonWriter writer(out, nested);
  if (!writer.value(0) || !writer.done()) {
    return corrupt("a nested value's bytes are not a value");
  }
  return out;
}

Result<std::string> cell_to_json(ValueTag tag, uint64_t cell, std::string_view tail) {
  if (tag == ValueTag::kNested) return nested_to_json(tail);
  std::string nested;
  NestedWriter writer(nested);
  switch (tag) {
    case ValueTag::kNull: writer.null(); break;
    case ValueTag::kBool: writer.boolean(cell != 0); break;
    case ValueTag::kInt: writer.integer(static_cast<int64_t>(cell)); break;
    case ValueTag::kFloat: writer.real(std::bit_cast<double>(cell)); break;
    case ValueTag::kTime: writer.time_ns(static_cast<int64_t>(cell)); break;
    case ValueTag::kString: writer.string(tail); break;
    case ValueTag::kBytes: writer.bytes(tail); break;
    case ValueTag::kBigInt: writer.big_integer(tail); break;
    case ValueTag::kObject:
      if (tail.size() != 16) return corrupt("an object reference is not 16 bytes");
      writer.object(Uuid::from_bytes(reinterpret_cast<const uint8_t*>(tail.data())));
      break;
    case ValueTag::kPlaceholder: {
      Result<std::string> inner = nested_to_json(tail);
      if (!inner.ok()) return inner;
      return "{\"$unkept\":" + *inner + "}";
    }
    default: return corrupt("unknown value tag " + std::to_string(static_cast<int>(tag)));
  }
  return nested_to_json(nested);
}

}  // namespace headrace
