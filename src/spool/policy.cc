#include "spool/policy.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace headrace {

Result<uint64_t> parse_bytes(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  int shift = 0;
  if (!unit.empty()) {
    const size_t power = std::string_view("KMGT").find(unit.front());
    shift = power == std::string_view::npos ? -1 : 10 * (static_cast<int>(power) + 1);
    unit.remove_prefix(1);
  }
  const bool known = unit.empty() || unit == "B" || unit == "iB";
  if (error != std::errc() || shift < 0 || !known || value > UINT64_MAX >> shift) {
    return invalid_argument("\"" + std::string(text) + "\" is no number of bytes like 512M or 16G");
  }
  return value << shift;
}

SpoolPolicy SpoolPolicy::from_environment() {
  SpoolPolicy out;
  if (const char* set = std::getenv("HEADRACE_SPOOL_QUOTA"); set != nullptr && *set != '\0') {
    const Result<uint64_t> bytes = parse_bytes(set);
    if (bytes.ok()) {
      out.quota_bytes = *bytes;
    } else {
      std::fprintf(stderr, "headrace: HEADRACE_SPOOL_QUOTA: %s; using 16G\n",
                   bytes.status().message().c_str());
    }
  }
  if (const char* set = std::getenv("HEADRACE_SPOOL_FALLBACK"); set != nullptr && *set != '\0') {
    std::error_code error;
    out.fallback = std::filesystem::absolute(set, error).lexically_normal();
  }
  if (const char* set = std::getenv("HEADRACE_DURABILITY"); set != nullptr && *set != '\0') {
    const std::string_view level = set;
    out.power_safe = level == "2" || level == "2s";
    out.ends_wait = level == "2s";
    if (!out.power_safe && level != "1") {
      std::fprintf(stderr, "headrace: HEADRACE_DURABILITY is \"%s\", not 1, 2 or 2s; using 1\n",
                   set);
    }
  }
  return out;
}

Refusal refusal_of(int error_number) {
  switch (error_number) {
    case ENOSPC: return Refusal::kNoSpace;
    case EDQUOT: return Refusal::kDiskQuota;
    case EROFS:
    case EACCES:
    case EPERM: return Refusal::kReadOnly;
    case kSpoolQuotaError: return Refusal::kSpoolQuota;
    default: return Refusal::kInputOutput;
  }
}

const char* name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSpace: return "no space";
    case Refusal::kDiskQuota: return "disk quota";
    case Refusal::kReadOnly: return "read-only";
    case Refusal::kSpoolQuota: return "spool quota";
    case Refusal::kInputOutput: return "input/output";
  }
  return "unknown";
}

}  // namespace headrace
