#include "base/moment_text.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace headrace {

std::string moment_text(int64_t seconds, int64_t ns) {
  const std::time_t at = seconds;
  std::tm parts{};
  gmtime_r(&at, &parts);
  const int64_t year = int64_t{parts.tm_year} + 1900;
  char out[64];
  std::snprintf(out, sizeof out, "%s%04lld-%02d-%02dT%02d:%02d:%02d.%09lldZ", year < 0 ? "-" : "",
                static_cast<long long>(std::abs(year)), parts.tm_mon + 1, parts.tm_mday,
                parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<long long>(ns));
  return out;
}

}  // namespace headrace
