// Who and what the numbers of the store stand for, and what was lost.
#pragma once

#include <mutex>

#include "base/status.h"
#include "store/database.h"
#include "top/folder.h"

namespace headrace::top {

// Workflows, campaigns, activities, processes. `mutex` is held while `folder` changes.
Status read_names(const store::Connection& connection, Folder& folder, std::mutex& mutex);
Result<Losses> read_losses(const store::Connection& connection);

}  // namespace headrace::top
