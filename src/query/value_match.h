// Tasks that used a value which an earlier task generated: the same value, so perhaps the same
// data. A guess; it is made only where a person asks for it, and is marked.
//
// Only values that tell something are matched: text of 8 characters or more, numbers of 6 digits or
// more. The generating task ended before the other began.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

struct ValueMatch {
  Uuid generated_by;
  Uuid used_by;
  std::string name;  // "loss", or "best_loss → start_loss" where the keys differ
};

// Matches of what `tasks` used (`behind`), else of what they generated. Cost: one pass over the
// values of all tasks.
Result<std::vector<ValueMatch>> match_values(const Session& session, const std::vector<Uuid>& tasks,
                                             bool behind);

// Whether equal values of this text are likely to be one: a number or text as the store has it.
bool is_telling(const std::string& text, bool is_number);

}  // namespace headrace::query
