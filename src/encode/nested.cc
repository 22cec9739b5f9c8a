#include "encode/nested.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "base/clock.h"
#include "encode/odd_text.h"

namespace headrace {
namespace {

class JsonWriter {
 public:
  JsonWriter(std::string& out, std::string_view in) : out_(out), in_(in) {}
  bool value(int depth);
  bool done() const { return in_.ok() && in_.remaining() == 0; }

 private:
  bool list(int depth);
  bool set(int depth);
  bool map(int depth);
  bool key();
  bool is_json_object(ByteReader look, uint32_t count, int depth, bool* is_object) const;
  bool typed(std::string_view bytes);
  bool of_newer_version(uint8_t tag);
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
  if (tag == kNestedSet) return set(depth);
  switch (static_cast<ValueTag>(tag)) {
    case ValueTag::kNull: out_ += "null"; break;
    case ValueTag::kBool: out_ += in_.u8() != 0 ? "true" : "false"; break;
    case ValueTag::kInt: out_ += std::to_string(in_.i64()); break;
    case ValueTag::kFloat: append_json_float(out_, in_.f64()); break;
    case ValueTag::kTime: tagged("$time", utc_text(in_.i64())); break;
    case ValueTag::kString: append_json_text(out_, in_.text()); break;
    case ValueTag::kTyped: {
      const std::string_view bytes = in_.text();
      return in_.ok() && typed(bytes);
    }
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
    default: return of_newer_version(tag);
  }
  return in_.ok();
}

// {"$tag<n>":"<hex>"}: the bytes of a value whose meaning a newer version knows.
bool JsonWriter::of_newer_version(uint8_t tag) {
  if (tag < kFirstNewCellTag || tag >= kPastNewTailTags) return false;
  const std::string_view bytes = tag < kFirstNewTailTag ? in_.raw(8) : in_.text();
  tagged("$tag" + std::to_string(tag), to_hex(bytes));
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

bool JsonWriter::set(int depth) {
  out_ += "{\"$set\":";
  if (!list(depth)) return false;
  out_ += '}';
  return true;
}

bool JsonWriter::typed(std::string_view bytes) {
  std::string_view name;
  std::string_view text;
  if (!split_typed(bytes, &name, &text)) return false;
  const bool is_number = !text.empty() && text.size() < 10 &&
                         text.find_first_not_of("0123456789") == std::string_view::npos;
  if (name == "ref" && is_number && (text[0] != '0' || text.size() == 1)) {
    out_ += "{\"$ref\":";
    out_ += text;
    out_ += '}';
  } else if (is_utf8(text)) {
    out_ += "{\"$";
    out_ += name;
    out_ += "\":";
    append_json_string(out_, text);
    out_ += '}';
  } else {
    const std::string escaped = escaped_typed(bytes);
    return typed(escaped);
  }
  return true;
}

// A string that is the key of an object. One that begins with '$' gets another, so that no map is
// taken for a typed value.
bool JsonWriter::key() {
  in_.u8();
  const std::string_view text = in_.text();
  if (text.starts_with('$')) {
    append_json_string(out_, "$" + std::string(text));
  } else {
    append_json_string(out_, text);
  }
  return in_.ok();
}

// True when the map's keys are different strings. JSON keys are strings: another key makes the
// whole map a list of pairs, so nothing is merged.
bool JsonWriter::is_json_object(ByteReader look, uint32_t count, int depth, bool* is_object) const {
  std::unordered_set<std::string_view> keys;
  *is_object = true;
  for (uint32_t i = 0; i < count && *is_object; ++i) {
    ByteReader key = look;
    *is_object = key.u8() == static_cast<uint8_t>(ValueTag::kString);
    if (*is_object) {
      const std::string_view text = key.text();
      *is_object = key.ok() && is_utf8(text) && (count == 1 || keys.insert(text).second);
    }
    for (int part = 0; part < 2; ++part) {  // the key, the value
      if (!skip_nested(look, depth + 1)) return false;
    }
  }
  return true;
}

bool JsonWriter::map(int depth) {
  const uint32_t count = in_.u32();
  if (!in_.ok() || count > in_.remaining()) return false;
  bool is_object = false;
  if (!is_json_object(in_, count, depth, &is_object)) return false;
  out_ += is_object ? "{" : "{\"$map\":[";
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) out_ += ',';
    if (is_object ? !key() : (out_ += '[', !value(depth + 1))) return false;
    out_ += is_object ? ':' : ',';
    if (!value(depth + 1)) return false;
    if (!is_object) out_ += ']';
  }
  out_ += is_object ? "}" : "]}";
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

void NestedWriter::typed(std::string_view name, std::string_view text) {
  tag(ValueTag::kTyped);
  bytes_.u32(static_cast<uint32_t>(name.size() + 1 + text.size()));
  bytes_.raw(name.data(), name.size());
  bytes_.u8(':');
  bytes_.raw(text.data(), text.size());
}

bool split_typed(std::string_view bytes, std::string_view* name, std::string_view* text) {
  const size_t colon = bytes.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  *name = bytes.substr(0, colon);
  *text = bytes.substr(colon + 1);
  return name->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

std::string escaped_typed(std::string_view bytes) {
  const size_t colon = std::min(bytes.find(':'), bytes.size());
  return std::string(bytes.substr(0, colon)) +
         "_escaped:" + escaped_text(bytes.substr(std::min(colon + 1, bytes.size())));
}

void append_json_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_json_string(out, text);
  out += "{\"$text\":";
  append_json_string(out, escaped_text(text));
  out += '}';
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool is_valid = is_utf8(text);
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
    } else if (c < 0x80 || is_valid) {
      out += text[0];
    } else {
      for (n = 2; n <= 4 && n <= text.size() && !is_utf8(text.substr(0, n));) ++n;
      if (n <= 4 && n <= text.size()) {
        out += text.substr(0, n);
      } else {
        out += "\xEF\xBF\xBD";
        n = 1;
      }
    }
    text.remove_prefix(n);
  }
  out += '"';
}

