// What programs logged (hr.log) since the last look: the last value of each metric.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "store/database.h"
#include "top/folder.h"

namespace headrace::top {

// Of rows stored after `row`, which moves on.
Result<std::vector<MetricPoint>> read_metrics(const store::Connection& connection, int64_t* row);

}  // namespace headrace::top
