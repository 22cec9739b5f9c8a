// A store with its tasks' energy computed by another idle policy, for one answer.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "collect/open.h"
#include "energy/idle_policy.h"

namespace headrace::collect {

// "separate", "by_residency" or "none".
std::optional<energy::IdlePolicy> parse_idle_policy(std::string_view name);

// The folder's store, everything new folded in. Where its energy was computed with another policy
// it is a copy in memory, computed anew; the folder's own stays as it is. Errors: of open_folded.
Result<store::Store> open_with_idle(const Directory& directory, energy::IdlePolicy policy,
                                    const OpenOptions& options = {});

}  // namespace headrace::collect
