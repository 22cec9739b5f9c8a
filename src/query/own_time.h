// When tasks ran themselves: the times in which they were open and none of the tasks inside them
// was. What a machine did meanwhile, it did for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/identify.h"
#include "query/session.h"
#include "query/time_span.h"

namespace headrace::query {

// Nobody nests deeper; a store that says so has a circle in it.
constexpr int kMostLevels = 64;
constexpr size_t kNoOwner = static_cast<size_t>(-1);

struct OwnTask {
  Uuid id;
  uint32_t producer = 0;
  int64_t seq = 0;
  uint32_t activity = 0;  // place in OwnTimes::activities
  uint32_t host = 0;      // place in OwnTimes::hosts
  TimeSpan whole;
  size_t parent = kNoOwner;   // place in OwnTimes::tasks
  std::vector<TimeSpan> own;  // in order, none empty
};

struct OwnTimes {
  std::vector<OwnTask> tasks;  // that ended, by their begin
  std::vector<std::string> activities;
  std::vector<std::string> hosts;
};

// Of a campaign or workflow; nullptr: of all there is. Tasks inside them that belong to other
// workflows are not looked at. Cost: a sort of the tasks, about 1 s a million.
Result<OwnTimes> read_own_times(const Session& session, const Thing* of);

// SQL of the numbers of a campaign's or workflow's workflows in the store's rows, in brackets.
std::string workflows_of(const Thing& of);

}  // namespace headrace::query
