// When a counter that is refreshed now and then was refreshed.
//
// Between two readings that differ it was, at a time that is not known better than that. Most such
// counters are refreshed with some period U: then each time also says when the next ones are. The
// times are a walk c(k+1) = c(k) + U + jitter, seen through the brackets of the readings. Each
// bracket is cut into cells, and the forward-backward algorithm (Rabiner 1989) gives the
// probability of each cell from all readings; a filter that takes brackets for independent errors
// would claim far too much, because a period near a multiple of the reader's makes neighbours err
// alike. The period comes from the whole run, the jitter is the likeliest of a series.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::energy {

struct RefreshTime {
  // In: it lies within (from_ns, until_ns]. A time after a gap has no period to the one before.
  int64_t from_ns = 0;
  int64_t until_ns = 0;
  bool after_gap = false;
  // Out.
  double at_ns = 0;
  double spread_ns = 0;    // standard deviation of `at_ns`
  double correlation = 0;  // of its error with that of the time before
};

// Fills `at_ns`, never falling, and the errors. `read_ns`: how often the counter was read; where
// that is not clearly more often than it is refreshed, no period can be seen. Returns the period; 0
// where there is none. O(n), about 2 us each.
double estimate_refreshes(std::span<RefreshTime> times, int64_t read_ns);

}  // namespace headrace::energy
