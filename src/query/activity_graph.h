// The tasks of a workflow as a graph small enough to be read: one node an activity, an activity in
// a wave (how many steps of data lie before it), or a task; laid out in layers, data flowing to
// the right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

enum class GraphLevel : uint8_t { kActivity, kWave, kTask };

struct GraphNode {
  std::string id;     // a task's, else "activity" or "activity#wave"
  std::string label;  // the activity
  int64_t wave = 0;
  uint64_t tasks = 0;
  std::vector<uint64_t> statuses;  // by model/status.h
  double seconds = 0;
  std::optional<double> energy_j;  // unset when one of its tasks has no figure
  double x = 0;                    // its layer
  double y = 0;                    // its place in it, from the middle
};

struct GraphEdge {
  size_t from = 0;  // nodes
  size_t to = 0;
  std::string relation;  // data: used what that generated; parent: lies in it
  std::string name;      // of the value, of several of them the first by name
  bool exact = true;     // false: some of it is inferred
  uint64_t count = 0;
};

struct ActivityGraph {
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
  uint64_t tasks = 0;        // of the workflow
  uint64_t nodes_total = 0;  // with those beyond the limit, which began last and are not given
};

struct GraphQuestion {
  Uuid workflow{};
  GraphLevel level = GraphLevel::kActivity;
  std::string around{};  // the id of a node at any level: it, and what is up to two steps from it
  size_t most_nodes = 2000;
};

// Errors: the store's. Cost: reads the workflow's tasks and edges once; a million tasks about a
// second. The layout is linear in edges for each of its few sweeps.
Result<ActivityGraph> activity_graph(const Session& session, const GraphQuestion& question);

}  // namespace headrace::query
