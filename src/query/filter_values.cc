// Quantities and times as they are written in a filter.
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "query/filter_fields.h"
#include "query/nearest.h"

namespace headrace::query {
namespace {

struct UnitOf {
  std::string_view name;
  FieldKind measures;
  double factor;
};

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 86400;
constexpr std::array<UnitOf, 28> kUnits = {{
    {"J", FieldKind::kEnergy, 1},
    {"mJ", FieldKind::kEnergy, 1e-3},
    {"kJ", FieldKind::kEnergy, 1e3},
    {"MJ", FieldKind::kEnergy, 1e6},
    {"GJ", FieldKind::kEnergy, 1e9},
    {"Wh", FieldKind::kEnergy, kHour},
    {"kWh", FieldKind::kEnergy, 1e3 * kHour},
    {"MWh", FieldKind::kEnergy, 1e6 * kHour},
    {"s", FieldKind::kDuration, 1},
    {"ms", FieldKind::kDuration, 1e-3},
    {"us", FieldKind::kDuration, 1e-6},
    {"µs", FieldKind::kDuration, 1e-6},
    {"ns", FieldKind::kDuration, 1e-9},
    {"min", FieldKind::kDuration, kMinute},
    {"h", FieldKind::kDuration, kHour},
    {"d", FieldKind::kDuration, kDay},
    {"w", FieldKind::kDuration, 7 * kDay},
    {"B", FieldKind::kBytes, 1},
    {"kB", FieldKind::kBytes, 1e3},
    {"KB", FieldKind::kBytes, 1e3},
    {"MB", FieldKind::kBytes, 1e6},
    {"GB", FieldKind::kBytes, 1e9},
    {"TB", FieldKind::kBytes, 1e12},
    {"PB", FieldKind::kBytes, 1e15},
    {"KiB", FieldKind::kBytes, 1024.0},
    {"MiB", FieldKind::kBytes, 1024.0 * 1024},
    {"GiB", FieldKind::kBytes, 1024.0 * 1024 * 1024},
    {"TiB", FieldKind::kBytes, 1024.0 * 1024 * 1024 * 1024},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How long the number is that `text` begins with; 0 when it begins with none.
size_t number_length(std::string_view text) {
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  size_t count = digits();
  if (at < text.size() && text[at] == '.' && !text.substr(at).starts_with("..")) {
    ++at;
    count += digits();
  }
  if (count == 0) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const size_t before = at++;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) at = before;
  }
  return at;
}

constexpr int64_t kSecond = 1'000'000'000;

std::optional<int64_t> fixed_number(std::string_view* text, size_t least, size_t most) {
  size_t length = 0;
  while (length < text->size() && length < most && is_digit((*text)[length])) ++length;
  if (length < least) return std::nullopt;
  int64_t value = 0;
  std::from_chars(text->data(), text->data() + length, value);
  text->remove_prefix(length);
  return value;
}

bool take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

struct Clock {
  int64_t ns = 0;      // since midnight
  int64_t width = 0;   // what the last part stands for
  int64_t offset = 0;  // of the zone, in ns
};

// 12:30[:15[.5]][Z|+01:00], all of it.
std::optional<Clock> clock_of(std::string_view text) {
  Clock out;
  const auto hour = fixed_number(&text, 2, 2);
  if (!hour || *hour > 23 || !take(&text, ':')) return std::nullopt;
  const auto minute = fixed_number(&text, 2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  out.ns = (*hour * 60 + *minute) * 60 * kSecond;
  out.width = 60 * kSecond;
  if (take(&text, ':')) {
    const auto second = fixed_number(&text, 2, 2);
    if (!second || *second > 59) return std::nullopt;
    out.ns += *second * kSecond;
    out.width = kSecond;
    if (take(&text, '.')) {
      const size_t before = text.size();
      auto part = fixed_number(&text, 1, 9);
      if (!part) return std::nullopt;
      for (size_t digits = before - text.size(); digits < 9; ++digits) *part *= 10;
      for (size_t digits = before - text.size(); digits > 0; --digits) out.width /= 10;
      out.ns += *part;
    }
  }
  if (text.empty() || text == "Z") return out;
  const bool west = text.front() == '-';
  if (!take(&text, '+') && !take(&text, '-')) return std::nullopt;
  const auto hours = fixed_number(&text, 2, 2);
  take(&text, ':');
  const auto minutes = text.empty() ? std::optional<int64_t>(0) : fixed_number(&text, 2, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59 || !text.empty()) return std::nullopt;
  out.offset = (*hours * 60 + *minutes) * 60 * kSecond * (west ? -1 : 1);
  return out;
}

int64_t day_ns(std::chrono::year_month_day day) {
  return std::chrono::sys_days(day).time_since_epoch().count() * int64_t{86400} * kSecond;
}

// 2026, 2026-11, 2026-11-01, 2026-11-01T12:30...
std::optional<TimeSpan> calendar(std::string_view text) {
  namespace chrono = std::chrono;
  const auto year = fixed_number(&text, 4, 4);
  if (!year || *year < 1970 || *year > 2261) return std::nullopt;
  const chrono::year y(static_cast<int>(*year));
  if (text.empty()) {
    return TimeSpan{day_ns(y / 1 / 1), day_ns((y + chrono::years(1)) / 1 / 1)};
  }
  if (!take(&text, '-')) return std::nullopt;
  const auto month = fixed_number(&text, 2, 2);
  if (!month || *month < 1 || *month > 12) return std::nullopt;
  const chrono::year_month m = y / static_cast<int>(*month);
  if (text.empty()) return TimeSpan{day_ns(m / 1), day_ns((m + chrono::months(1)) / 1)};
  if (!take(&text, '-')) return std::nullopt;
  const auto day = fixed_number(&text, 2, 2);
  if (!day || !(m / static_cast<int>(*day)).ok()) return std::nullopt;
  const int64_t begin = day_ns(m / static_cast<int>(*day));
  if (text.empty()) return TimeSpan{begin, begin + 86400 * kSecond};
  if (!take(&text, 'T') && !take(&text, ' ')) return std::nullopt;
  const auto clock = clock_of(text);
  if (!clock) return std::nullopt;
  const int64_t at = begin + clock->ns - clock->offset;
  return TimeSpan{at, at + clock->width};
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  for (const std::string_view word : {"nan", "inf", "-inf", "NaN", "Infinity", "-Infinity"}) {
    if (text == word) return Quantity{std::strtod(std::string(word).c_str(), nullptr), "", "", {}};
  }
  const size_t length = number_length(text);
  if (length == 0) return std::nullopt;
  Quantity out;
  out.digits = text.substr(text[0] == '+' ? 1 : 0, length - (text[0] == '+' ? 1 : 0));
  out.unit = text.substr(length);
  out.measures = FieldKind::kNumber;
  out.value = std::strtod(out.digits.c_str(), nullptr);
  if (out.unit.empty()) return out;
  for (const UnitOf& unit : kUnits) {
    if (unit.name != out.unit) continue;
    out.value *= unit.factor;
    out.measures = unit.measures;
    return out;
  }
  return std::nullopt;
}

std::string unit_names(FieldKind kind) {
  std::vector<std::string> names;
  for (const UnitOf& unit : kUnits) {
    if (unit.measures == kind && unit.name != "us" && unit.name != "KB") {
      names.emplace_back(unit.name);
    }
  }
  return listed(names);
}

std::optional<TimeSpan> parse_time(std::string_view text, int64_t now_ns) {
  constexpr int64_t kDayNs = 86400 * kSecond;
  const int64_t midnight = now_ns - now_ns % kDayNs;
  if (text == "now") return TimeSpan{now_ns, now_ns + 1};
  if (text == "today") return TimeSpan{midnight, midnight + kDayNs};
  if (text == "yesterday") return TimeSpan{midnight - kDayNs, midnight};
  if (!text.empty() && text[0] == '-') {
    const auto ago = parse_quantity(text);
    if (!ago || ago->measures != FieldKind::kDuration) return std::nullopt;
    if (!(ago->value * 1e9 > -9e18 && ago->value <= 0)) return std::nullopt;
    const int64_t at = now_ns + static_cast<int64_t>(ago->value * 1e9);
    return TimeSpan{at, at + 1};
  }
  return calendar(text);
}

}  // namespace headrace::query
