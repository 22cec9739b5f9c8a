// "Did you mean" for ids.
#pragma once

#include <string>
#include <vector>

#include "query/identify.h"

namespace headrace::query {

// Up to three ids of things of these kinds that begin as `text` does but for one digit, or two of
// 12 and more. None where `text` is shorter than 6 digits or no id. Cost: a pass over all ids, 0.1
// s of a million tasks; only for an error.
std::vector<std::string> near_ids(const Session& session, const std::string& text,
                                  const std::vector<ThingKind>& kinds);

}  // namespace headrace::query
