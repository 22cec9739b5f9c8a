// Every edge of a store, to be followed from any node: what a lineage is walked on.
//
// Most edges stand in runs, files in `.headrace/lineage` that are made from the store as it grows
// and may be deleted at any time; the newest are read from the store's rows each time. So opening
// costs some milliseconds, and a step a binary search in each run, however large the store is. The
// first question after many edges were stored makes their runs, about 0.5 s for a million; where
// they cannot be written they stand in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/edge_run.h"
#include "query/session.h"

namespace headrace::query {

struct EdgeIndexOptions {
  size_t least_edges = 20'000;    // fewer make no run yet
  size_t most_edges = 1'000'000;  // of a run
};

class EdgeIndex {
 public:
  static Result<EdgeIndex> open(const Session& session, const EdgeIndexOptions& options = {});

  // `node` is a copy: a visitor may change or move what it was taken from, and runs follow.
  void out_of(Uuid node, const StepVisitor& visit) const;
  void into(Uuid node, const StepVisitor& visit) const;
  bool has_workflow_edges() const;
  // Of all runs; an edge that was captured twice counts twice.
  size_t edge_count() const;
  size_t run_count() const { return runs_.size(); }

 private:
  std::vector<EdgeRun> runs_;
};

}  // namespace headrace::query
