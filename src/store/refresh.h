// Rows that are computed from what records said, again each time one of those records arrives, so
// that the order of arrival cannot matter. All run inside the writer's transaction.
#pragma once

#include <unordered_set>
#include <vector>

#include "base/id.h"
#include "store/database.h"

namespace headrace::store {

// Drops announcements of tasks that have ended; what gone producers left open is lost.
Status settle_open_tasks(const Connection& connection);
// workflow_row of these workflows and of those with records of these producers.
Status refresh_workflows(const Connection& connection, const std::unordered_set<Uuid>& workflows,
                         const std::vector<uint32_t>& producers);
Status refresh_objects(const Connection& connection, const std::unordered_set<Uuid>& objects);
Status refresh_campaigns(const Connection& connection, const std::unordered_set<Uuid>& campaigns);
// Gaps of reason 'missing': numbers that a producer, which is no longer running, has used and that
// were neither stored nor reported as dropped.
Status refresh_missing(const Connection& connection, const std::vector<uint32_t>& producers);

}  // namespace headrace::store
