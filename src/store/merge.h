// Takes the rows of another store into this one, each once.
//
//   Result<Merged> merged = merge(store, "/elsewhere/store.duckdb");
//
// Both stores may hold the same records, in part or whole: of each record (producer, ring, number)
// one row stays. Numbers that stand for names are those of this store, captured values stand in the
// columns that their keys have here. One transaction: all of it or nothing is there afterwards.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "store/store.h"

namespace headrace::store {

// What came to this store.
struct Merged {
  int64_t tasks = 0;  // open ones included
  int64_t workflows = 0;
  int64_t campaigns = 0;
  int64_t objects = 0;
  int64_t edges = 0;
  int64_t samples = 0;
  int64_t log_rows = 0;
  int64_t quarantined = 0;  // places of damage and refused records
  int64_t words = 0;        // tags and notes
  int64_t producers = 0;    // of which it had nothing before
  // Workflows that the other store has and that were removed from this one: they stay out.
  int64_t kept_out = 0;
  // Workflows that were removed from the other store and that this one has: they stay here.
  int64_t kept_here = 0;

  bool is_nothing() const {
    return tasks == 0 && workflows == 0 && campaigns == 0 && objects == 0 && edges == 0 &&
           samples == 0 && log_rows == 0 && quarantined == 0 && words == 0 && producers == 0;
  }
};

// `file` is a store of this program's schema version that no process writes; it is only read. The
// energy of tasks is not taken over: energy::attribute computes it from the samples of both.
// Errors: those of opening `file`; kUnsupported when its schema is another version; kIo.
Result<Merged> merge(Store& into, const std::filesystem::path& file);

}  // namespace headrace::store
