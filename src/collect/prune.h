// Takes old work out of a folder and gives its room back.
//
//   Result<Pruned> would = prune(directory, {.older_than_ns = month_ns, .dry_run = true});
//
// What is pruned does not come back: its removal is noted beside the store (store/amendment.h), and
// later folds, imports and a store that is built again hold to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "collect/open.h"
#include "store/remove.h"

namespace headrace::collect {

// A workflow goes that every one of these speaks of; at least one must be given.
struct PruneOptions {
  std::optional<int64_t> older_than_ns = {};  // ended longer ago than this
  std::vector<Uuid> campaigns = {};           // of one of these
  std::vector<Uuid> workflows = {};           // one of these
  std::vector<std::string> statuses = {};     // "failed", ...: with one of these
  std::optional<uint64_t> keep_last = {};     // not among the newest so many of its campaign
  bool dry_run = false;                       // says what would go, and changes nothing
  bool may_take_running = false;              // for a person who names what is to go
};

struct PrunedWorkflow {
  std::string id;
  std::string name;
  std::string campaign;
  std::string status;
  std::string started_at;
  int64_t tasks = 0;
};

struct Pruned {
  std::vector<PrunedWorkflow> workflows;  // the oldest first
  uint64_t running = 0;  // that were asked for and stay, as they or what is in them runs
  store::Removed removed;
  uint64_t segments = 0;
  uint64_t blobs = 0;
  // Of segments and blobs; of the store as it shrank, in a dry run by its tasks' share of it.
  uint64_t bytes = 0;
};

// Folds what is new first. Errors: kInvalidArgument when no option says what is to go; those of
// open_for_change().
Result<Pruned> prune(const Directory& directory, const PruneOptions& options,
                     const OpenOptions& open = {});

}  // namespace headrace::collect
