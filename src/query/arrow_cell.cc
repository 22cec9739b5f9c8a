// Values out of Arrow arrays, by the format strings of the C data interface.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/clock.h"
#include "base/moment_text.h"
#include "query/result_table.h"

namespace headrace::query {
namespace {

bool is_null(const ArrowArray& array, int64_t at) {
  if (array.n_buffers == 0 || array.buffers == nullptr) return false;
  const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
  return bits != nullptr && (bits[at / 8] >> (at % 8) & 1) == 0;
}

template <typename T>
T value(const ArrowArray& array, int64_t at) {
  return static_cast<const T*>(array.buffers[1])[at];
}

template <typename Offset>
std::string_view bytes(const ArrowArray& array, int64_t at) {
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  return {static_cast<const char*>(array.buffers[2]) + offsets[at],
          static_cast<size_t>(offsets[at + 1] - offsets[at])};
}

std::string hex_text(std::string_view raw) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : raw) {
    out += kHex[static_cast<uint8_t>(c) >> 4];
    out += kHex[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

// A 128-bit integer with the point `scale` digits from its right end.
std::string decimal_text(const char* sixteen_bytes, int scale) {
  __int128 raw = 0;
  std::memcpy(&raw, sixteen_bytes, sizeof raw);
  const bool negative = raw < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(raw) : static_cast<unsigned __int128>(raw);
  std::string digits;
  while (rest != 0 || digits.size() <= static_cast<size_t>(scale)) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return (negative ? "-" : "") + digits;
}

int64_t unit_ns(char unit) {
  switch (unit) {
    case 's': return 1'000'000'000;
    case 'm': return 1'000'000;
    case 'u': return 1'000;
    default: return 1;
  }
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::string date_text(int64_t days) {
  const std::string midnight = moment_text(days * 86'400, 0);
  return midnight.substr(0, midnight.find('T'));
}

// What lies beyond 64 bits of ns, the year 2262, becomes the nearest that does not.
int64_t saturated(int64_t count, int64_t each_ns) {
  int64_t out = 0;
  if (!__builtin_mul_overflow(count, each_ns, &out)) return out;
  return count < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// What DuckDB means by the outermost values of dates and times.
template <typename T>
std::string endless_text(T value) {
  constexpr T kEndless = std::numeric_limits<T>::max();
  return value == kEndless ? "infinity" : value == -kEndless ? "-infinity" : "";
}

// `count` units since the epoch, as utc_text writes it.
std::string stamp_text(int64_t count, int64_t each_ns) {
  const int64_t per_s = 1'000'000'000 / each_ns;
  const int64_t seconds = floor_div(count, per_s);
  return moment_text(seconds, (count - seconds * per_s) * each_ns);
}

std::string time_of_day(int64_t ns) {
  return utc_text(ns).substr(11, 15);  // of the epoch's day, to the microsecond
}

Cell integer(int64_t v) { return {false, true, static_cast<double>(v), 0, std::to_string(v)}; }

Cell real(double v) {
  Cell cell{false, std::isfinite(v), v, 0, json_number(v)};
  if (!cell.is_exact_number) cell.text = std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
  return cell;
}

Cell text(std::string_view v) { return {false, false, 0, 0, std::string(v)}; }

Cell temporal(std::string_view format, const ArrowArray& array, int64_t at) {
  Cell cell{false, false, 0, 0, ""};
  if (format == "tdD") {
    const int64_t days = value<int32_t>(array, at);
    cell.time_ns = saturated(days, 86'400'000'000'000);
    cell.text = endless_text(value<int32_t>(array, at));
    if (cell.text.empty()) cell.text = date_text(days);
  } else if (format.substr(0, 2) == "ts") {
    const int64_t count = value<int64_t>(array, at);
    cell.time_ns = saturated(count, unit_ns(format[2]));
    cell.text = endless_text(count);
    if (cell.text.empty()) cell.text = stamp_text(count, unit_ns(format[2]));
  } else if (format.substr(0, 2) == "tt") {
    const bool wide = format[2] == 'u' || format[2] == 'n';
    const int64_t v = wide ? value<int64_t>(array, at) : value<int32_t>(array, at);
    cell.text = time_of_day(v * unit_ns(format[2]));
  } else if (format == "tin") {
    struct Interval {
      int32_t months, days;
      int64_t ns;
    };
    const auto v = value<Interval>(array, at);
    cell.text = std::to_string(v.months) + " months " + std::to_string(v.days) + " days " +
                json_number(static_cast<double>(v.ns) / 1e9) + " s";
  } else if (format.substr(0, 2) == "tD") {
    return integer(value<int64_t>(array, at));
  }
  return cell;
}

int decimal_scale(std::string_view format) {
  int scale = 0;
  const size_t comma = format.find(',');
  std::from_chars(format.data() + comma + 1, format.data() + format.size(), scale);
  return scale;
}

Cell scalar(std::string_view format, const ArrowArray& array, int64_t at) {
  switch (format[0]) {
    case 'b': {
      const bool on = (static_cast<const uint8_t*>(array.buffers[1])[at / 8] >> (at % 8) & 1) != 0;
      return {false, false, on ? 1.0 : 0.0, 0, on ? "true" : "false"};
    }
    case 'c': return integer(value<int8_t>(array, at));
    case 'C': return integer(value<uint8_t>(array, at));
    case 's': return integer(value<int16_t>(array, at));
    case 'S': return integer(value<uint16_t>(array, at));
    case 'i': return integer(value<int32_t>(array, at));
    case 'I': return integer(value<uint32_t>(array, at));
    case 'l': return integer(value<int64_t>(array, at));
    case 'L': {
      const auto v = value<uint64_t>(array, at);
      return {false, true, static_cast<double>(v), 0, std::to_string(v)};
    }
    case 'f': {
      const auto v = value<float>(array, at);
      Cell cell = real(static_cast<double>(v));
      if (cell.is_exact_number) {  // the shortest text of the float, not of its double
        std::array<char, 32> digits{};
        cell.text = {digits.data(), std::to_chars(digits.begin(), digits.end(), v).ptr};
      }
      return cell;
    }
    case 'g': return real(value<double>(array, at));
    case 'd': {
      const auto* raw = static_cast<const char*>(array.buffers[1]) + 16 * at;
      Cell cell{false, true, 0, 0, decimal_text(raw, decimal_scale(format))};
      std::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), cell.real);
      return cell;
    }
    case 'u': return text(bytes<int32_t>(array, at));
    case 'U': return text(bytes<int64_t>(array, at));
    case 'z': return text(hex_text(bytes<int32_t>(array, at)));
    case 'Z': return text(hex_text(bytes<int64_t>(array, at)));
    case 't': return temporal(format, array, at);
    default: return text("");
  }
}

template <typename Offset>
Json list_json(const ArrowSchema& schema, const ArrowArray& array, int64_t at) {
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  Json::List list;
  for (Offset i = offsets[at]; i < offsets[at + 1]; ++i) {
    list.push_back(arrow_json(*schema.children[0], *array.children[0], i));
  }
  return list;
}

Json struct_json(const ArrowSchema& schema, const ArrowArray& array, int64_t at) {
  Json::Map map;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    map.emplace_back(schema.children[i]->name,
                     arrow_json(*schema.children[i], *array.children[i], at));
  }
  return map;
}

Json map_json(const ArrowSchema& schema, const ArrowArray& array, int64_t at) {
  const auto* offsets = static_cast<const int32_t*>(array.buffers[1]);
  const ArrowSchema& entry = *schema.children[0];
  const ArrowArray& entries = *array.children[0];
  Json::Map map;
  for (int32_t i = offsets[at]; i < offsets[at + 1]; ++i) {
    map.emplace_back(arrow_json(*entry.children[0], *entries.children[0], i).text(),
                     arrow_json(*entry.children[1], *entries.children[1], i));
  }
  return map;
}

Json fixed_list_json(const ArrowSchema& schema, const ArrowArray& array, int64_t at) {
  int64_t size = 0;
  const std::string_view format = schema.format;
  std::from_chars(format.data() + 3, format.data() + format.size(), size);
  Json::List list;
  for (int64_t i = at * size; i < (at + 1) * size; ++i) {
    list.push_back(arrow_json(*schema.children[0], *array.children[0], i));
  }
  return list;
}

}  // namespace

Json arrow_json(const ArrowSchema& schema, const ArrowArray& array, int64_t row) {
  const std::string_view format = schema.format;
  const int64_t at = row + array.offset;
  if (format == "n" || is_null(array, at)) return {};
  if (format == "+l") return list_json<int32_t>(schema, array, at);
  if (format == "+L") return list_json<int64_t>(schema, array, at);
  if (format == "+s") return struct_json(schema, array, at);
  if (format == "+m") return map_json(schema, array, at);
  if (format.substr(0, 3) == "+w:") return fixed_list_json(schema, array, at);
  const Cell cell = arrow_cell(schema, array, row, ColumnKind::kText);
  if (format == "b") return cell.real != 0;
  if (cell.is_exact_number && schema.dictionary == nullptr) {
    Result<Json> number = Json::parse(cell.text);
    if (number.ok()) return std::move(*number);
  }
  if (format == "g" || format == "f") return Json::Map{{"$float", cell.text}};
  return cell.text;
}

Cell arrow_cell(const ArrowSchema& schema, const ArrowArray& array, int64_t row, ColumnKind kind) {
  const std::string_view format = schema.format;
  const int64_t at = row + array.offset;
  if (format == "n" || is_null(array, at)) return {};
  if (schema.dictionary != nullptr) {
    const auto index = static_cast<int64_t>(scalar(format, array, at).real);
    return arrow_cell(*schema.dictionary, *array.dictionary, index, kind);
  }
  if (format[0] == '+') return text(arrow_json(schema, array, row).dump());
  return scalar(format, array, at);
}

}  // namespace headrace::query
