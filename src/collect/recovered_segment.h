// A dead producer's ring as one more segment of it.
//
//   meta frames   the dictionary so far, the ring's own entries, its clocks, how it ended
//   data frames   each chunk's records under their numbers, and the samples that waited as the next
//                 record of their ring; then, as records of ring 0, the drops between chunks and
//                 the tasks that were open, announced with their values
//
// The same ring and the same earlier segments give the same bytes.
#pragma once

#include <cstdint>
#include <string>

#include "collect/earlier_segments.h"
#include "collect/ring_reader.h"

namespace headrace::collect {

struct RecoveredSegment {
  std::string bytes;
  uint64_t records = 0;          // in the ring; some may be in segments too
  uint64_t open_tasks = 0;       // that it left
  uint64_t waiting_samples = 0;  // that no record of the process's own holds
};

// `ended_by`: what is known of how the process ended ("signal 9"); empty: nothing.
RecoveredSegment make_segment(const RingContents& ring, const EarlierSegments& earlier,
                              const std::string& ended_by);

// Whether a segment made by make_segment is among the producer's.
bool is_recovered(const EarlierSegments& earlier);

}  // namespace headrace::collect
