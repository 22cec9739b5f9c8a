#include "serve/url.h"

namespace headrace::serve {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]);
      const int low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Url url_of(std::string_view target) {
  Url out;
  const size_t mark = target.find('?');
  out.path = std::string(target.substr(0, mark));
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view one = rest.substr(0, end);
    const size_t equals = one.find('=');
    const auto name = decoded(one.substr(0, equals), true);
    const auto value =
        decoded(equals == std::string_view::npos ? "" : one.substr(equals + 1), true);
    if (!one.empty()) {
      out.query.emplace_back(name.value_or(std::string(one)), value.value_or(std::string(one)));
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return out;
}

std::optional<std::vector<std::string>> parts_of(std::string_view path) {
  std::vector<std::string> out;
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  for (;;) {
    const size_t end = path.find('/');
    const auto part = decoded(path.substr(0, end), false);
    if (!part) return std::nullopt;
    out.push_back(*part);
    if (end == std::string_view::npos) return out;
    path = path.substr(end + 1);
  }
}

}  // namespace headrace::serve
