#include "query/units.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace headrace::query {
namespace {

struct Prefix {
  double factor;
  std::string_view name;
};
constexpr std::array<Prefix, 8> kPrefixes{{{1e12, "T"},
                                           {1e9, "G"},
                                           {1e6, "M"},
                                           {1e3, "k"},
                                           {1, ""},
                                           {1e-3, "m"},
                                           {1e-6, "µ"},
                                           {1e-9, "n"}}};

std::string printed(const char* format, int digits, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, digits, value);  // NOLINT
  return text.data();
}

// Three significant digits, without an exponent.
std::string three_digits(double value) {
  const double size = std::fabs(value);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return printed("%.*f", decimals, value);
}

}  // namespace

std::string si_text(double value, std::string_view unit) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::fabs(value);
  Prefix chosen = kPrefixes[4];
  if (size > 0) {
    chosen = kPrefixes.back();
    for (const Prefix& prefix : kPrefixes) {
      // 999.7 must not become "1000": what rounds up belongs to the next prefix.
      if (size >= prefix.factor * 0.9995) {
        chosen = prefix;
        break;
      }
    }
  }
  return three_digits(value / chosen.factor) + " " + std::string(chosen.name) + std::string(unit);
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || std::fabs(seconds) < 59.95) return si_text(seconds, "s");
  const auto total = static_cast<int64_t>(std::llround(seconds));
  const auto two = [](int64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
  if (total < 3600) return std::to_string(total / 60) + " min " + two(total % 60) + " s";
  if (total < 86400) return std::to_string(total / 3600) + " h " + two(total / 60 % 60) + " min";
  return std::to_string(total / 86400) + " d " + two(total / 3600 % 24) + " h";
}

std::string bytes_text(double bytes) {
  if (std::fabs(bytes) < 1000) return printed("%.*f", 0, bytes) + " B";
  return si_text(bytes, "B");
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::fabs(value);
  if (size != 0 && size < 1e-3 && size >= 1e-6) {  // %g would turn to an exponent at 1e-5
    std::string text = printed("%.*f", digits + 6, std::stod(printed("%.*g", digits, value)));
    text.erase(text.find_last_not_of('0') + 1);
    return text;
  }
  if (size >= 1e6 && size < 1e15 && value == std::floor(value)) return printed("%.*f", 0, value);
  return printed("%.*g", digits, value);
}

std::string two_digits(double value) {
  if (!(std::fabs(value) >= 99.5 && std::fabs(value) < 1e15)) return number_text(value, 2);
  const auto whole = static_cast<uint64_t>(std::llround(std::fabs(value)));
  return (value < 0 ? "-" : "") + grouped(whole);
}

std::string grouped(uint64_t value) {
  std::string text = std::to_string(value);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string plural(std::string_view one) {
  const std::string word(one);
  if (word.ends_with("ss")) return word + "es";
  constexpr std::string_view kVowels = "aeiou";
  const bool ies = word.size() > 1 && word.back() == 'y' &&
                   kVowels.find(word[word.size() - 2]) == std::string_view::npos;
  return ies ? word.substr(0, word.size() - 1) + "ies" : word + "s";
}

std::string counted(uint64_t n, std::string_view one) {
  return grouped(n) + " " + (n == 1 ? std::string(one) : plural(one));
}

}  // namespace headrace::query