void append_json_float(std::string& out, double v) {
  constexpr uint64_t kPlainNan = 0x7FF8000000000000;
  if (std::isnan(v)) {
    const auto bits = std::bit_cast<uint64_t>(v);
    out += R"({"$float":"nan)";
    if (bits != kPlainNan) {
      char digits[24];
      out += "(0x";
      out.append(digits, std::to_chars(digits, digits + sizeof digits, bits, 16).ptr);
      out += ')';
    }
    out += "\"}";
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

bool skip_nested(ByteReader& in, int depth, std::vector<Uuid>* objects) {
  if (depth > kMaxNestedDepth) return false;
  const uint8_t tag = in.u8();
  if (tag >= kNestedList && tag <= kNestedSet) {
    const uint64_t values = uint64_t{in.u32()} * (tag == kNestedMap ? 2 : 1);
    if (values > in.remaining()) return false;
    for (uint64_t i = 0; i < values; ++i) {
      if (!skip_nested(in, depth + 1, objects)) return false;
    }
    return in.ok();
  }
  switch (static_cast<ValueTag>(tag)) {
    case ValueTag::kNull: break;
    case ValueTag::kBool: in.u8(); break;
    case ValueTag::kInt:
    case ValueTag::kFloat:
    case ValueTag::kTime: in.u64(); break;
    case ValueTag::kObject:
      if (const std::string_view id = in.raw(16); objects != nullptr && id.size() == 16) {
        objects->push_back(Uuid::from_bytes(reinterpret_cast<const uint8_t*>(id.data())));
      }
      break;
    default:
      if (tag >= kFirstNewCellTag && tag < kFirstNewTailTag)
        in.u64();
      else
        in.text();
      break;
  }
  return in.ok();
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
    case ValueTag::kTyped: {
      std::string_view name;
      std::string_view text;
      if (!split_typed(tail, &name, &text)) return corrupt("a typed text has no type");
      writer.typed(name, text);
      break;
    }
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
