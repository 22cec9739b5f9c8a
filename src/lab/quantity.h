// Numbers with units, as scenarios have them: 250W, 1.5s, 100ms, 15.3uJ, 40%.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::lab {

// `text` in units of 1/`per_unit` of the named unit: ("2ms", "s", 1e9) is 2'000'000. Prefixes n u m
// k M. Nothing where it is no such thing, negative, or too large.
inline std::optional<int64_t> quantity(std::string_view text, std::string_view unit,
                                       double per_unit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (!rest.ends_with(unit)) return std::nullopt;
  rest.remove_suffix(unit.size());
  double factor = 1;
  if (rest == "n")
    factor = 1e-9;
  else if (rest == "u")
    factor = 1e-6;
  else if (rest == "m")
    factor = 1e-3;
  else if (rest == "k")
    factor = 1e3;
  else if (rest == "M")
    factor = 1e6;
  else if (!rest.empty())
    return std::nullopt;
  const double out = value * factor * per_unit;
  if (!(out < 9e18)) return std::nullopt;
  return std::llround(out);
}

inline std::optional<int64_t> time_ns(std::string_view text) { return quantity(text, "s", 1e9); }
inline std::optional<int64_t> power_mw(std::string_view text) { return quantity(text, "W", 1e3); }
inline std::optional<int64_t> energy_uj(std::string_view text) { return quantity(text, "J", 1e6); }

}  // namespace headrace::lab
