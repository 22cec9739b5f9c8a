// What a scope will have used when what runs now has ended, and which running task uses most.
//
// A running task is taken to last as long as the median of its like in the scope, what has no like
// to end with the others, and what runs to go on at the mean power that it had so far:
//
//   J at the end = J of ended workflows + J of running ones / elapsed x (elapsed + left)
//
// elapsed: since the first of the running workflows began. left: until the last of the running
// tasks ends. Joules of open tasks are counted up to the latest samples. What will be started later
// is not in it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "top/folder.h"

namespace headrace::top {

struct Projection {
  std::optional<double> energy_j{};  // none: see reason
  double left_s = 0;
  std::string reason{};
};

// `medians_s`: of finished tasks in the scope, by the name of their activity.
Projection project(const Folder& folder, const std::set<uint32_t>& mine,
                   const std::map<std::string, double>& medians_s, int64_t now_ns);

// The task to name where too much is used: of the youngest running task of each process the one
// that by the mean power of its like has used most since it began; where that is not known, the one
// that runs longest. Null: none runs.
const TaskRow* responsible(const Folder& folder, const std::set<uint32_t>& mine, int64_t now_ns);

}  // namespace headrace::top
