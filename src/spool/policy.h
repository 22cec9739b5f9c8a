// How a producer uses its spool: how much room, where else, and how soon it is on the medium.
//
//   HEADRACE_SPOOL_QUOTA     bytes (suffix K M G T: powers of 1024) that a spool folder may hold
//   HEADRACE_SPOOL_FALLBACK  folder to go on in when the first one refuses
//   HEADRACE_DURABILITY      1 survives the process, 2 a power cut (but for the last ~10 ms),
//                            2s as 2, and the end of a workflow waits for it
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/status.h"

namespace headrace {

struct SpoolPolicy {
  static constexpr uint64_t kQuota_bytes = uint64_t{16} << 30;
  static constexpr int64_t kGroupSync_ns = 10'000'000;

  uint64_t quota_bytes = kQuota_bytes;
  // The last twentieth is kept for gaps and for how the producer ended.
  uint64_t kept_free_bytes() const { return quota_bytes / 20; }
  std::filesystem::path fallback;         // empty: none
  bool power_safe = false;                // level 2
  bool ends_wait = false;                 // 2s
  std::function<int64_t()> monotonic_ns;  // the clock; null: the real one

  // What cannot be understood is said on stderr and left at its default.
  static SpoolPolicy from_environment();
};

// "512M" -> 536870912. Errors: kInvalidArgument.
Result<uint64_t> parse_bytes(std::string_view text);

// Why a place did not take bytes. Each is counted apart, because each has another cure.
enum class Refusal : uint8_t { kNoSpace, kDiskQuota, kReadOnly, kSpoolQuota, kInputOutput };
constexpr size_t kRefusals = 5;
// Beside the errnos: this spool's own quota is used up.
constexpr int kSpoolQuotaError = 1 << 16;
// Of an errno. Permission counts as read-only, anything unknown as input/output.
Refusal refusal_of(int error_number);
const char* name_of(Refusal refusal);

// What became of a producer's writes, since it began.
struct SpoolCounters {
  uint64_t refused[kRefusals] = {};  // by Refusal: attempts, not records
  uint64_t fallback_segments = 0;    // begun in the second folder
  uint64_t syncs = 0;
  uint64_t poisoned = 0;     // segments whose sync failed: begun again elsewhere
  uint64_t not_durable = 0;  // frames written, but never known to be on the medium
  uint64_t refusals() const {
    uint64_t sum = 0;
    for (const uint64_t n : refused) sum += n;
    return sum;
  }
};

}  // namespace headrace
