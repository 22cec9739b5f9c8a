// Brings a store from an older schema version to the present one.
//
// Before 0.1.0 no migration is kept: an older store is rebuilt from the kept segments. The
// mechanism is here, and tested, for the versions after it.
#pragma once

#include <span>
#include <string>

#include "store/database.h"

namespace headrace::store {

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
