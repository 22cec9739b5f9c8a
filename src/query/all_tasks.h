// The rows of all tasks: those that have ended and those that have not stand in two tables.
#pragma once

#include <string>

namespace headrace::query {

// These columns of the tasks that meet a condition on the tables' columns, to stand behind FROM.
inline std::string all_tasks(const std::string& columns, const std::string& condition = "true") {
  return "(SELECT " + columns + " FROM task_slots WHERE " + condition + " UNION ALL SELECT " +
         columns + " FROM open_task WHERE " + condition + ")";
}

}  // namespace headrace::query
