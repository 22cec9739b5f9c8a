// What of a spool is not in the store yet.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/liveness.h"
#include "base/status.h"
#include "spool/segment_reader.h"
#include "store/writer.h"

namespace headrace::collect {

struct PendingSegment {
  SegmentFile file;
  std::string name;        // without .open or .seg: the same before and after it is sealed
  uint64_t resume_at = 0;  // read up to here already
  bool again = false;      // it was thought complete and has grown: read from the beginning
};

struct Pending {
  std::vector<PendingSegment> segments;  // by producer and ordinal
  // Running producers, by the store's number, that are found dead.
  std::vector<uint32_t> gone;
  bool empty() const { return segments.empty() && gone.empty(); }
};

// Compares file sizes with what the store remembers; opens no segment. A millisecond or so per
// thousand segments.
Result<Pending> find_pending(const Directory& directory, const store::Connection& connection,
                             const Liveness& liveness);

}  // namespace headrace::collect
