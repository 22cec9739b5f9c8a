// Brings a store from an older schema version to the present one.
//
// Before 0.1.0 a migration is kept where it is a few lines; otherwise an older store is built again
// from its segments (collect/rebuild.h).
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "store/database.h"

namespace headrace::store {

// The schema version of the store that `connection` has open. Errors: kUnsupported when it is newer
// than this program's, with both and what to do; kCorrupt when there is none.
Result<int> stored_version(const Connection& connection, const std::filesystem::path& file);

struct Migration {
  int from_version;  // brings this version to the next one
  std::string sql;
};

// The migrations of this program, ascending.
std::span<const Migration> migrations();

// Runs those that lead from `version` to `target`, each with its new version number in one
// transaction. Errors: kUnsupported when a step is missing; the database's own, with nothing done
// of the step that failed.
Status migrate(const Connection& connection, std::span<const Migration> steps, int version,
               int target);

}  // namespace headrace::store
