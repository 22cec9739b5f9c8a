// What a person should look at: stragglers and failures, a sentence each.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "top/picture.h"

namespace headrace::top {

struct Troubles {
  std::vector<TroubleLine>
      lines;               // a failure and a straggler in turn, the newest and the worst first
  int64_t stragglers = 0;  // also those without a line
};

// A straggler is what query/stragglers.h says, of the five longest of each activity and workflow.
Troubles troubles_of(const Folder& folder, const std::set<uint32_t>& mine);

}  // namespace headrace::top
