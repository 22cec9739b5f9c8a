// What a thing was made from (behind it), or what was made from it (ahead of it): the graph of
// objects, tasks and workflows.
//
// Behind an object are the tasks (or workflows) that generated it; behind a task the objects that
// it used, that the tasks around it used (they hold for everything inside them), that tasks inside
// it used (they are part of it), and that its workflow used. When none of these is known, the
// objects used by earlier tasks under the same parent: such an edge is marked as inferred. Ahead is
// the same the other way: ahead of an object whoever used it; ahead of a task what it, the tasks
// around it and inside it, and its workflow, generated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/edge_index.h"
#include "query/session.h"

namespace headrace::query {

struct LineageNode {
  NodeKind kind = NodeKind::kObject;
  Uuid id;
  int distance = 0;   // steps from the start; nodes stand in its order
  bool exact = true;  // false: only by way of an inferred edge
};

// In the direction in which data flows: used, from object to task; generated, from task to object;
// parent, from the outer task to the inner; value, from the task that generated a value to one that
// used it (always inferred).
struct LineageEdge {
  size_t from = 0;  // nodes
  size_t to = 0;
  std::string relation;
  std::string name;  // of the value; "" for parent
  bool exact = true;
};

enum class Direction : uint8_t { kBehind, kAhead };

struct LineageOptions {
  int depth = 0;          // steps to go; 0: all
  bool inferred = false;  // also from a value to the same value (value_match.h)
};

struct Lineage {
  std::vector<LineageNode> nodes;  // [0] is the start
  std::vector<LineageEdge> edges;  // each once
  size_t cut = 0;                  // nodes at the depth asked for, from which more goes on
  bool whole = true;               // not cut, and not the part between two things
};

// Ends on any graph, cycles included. Cost: a few searches in the index for each node found.
Result<Lineage> walk_lineage(const Session& session, const EdgeIndex& index, NodeKind kind,
                             const Uuid& id, Direction direction,
                             const LineageOptions& options = {});

// Sets `exact` of the nodes by the edges: all that a way of exact edges leads to from the start.
void mark_inferred(Lineage* lineage, Direction direction);

// What lies on a way between the starts of two lineages of opposite directions: what is in both.
// In the order of the first; exact is what is so in both. Empty when they do not meet.
Lineage lineage_between(const Lineage& from, const Lineage& other);

// Nodes that were made from themselves, by way of each other: a file rewritten in place, or two
// made from each other in turn. Each in the order of data, from its first node on; longest first.
std::vector<std::vector<size_t>> cycles_of(const Lineage& lineage);

}  // namespace headrace::query
