// Tasks with their values as JSON text, straight from the store's columns: what the view `task`
// gives, for tens of thousands of tasks in a few milliseconds.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/status.h"
#include "store/registry.h"

namespace headrace::query {

struct TaskText {
  Uuid id;
  Uuid parent;  // nil: none
  uint32_t workflow = 0;
  uint32_t activity = 0;
  int64_t status = 0;
  std::optional<double> seconds;
  std::string used;
  std::string generated;
};

// Gives every task that meets `condition` on the columns of the table task_slots (aliased t), by
// begin. False, and none is given, where one of them has values that are no plain scalars or stand
// on further pages: then ask the view.
Result<bool> each_task_text(const store::Connection& connection, const std::string& condition,
                            const std::function<void(TaskText&&)>& give);

}  // namespace headrace::query
