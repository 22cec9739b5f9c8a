// The end of the dictionary that is in no segment yet, in meta chunks of the ring file, so that
// what a killed process had committed can be read.
//
// Not thread-safe: used under the dictionary's lock.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "capture/chunk_pool.h"

namespace headrace::capture {

class MetaTail {
 public:
  explicit MetaTail(ChunkPool& pool) : pool_(pool) {}
  // The pool has another mapping: what was written is not in it.
  void forget() { chunks_.clear(); }
  // Appends whole records, at most kChunkPayloadBytes. `last_id`: of their entries, 0 if none;
  // `version`: of the description among them, 0 if none. Without a chunk they are not recoverable
  // until they are in a segment, and nothing else suffers.
  void append(std::string_view records, uint32_t last_id, uint64_t version);
  // Entries below `next_id` and the description up to `version` are in a segment.
  void written(uint32_t next_id, uint64_t version);

 private:
  struct Tail {
    ChunkHeader* chunk;
    uint32_t last_id;
    uint64_t version;
  };
  ChunkPool& pool_;
  std::vector<Tail> chunks_;  // the last is being filled
  uint64_t sequence_ = 0;
};

}  // namespace headrace::capture
