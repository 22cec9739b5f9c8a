// What the store knows of the nodes of a lineage.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/lineage.h"
#include "query/process_facts.h"
#include "query/session.h"
#include "query/why.h"

namespace headrace::query {

struct NodeFacts {
  std::vector<WhyNode> nodes;                     // of the lineage, in its order
  std::map<std::string, Json> tasks;              // by id: of the lineage, and those around them
  std::map<std::string, Json> workflows;          // by id: of all tasks, and those around them
  std::map<std::string, ProcessFacts> processes;  // that ran the lineage's tasks
};

Result<NodeFacts> read_nodes(const Session& session, const Lineage& lineage);

// Facts that a run recorded: of the workflow, else of the ones it is part of.
Json inherited_attribute(const NodeFacts& facts, const std::string& workflow_id,
                         const std::string& name);

}  // namespace headrace::query
