// What differs in the parameters, metrics, states, times and energy of matched tasks.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "query/diff.h"
#include "query/diff_tree.h"

namespace headrace::query {

struct DiffTrees {
  const DiffTree& a;
  const DiffTree& b;
  const Matching& matching;
  const std::unordered_map<std::string, std::string>& object_names;
};

// A line a parameter and activity. Equal ones are given of activities with one pair.
std::vector<DiffLine> parameter_lines(const DiffTrees& trees);
// A line for each generated value and group of an activity with up to kFewGroups groups; of others
// one for all, of the means. Tests where there are repeats.
std::vector<DiffLine> metric_lines(const DiffTrees& trees, RepeatTest test);
// A line for each series that hr.log wrote in a task or workflow, in the same way.
Result<std::vector<DiffLine>> curve_lines(const DiffSource& source, const DiffTrees& trees);
// How many tasks have no partner, which ended otherwise.
std::vector<DiffLine> task_lines(const DiffTrees& trees);
// In all, then by activity, the largest change first.
std::vector<DiffLine> time_lines(const DiffTrees& trees, RepeatTest test);
std::vector<DiffLine> energy_lines(const DiffTrees& trees);

constexpr size_t kFewGroups = 12;

}  // namespace headrace::query
