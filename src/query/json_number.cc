#include "query/json_number.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "query/json.h"

namespace headrace::query {
namespace {

size_t end_of_string(std::string_view text, size_t begin) {
  size_t at = begin + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at;
}

// What the text begins with.
std::optional<double> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.empty()) return std::nullopt;
  double value = 0;
  const auto [past, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && past != text.data()) return value;
  // NaN and infinities: {"$float":"nan"} or bare words. Anything else is no number.
  const char first = text.front();
  if (first != '{' && first != 'N' && first != 'I' && first != '-') return std::nullopt;
  return std::numeric_limits<double>::quiet_NaN();
}

// Where the key stands in an object whose text makes it easy: no backslash and nothing nested
// before it, so that a quote behind a brace or a comma begins a key.
size_t find_plain(std::string_view object, std::string_view quoted) {
  if (object.empty() || object[0] != '{') return std::string_view::npos;
  for (size_t at = 1; at + quoted.size() <= object.size(); ++at) {
    const char c = object[at];
    if (c == '{' || c == '[' || c == '\\') break;
    if (c != '"' || (at > 1 && object[at - 1] != ',')) continue;
    if (object.compare(at, quoted.size(), quoted) == 0) return at;
  }
  return std::string_view::npos;
}

}  // namespace

JsonNumber::JsonNumber(std::string_view key) : key_(key) {
  if (key.find_first_of("\"\\") == std::string_view::npos) quoted_ = '"' + key_ + "\":";
}

std::optional<double> JsonNumber::in(std::string_view object) const {
  if (!quoted_.empty()) {
    const size_t at = find_plain(object, quoted_);
    if (at != std::string_view::npos) return number_at(object.substr(at + quoted_.size()));
  }
  int depth = 0;
  for (size_t at = 0; at < object.size(); ++at) {
    const char c = object[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t end = end_of_string(object, at);
    if (end >= object.size()) return std::nullopt;
    size_t after = end + 1;
    while (after < object.size() && object[after] == ' ') ++after;
    const bool is_key = depth == 1 && after < object.size() && object[after] == ':';
    if (is_key) {
      const std::string_view raw = object.substr(at + 1, end - at - 1);
      bool same = raw == key_;
      if (!same && raw.find('\\') != std::string_view::npos) {
        const Result<Json> name = Json::parse(object.substr(at, end - at + 1));
        same = name.ok() && name->text() == key_;
      }
      if (same) {
        return number_at(object.substr(after + 1));
      }
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace headrace::query
