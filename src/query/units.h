// Quantities as a person reads them: three significant digits and an SI prefix.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::query {

// si_text(12431, "J") is "12.4 kJ"; si_text(0.0038, "s") "3.80 ms". From below 1e-9 to above 1e12.
std::string si_text(double value, std::string_view unit);
// A duration: "3.82 s" below a minute, then "4 min 05 s", "2 h 03 min", "3 d 04 h".
std::string duration_text(double seconds);
// "3.5 MB": decimal prefixes, as disks and networks are sold.
std::string bytes_text(double bytes);
// At most `digits` significant digits without trailing zeros: "0.00003", "2.482", "1.2e-07".
std::string number_text(double value, int digits = 6);
// Two significant digits, more where they stand before the point: "3.5", "140", "12,000", "-0.012".
std::string two_digits(double value);
// 1204331 as "1,204,331".
std::string grouped(uint64_t value);
// "1 task", "1,204 tasks", "3 processes", "2 directories": `one` is the word for one of them.
std::string counted(uint64_t n, std::string_view one);
std::string plural(std::string_view one);

}  // namespace headrace::query
