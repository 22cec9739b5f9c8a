// The tasks of a workflow as a graph small enough to be read: one node an activity, an activity in
// a wave (how many steps of data lie before it), or a task; laid out in layers, data flowing to
// the right.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

enum class GraphLevel : uint8_t { kActivity, kWave, kTask };
// data: used what that generated; parent: lies in it
enum class FlowKind : uint8_t { kData, kParent };

// "activity", "wave", "task"; "data", "parent"
std::string_view name_of(GraphLevel level);
std::string_view name_of(FlowKind kind);

struct GraphNode {
  std::string id;     // a task's, else "activity" or "activity#wave"
  std::string label;  // the activity
  int64_t wave = 0;   // of an activity: steps of data between activities
  uint64_t tasks = 0;
  std::array<uint64_t, 6> statuses{};  // by model/status.h
  double seconds = 0;
  std::optional<double> energy_j;  // unset when one of its tasks has no figure
  double x = 0;                    // its layer
  double y = 0;                    // its place in it, from the middle
};

struct GraphEdge {
  uint32_t from = 0;  // nodes
  uint32_t to = 0;
  FlowKind kind = FlowKind::kData;
  std::string name;   // of the value, of several of them the first by name
  bool exact = true;  // false: some of it is inferred
  uint64_t count = 0;
};

struct ActivityGraph {
  std::vector<GraphNode> nodes;  // by their first begin
  std::vector<GraphEdge> edges;  // by their nodes
  uint64_t tasks = 0;            // of the workflow
  uint64_t nodes_total = 0;      // with those beyond the limit, which are not given
};

struct GraphQuestion {
  Uuid workflow{};
  GraphLevel level = GraphLevel::kActivity;
  std::string around{};  // the id of a node at any level: it, and what is up to two steps from it
  size_t most_nodes = 2000;  // beyond which query/shown_nodes.h chooses
};

// Errors: the store's; kNotFound for a node `around` that is none; kExhausted beyond eight million
// flows between tasks. Cost: 10,000 tasks, a node each, about 40 ms; a million by activity about
// 60 ms, by wave or around one about a second.
Result<ActivityGraph> activity_graph(const Session& session, const GraphQuestion& question);

}  // namespace headrace::query
