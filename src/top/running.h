// Tasks that run now, and how they stand against those of their activity that have finished.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "top/picture.h"

namespace headrace::top {

// The oldest first. `mine`: the workflows looked at.
std::vector<RunningLine> running_lines(const Folder& folder, const std::set<uint32_t>& mine,
                                       int64_t now_ns);

// The id of a task; "" when its process is not known.
std::string task_id(const Folder& folder, const TaskRow& row);
// "rank 317 (node7)", "node7".
std::string place_of(const Folder& folder, const TaskRow& row);
std::string activity_name(const Folder& folder, const TaskRow& row);

}  // namespace headrace::top
