// What a thing was made from: the graph of objects, tasks and workflows behind it.
//
// Followed backwards, from an object: the tasks (or workflows) that generated it; from a task: the
// objects that it used, that the tasks around it used (they hold for everything inside them), that
// tasks inside it used (they are part of it), and that its workflow used. When none of these is
// known, the objects used by earlier tasks under the same parent: such an edge is marked as
// inferred.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

enum class NodeKind : uint8_t { kObject, kTask, kWorkflow };
std::string_view name_of(NodeKind kind);

struct LineageNode {
  NodeKind kind = NodeKind::kObject;
  Uuid id;
  int distance = 0;  // steps from the start; nodes stand in its order
};

// In the direction in which data flows: used, from object to task; generated, from task to object;
// parent, from the outer task to the inner.
struct LineageEdge {
  size_t from = 0;  // nodes
  size_t to = 0;
  std::string relation;
  std::string name;  // of the value; "" for parent
  bool exact = true;
};

struct Lineage {
  std::vector<LineageNode> nodes;  // [0] is the start
  std::vector<LineageEdge> edges;  // each once
};

// Ends on any graph, cycles included. Cost: reads the store's edges once.
Result<Lineage> lineage_behind(const Session& session, NodeKind kind, const Uuid& id);

}  // namespace headrace::query
