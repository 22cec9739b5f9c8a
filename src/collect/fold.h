// Folds what producers wrote into the store.
//
// Exact under repetition, and for any order and duplication of what is read: a record is its
// producer, ring and number, and the store remembers which it has. Everything of a batch is
// committed in one transaction. Bytes that make no sense go to quarantine and stop nothing.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "collect/adopt.h"
#include "spool/directory.h"
#include "store/store.h"

namespace headrace::collect {

struct FoldOptions {
  // Tasks of one transaction: DuckDB's row group, so that whole groups go straight to the file.
  uint64_t batch_rows = 122'880;
  // Sealed and folded segments are kept up to this size, the oldest deleted beyond it.
  uint64_t kept_bytes = uint64_t{1} << 30;
  bool may_delete_segments = true;
  // Stops before the segment that would make it more than this, if it has read one; 0: no limit.
  uint64_t most_bytes = 0;
  // Tries every refused record again, not only those of producers that have written more.
  bool redrive = false;
};

struct FoldReport {
  uint64_t segments = 0;       // read, whole or in part
  uint64_t segments_left = 0;  // not looked into, see FoldOptions::most_bytes
  uint64_t bytes = 0;          // of them, not read before
  uint64_t records = 0;        // new ones
  uint64_t tasks = 0;          // of them, ended tasks
  uint64_t repeated = 0;       // records that the store had already
  uint64_t quarantined = 0;    // places of damage and refused records
  uint64_t redriven = 0;       // records that an earlier fold had refused
  uint64_t lost_producers = 0;
  uint64_t segments_deleted = 0;
  AdoptReport adopted;  // what dead processes had left in their rings
  int64_t elapsed_ns = 0;
};

// Adopts the rings of the dead first (collect/adopt.h). Errors: the store's. A segment that cannot
// be read counts as quarantined and is tried again by the next fold. One fold at a time on a store.
Result<FoldReport> fold(const Directory& directory, store::Store& store,
                        const FoldOptions& options = {});

// True when a fold would find nothing to do. Works on a read-only store.
Result<bool> nothing_new(const Directory& directory, const store::Store& store);

}  // namespace headrace::collect
