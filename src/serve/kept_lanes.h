// The tasks in their lanes that several questions are cut from, read once for each state of the
// store.
#pragma once

#include <memory>
#include <optional>

#include "query/identify.h"
#include "query/task_lanes.h"
#include "serve/route.h"

namespace headrace::serve {

// What the parameters "workflow" or else "campaign" mean; nothing when neither is given.
Result<std::optional<query::Thing>> asked_thing(const Call& call);

Result<std::shared_ptr<const query::TaskLanes>> kept_lanes(const Call& call, bool with_energy);

}  // namespace headrace::serve
