// The tasks of two things as trees, and which task of one is which of the other.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/diff_source.h"
#include "query/diff_workflow.h"
#include "query/identify.h"

namespace headrace::query {

constexpr size_t kNoNode = SIZE_MAX;

struct DiffNode {
  std::string id;
  std::string activity;  // of a workflow its name
  std::string status;
  bool is_workflow = false;
  size_t parent = kNoNode;
  std::string used;       // JSON
  std::string generated;  // JSON
  std::optional<double> seconds;
  std::optional<double> energy_j;
  std::string energy_truth;
};

struct DiffTree {
  std::vector<DiffNode> nodes;             // workflows, then tasks by their begin
  std::vector<std::vector<size_t>> inner;  // of each node, in order
  std::vector<size_t> outermost;
  std::vector<DiffWorkflow> workflows;
  std::set<uint32_t> activities;                   // of all tasks of these workflows
  std::unordered_map<std::string, size_t> places;  // by id
  size_t tasks = 0;
};

// All of a workflow (its own tasks) or campaign; of a task it and all inside it; of an object the
// tasks that generated it and all inside them.
Result<DiffTree> read_tree(const DiffSource& source, const Thing& thing);
// The numbers of a tree's workflows for an IN of SQL.
std::string listed_numbers(const DiffTree& tree);

struct DiffPair {
  size_t a = 0;
  size_t b = 0;
  size_t group = 0;
  bool same_parameters = true;
};

// Tasks with the same activity and parameters as others, around them too: repeats.
struct DiffGroup {
  std::string activity;
  size_t parent = kNoNode;  // group
  std::vector<size_t> a;    // nodes
  std::vector<size_t> b;
};

struct Matching {
  std::vector<DiffPair> pairs;
  std::vector<DiffGroup> groups;
  std::vector<size_t> alone_a;  // the outermost of what has no partner, and all inside
  std::vector<size_t> alone_b;
};
// Object references in parameters count by the objects' names, which `names` gives by id.
Matching match(const DiffTree& a, const DiffTree& b,
               const std::unordered_map<std::string, std::string>& names);

}  // namespace headrace::query
