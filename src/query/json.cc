#include "query/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr int kMaxDepth = 512;

// A character that stands for itself in a string.
bool is_plain(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Json> document() {
    Json value;
    if (!read(&value, 0) || (skip_space(), at_ != text_.size())) {
      return corrupt("not JSON at byte " + std::to_string(at_));
    }
    return value;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool read(Json* out, int depth) {
    skip_space();
    if (at_ >= text_.size() || depth > kMaxDepth) return false;
    switch (text_[at_]) {
      case '{': return read_map(out, depth);
      case '[': return read_list(out, depth);
      case '"': {
        std::string s;
        if (!read_string(&s)) return false;
        *out = Json(std::move(s));
        return true;
      }
      case 't': *out = Json(true); return take("true");
      case 'f': *out = Json(false); return take("false");
      case 'n': *out = Json(); return take("null");
      case 'N': *out = Json(std::numeric_limits<double>::quiet_NaN()); return take("NaN");
      case 'I': *out = Json(std::numeric_limits<double>::infinity()); return take("Infinity");
      default: return read_number(out);
    }
  }
  bool read_number(Json* out) {
    if (take("-Infinity")) {
      *out = Json(-std::numeric_limits<double>::infinity());
      return true;
    }
    size_t end = at_;
    bool whole = true;
    while (end < text_.size()) {
      const char c = text_[end];
      if (c == '.' || c == 'e' || c == 'E') whole = false;
      if (!((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E')) {
        break;
      }
      ++end;
    }
    const char* first = text_.data() + at_;
    const char* last = text_.data() + end;
    if (whole) {
      int64_t value = 0;
      if (auto [p, error] = std::from_chars(first, last, value);
          error == std::errc() && p == last) {
        *out = Json(value);
        at_ = end;
        return true;
      } else if (error == std::errc::result_out_of_range && p == last) {
        *out = Json(Json::BigInt{std::string(first, last)});
        at_ = end;
        return true;
      }
    }
    double value = 0;
    if (auto [p, error] = std::from_chars(first, last, value); error != std::errc() || p != last) {
      return false;
    }
    *out = Json(value);
    at_ = end;
    return true;
  }
  bool read_hex4(uint32_t* out) {
    if (at_ + 4 > text_.size()) return false;
    auto [p, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, *out, 16);
    if (error != std::errc() || p != text_.data() + at_ + 4) return false;
    at_ += 4;
    return true;
  }
  bool read_escape(std::string* out) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/': *out += c; return true;
      case 'b': *out += '\b'; return true;
      case 'f': *out += '\f'; return true;
      case 'n': *out += '\n'; return true;
      case 'r': *out += '\r'; return true;
      case 't': *out += '\t'; return true;
      case 'u': break;
      default: return false;
    }
    uint32_t point = 0;
    if (!read_hex4(&point)) return false;
    if (point >= 0xD800 && point < 0xDC00 && take("\\u")) {
      uint32_t low = 0;
      if (!read_hex4(&low)) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(point, out);
    return true;
  }
  bool read_string(std::string* out) {
    ++at_;  // the quote
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\') {
        if (!read_escape(out)) return false;
      } else {
        *out += c;
      }
    }
    return false;
  }
  bool read_list(Json* out, int depth) {
    ++at_;
    Json::List list;
    skip_space();
    if (!take("]")) {
      do {
        if (!read(&list.emplace_back(), depth + 1)) return false;
        skip_space();
      } while (take(","));
      if (!take("]")) return false;
    }
    *out = Json(std::move(list));
    return true;
  }
  bool read_map(Json* out, int depth) {
    ++at_;
    Json::Map map;
    skip_space();
    if (!take("}")) {
      do {
        skip_space();
        auto& [key, value] = map.emplace_back();
        if (at_ >= text_.size() || text_[at_] != '"' || !read_string(&key)) return false;
        skip_space();
        if (!take(":") || !read(&value, depth + 1)) return false;
        skip_space();
      } while (take(","));
      if (!take("}")) return false;
    }
    *out = Json(std::move(map));
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

void append_escaped(uint32_t point, std::string* out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  *out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) *out += kHex[point >> shift & 15];
}

void new_line(std::string* out, int indent, int depth) {
  if (indent == 0) return;
  *out += '\n';
  out->append(static_cast<size_t>(indent) * static_cast<size_t>(depth), ' ');
}

}  // namespace

Result<Json> Json::parse(std::string_view text) { return Reader(text).document(); }

std::optional<double> Json::number() const {
  if (const auto* i = as<int64_t>()) return static_cast<double>(*i);
  if (const auto* d = as<double>()) return *d;
  if (const auto* big = as<BigInt>()) return std::strtod(big->digits.c_str(), nullptr);
  return std::nullopt;
}

const Json& Json::operator[](std::string_view key) const {
  static const Json absent;
  if (const Map* map = as<Map>()) {
    for (const auto& [name, value] : *map) {
      if (name == key) return value;
    }
  }
  return absent;
}

std::string Json::text() const {
  if (const auto* s = as<std::string>()) return *s;
  return dump();
}

std::string Json::dump() const {
  std::string out;
  write(&out, 0, 0);
  return out;
}

std::string Json::dump_pretty() const {
  std::string out;
  write(&out, 2, 0);
  return out;
}

void Json::write(std::string* out, int indent, int depth) const {
  if (const auto* b = as<bool>()) {
    *out += *b ? "true" : "false";
  } else if (const auto* i = as<int64_t>()) {
    *out += std::to_string(*i);
  } else if (const auto* d = as<double>()) {
    *out += json_number(*d);
  } else if (const auto* big = as<BigInt>()) {
    *out += big->digits;
  } else if (const auto* s = as<std::string>()) {
    *out += json_quoted(*s);
  } else if (const auto* list = as<List>()) {
    *out += '[';
    for (size_t k = 0; k < list->size(); ++k) {
      if (k > 0) *out += ',';
      new_line(out, indent, depth + 1);
      (*list)[k].write(out, indent, depth + 1);
    }
    if (!list->empty()) new_line(out, indent, depth);
    *out += ']';
  } else if (const auto* map = as<Map>()) {
    *out += '{';
    for (size_t k = 0; k < map->size(); ++k) {
      if (k > 0) *out += ',';
      new_line(out, indent, depth + 1);
      *out += json_quoted((*map)[k].first);
      *out += indent > 0 ? ": " : ":";
      (*map)[k].second.write(out, indent, depth + 1);
    }
    if (!map->empty()) new_line(out, indent, depth);
    *out += '}';
  } else {
    *out += "null";
  }
}

std::string json_quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (size_t at = 0; at < text.size();) {
    // Most texts are plain from end to end.
    size_t plain = at;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text, at, plain - at);
    at = plain;
    if (at == text.size()) break;
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte >= 0x80) {
      const std::string_view rest = text.substr(at);
      const size_t length = utf8_length(rest);
      // Escaped, so that JSON may be looked at on a terminal.
      if (acting_length(rest) > 0) {
        append_escaped(decode_utf8(rest, length), &out);
      } else {
        out += length == 0 ? "\xEF\xBF\xBD" : rest.substr(0, length);
      }
      at += length == 0 ? 1 : length;
      continue;
    }
    ++at;
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: append_escaped(byte, &out);
    }
  }
  return out += '"';
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace headrace::query
