// What a workflow says of itself besides its tasks, straight from its row: the view `workflow`
// takes ten times as long to plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "query/diff_source.h"
#include "query/json.h"

namespace headrace::query {

struct DiffWorkflow {
  uint32_t number = 0;  // in the rows of the store
  std::string id;
  std::string parent;  // "" for none
  std::string name;
  std::string status;
  std::string used;       // JSON, "" for none
  std::string generated;  // JSON, "" for none
  std::optional<double> seconds;
  std::string hostname;
  std::string command;
  Json attributes;
};

// Those that meet a condition on the rows `w` of the table workflow_row, by begin.
Result<std::vector<DiffWorkflow>> read_workflows(const DiffSource& source,
                                                 const std::string& condition);

// These and all workflows that they are part of, by id.
Result<std::unordered_map<std::string, DiffWorkflow>> with_those_around(
    const DiffSource& source, const std::vector<DiffWorkflow>& workflows);

}  // namespace headrace::query
