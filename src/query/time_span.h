// From when until when.
#pragma once

#include <cstdint>

namespace headrace::query {

// In ns since the epoch; the end does not belong to it.
struct TimeSpan {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

inline double seconds_of(const TimeSpan& span) {
  return static_cast<double>(span.end_ns - span.begin_ns) * 1e-9;
}

}  // namespace headrace::query
