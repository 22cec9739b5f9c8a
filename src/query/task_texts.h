// Tasks with their values as JSON text, straight from the store's columns: what the view `task`
// gives, without planning a view of a hundred columns. Tens of thousands of tasks take some ms, one
// takes less than two.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/status.h"
#include "query/task_rows.h"
#include "store/database.h"

namespace headrace::query {

struct TaskText {
  Uuid id;
  Uuid parent;  // nil: none
  uint32_t workflow = 0;
  uint32_t activity = 0;
  int64_t status = 0;
  std::optional<double> seconds;
  // JSON objects.
  std::string used = "{}";
  std::string generated = "{}";
  std::string tags;  // "" where there are none
  std::string error;
  std::string attributes;
};

// Gives every task, ended or not, that meets `condition` on the columns of the table task_slots
// (aliased t), by begin. `rows`: of the same store.
Status each_task_text(const store::Connection& connection, const TaskRows& rows,
                      const std::string& condition, const std::function<void(TaskText&&)>& give);

}  // namespace headrace::query
