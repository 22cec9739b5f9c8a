// Foreign sources (a MLflow database, a TensorBoard folder, ...) that two folders have taken in,
// each by itself: their tasks would be there twice when one folder is imported into the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "spool/directory.h"
#include "store/database.h"

namespace headrace::collect {

// One that was left out of an import.
struct SameSource {
  std::string kind;
  std::string source;
  int64_t shared = 0;   // its tasks that are here, or came by another producer
  int64_t further = 0;  // its tasks that are not, or have not ended here
};

// Takes out of the folder `staged`, which becomes part of the store `here`, each producer of a
// foreign source that the store or another producer there has as well: its rows, segments and
// quarantined bytes. Sources are the same when kind, identity and at least one task (its number and
// begin) are. A producer that is here already stays; of several there the one with the most ended
// tasks does, then the one of the lowest number. Records of programs are not touched.
// Cost: one look at the producers, and a join for each source that both have. Errors: the store's.
Result<std::vector<SameSource>> leave_out_same_sources(const store::Connection& here,
                                                       const Directory& staged);

// For a person: what was left out, why, and how to have what is missing.
std::string sentence(const SameSource& left_out);

}  // namespace headrace::collect
