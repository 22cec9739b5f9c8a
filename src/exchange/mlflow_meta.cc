#include "exchange/mlflow_meta.h"

#include <charconv>
#include <vector>

namespace headrace::exchange {
namespace {

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// 'It''s' : a quote within is written twice. False when it does not end.
bool single_quoted(std::string_view in, std::string& out) {
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i] != '\'') {
      out += in[i];
    } else if (i + 1 < in.size() && in[i + 1] == '\'') {
      out += '\'';
      ++i;
    } else {
      return i + 1 == in.size();
    }
  }
  return false;
}

bool double_quoted(std::string_view in, std::string& out) {
  constexpr std::string_view kNames = "0abtnvfre\"/\\ N_";
  constexpr uint32_t kCodes[] = {0, 7, 8, 9, 10, 11, 12, 13, 27, '"', '/', '\\', ' ', 0x85, 0xA0};
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i] == '"') return i + 1 == in.size();
    if (in[i] != '\\') {
      out += in[i];
      continue;
    }
    if (++i == in.size()) return false;
    const size_t digits = in[i] == 'x' ? 2 : in[i] == 'u' ? 4 : in[i] == 'U' ? 8 : 0;
    const size_t named = kNames.find(in[i]);
    uint32_t code = 0;
    if (digits > 0) {
      if (i + digits >= in.size()) return false;
      const char* from = in.data() + i + 1;
      const auto read = std::from_chars(from, from + digits, code, 16);
      if (read.ptr != from + digits || code > 0x10FFFF) return false;
      i += digits;
    } else if (named != std::string_view::npos) {
      code = kCodes[named];
    } else {
      return false;
    }
    append_utf8(out, code);
  }
  return false;
}

bool scalar(std::string_view in, std::optional<std::string>& out) {
  if (in.empty() || in == "null" || in == "~") {
    out = std::nullopt;
    return true;
  }
  std::string text;
  if (in[0] == '\'' || in[0] == '"') {
    if (!(in[0] == '\'' ? single_quoted(in, text) : double_quoted(in, text))) return false;
    out = std::move(text);
    return true;
  }
  // A plain scalar begins with none of these.
  if (std::string_view("&*!|>%@`").find(in[0]) != std::string_view::npos) return false;
  out = std::string(in);
  return true;
}

// What goes on in the next line: one line break is a blank, n + 1 of them are n. In double quotes a
// backslash at the end joins without.
void join(std::string& value, std::string_view line, size_t& breaks) {
  const size_t from = line.find_first_not_of(' ');
  if (from == std::string_view::npos) {
    ++breaks;
    return;
  }
  if (breaks > 0) {
    value.append(breaks, '\n');
  } else if (value.starts_with('"') && value.ends_with('\\')) {
    value.pop_back();
  } else if (!value.empty()) {
    value += ' ';
  }
  breaks = 0;
  value += line.substr(from);
}

}  // namespace

std::string MlflowMeta::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second.value_or("");
}

std::optional<int64_t> MlflowMeta::integer(std::string_view name) const {
  const std::string value = text(name);
  int64_t out = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), out);
  const bool is_whole = read.ec == std::errc() && read.ptr == value.data() + value.size();
  return is_whole ? std::optional(out) : std::nullopt;
}

Result<MlflowMeta> parse_meta(std::string_view yaml) {
  MlflowMeta out;
  std::string name;
  std::string value;
  size_t breaks = 0;
  size_t number = 0;
  size_t begun_at = 0;
  bool is_nested = false;
  const auto finish = [&]() -> Status {
    if (name.empty()) return ok_status();
    std::optional<std::string>& to = out.values_[name];
    if (is_nested) {
      to = value;
    } else if (!scalar(value, to)) {
      return corrupt("line " + std::to_string(begun_at) +
                     " of meta.yaml is not understood: " + name + ": " + value.substr(0, 80));
    }
    return ok_status();
  };
  while (!yaml.empty()) {
    const size_t end = yaml.find('\n');
    std::string_view line = yaml.substr(0, end);
    yaml.remove_prefix(end == std::string_view::npos ? yaml.size() : end + 1);
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_blank = line.find_first_not_of(' ') == std::string_view::npos;
    if (is_blank || line[0] == ' ' || line[0] == '-') {
      if (name.empty() && is_blank) continue;
      if (name.empty())
        return corrupt("line " + std::to_string(number) + " of meta.yaml goes on nothing");
      // An indented line behind a name alone begins a map of its own; a list is not indented.
      if (!is_blank && value.empty()) is_nested = true;
      if (is_nested) {
        value += line;
        value += '\n';
      } else {
        join(value, line, breaks);
      }
      continue;
    }
    HEADRACE_RETURN_IF_ERROR(finish());
    const size_t colon = line.find(':');
    const bool is_name = colon != std::string_view::npos && colon > 0 &&
                         (colon + 1 == line.size() || line[colon + 1] == ' ');
    if (!is_name ||
        line.substr(0, colon).find_first_of("\"'{}[]#&*!|>% ") != std::string_view::npos) {
      return corrupt("line " + std::to_string(number) +
                     " of meta.yaml is no name with a value: " + std::string(line.substr(0, 80)));
    }
    name = line.substr(0, colon);
    begun_at = number;
    breaks = 0;
    is_nested = false;
    const size_t from = line.find_first_not_of(' ', colon + 1);
    value = from == std::string_view::npos ? std::string() : std::string(line.substr(from));
  }
  HEADRACE_RETURN_IF_ERROR(finish());
  return out;
}

}  // namespace headrace::exchange
