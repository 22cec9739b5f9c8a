#include "query/csv_line.h"

#include <cctype>
#include <cstdio>
#include <ctime>

namespace headrace::query {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

// What follows the seconds: nothing or Z is UTC, else +01:00.
std::optional<int64_t> offset_s(const std::string& text) {
  if (text.empty() || text == "Z") return 0;
  int hours = 0;
  int minutes = 0;
  int used = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
      std::sscanf(text.c_str() + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5) {
    return std::nullopt;
  }
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

// Takes ".25" from the front of `rest`; digits beyond ns are dropped.
int64_t take_fraction_ns(std::string* rest) {
  if (rest->empty() || rest->front() != '.') return 0;
  size_t at = 1;
  int64_t out = 0;
  int64_t unit = kNsPerS;
  for (; at < rest->size() && std::isdigit(static_cast<unsigned char>((*rest)[at])) != 0; ++at) {
    unit /= 10;
    out += unit * ((*rest)[at] - '0');
  }
  rest->erase(0, at);
  return out;
}

}  // namespace

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      out.back() += line[i++];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      out.emplace_back();
    } else if (line[i] != '\r') {
      out.back() += line[i];
    }
  }
  return out;
}

std::optional<int64_t> written_time_ns(const std::string& text) {
  std::tm at{};
  int used = 0;
  int64_t fraction_ns = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &at.tm_year, &at.tm_mon, &at.tm_mday, &used) !=
      3) {
    return std::nullopt;
  }
  std::string rest = text.substr(static_cast<size_t>(used));
  if (!rest.empty() && (rest[0] == 'T' || rest[0] == ' ')) {
    used = 0;
    if (std::sscanf(rest.c_str() + 1, "%2d:%2d%n", &at.tm_hour, &at.tm_min, &used) != 2) {
      return std::nullopt;
    }
    rest.erase(0, 1 + static_cast<size_t>(used));
    used = 0;
    if (std::sscanf(rest.c_str(), ":%2d%n", &at.tm_sec, &used) == 1) {
      rest.erase(0, static_cast<size_t>(used));
      fraction_ns = take_fraction_ns(&rest);
    }
  }
  const std::optional<int64_t> offset = offset_s(rest);
  if (!offset || at.tm_mon < 1 || at.tm_mon > 12 || at.tm_mday < 1 || at.tm_mday > 31 ||
      at.tm_hour > 24 || at.tm_min > 59 || at.tm_sec > 60) {
    return std::nullopt;
  }
  at.tm_year -= 1900;
  at.tm_mon -= 1;
  return (timegm(&at) - *offset) * kNsPerS + fraction_ns;
}

}  // namespace headrace::query
