// Edges of a lineage, laid out to be followed in both directions without reading the rest: nodes
// sorted by id, and for each the edges that leave it and those that reach it. A run never changes;
// it stands in memory or in a file that is mapped, of which only the pages in question are read.
//
//   EdgeRun run = EdgeRun::build(std::move(edges));
//   run.out_of(id, [](const LineageStep& step) { use(step.other, step.relation); });
//
// Cost: a binary search for each node; 16 bytes an edge and 25 a node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"

namespace headrace::query {

enum class NodeKind : uint8_t { kObject, kTask, kWorkflow };
enum class Relation : uint8_t { kUsed, kGenerated, kParent };
std::string_view name_of(NodeKind kind);
std::string_view name_of(Relation relation);

struct StoredEdge {
  Uuid from;
  Uuid to;
  NodeKind from_kind = NodeKind::kObject;
  NodeKind to_kind = NodeKind::kTask;
  Relation relation = Relation::kUsed;
  bool exact = true;
  uint32_t name = 0;  // of `names`
};

// An edge as seen from one of its ends.
struct LineageStep {
  Uuid other;
  NodeKind other_kind = NodeKind::kObject;
  Relation relation = Relation::kUsed;
  bool exact = true;
  std::string_view name;  // lives as long as the run
};
using StepVisitor = std::function<void(const LineageStep&)>;

// Which rows of which store a run holds.
struct RunRange {
  uint64_t first = 0;
  uint64_t past = 0;
  uint64_t held = 0;  // of these numbers those that are rows; fewer where some were removed
  bool operator==(const RunRange&) const = default;
};

class EdgeRun {
 public:
  static EdgeRun build(const std::vector<StoredEdge>& edges, const std::vector<std::string>& names,
                       RunRange rows = {});
  // Writes it so that it is whole or not there; map() gives it back. `store`: what it is of.
  Status write(const std::filesystem::path& file, std::string_view store) const;
  // Errors: kCorrupt when the file is no whole run of this store, kIo.
  static Result<EdgeRun> map(const std::filesystem::path& file, std::string_view store);

  void out_of(const Uuid& node, const StepVisitor& visit) const { visit_steps(node, true, visit); }
  void into(const Uuid& node, const StepVisitor& visit) const { visit_steps(node, false, visit); }

  RunRange rows() const { return rows_; }
  size_t edge_count() const { return edge_count_; }
  size_t node_count() const { return node_count_; }
  // Workflows that used or generated something themselves.
  const std::vector<Uuid>& workflows() const { return workflows_; }

 private:
  struct Step {
    uint32_t other;
    uint32_t tag;  // name << 3 | relation << 1 | exact
  };
  struct Header;
  void visit_steps(const Uuid& node, bool out, const StepVisitor& visit) const;
  Status attach(std::shared_ptr<const void> owner, const uint8_t* bytes, size_t size);

  std::shared_ptr<const void> owner_;  // of the bytes that the pointers below lead to
  const uint8_t* bytes_ = nullptr;
  size_t size_ = 0;
  RunRange rows_;
  size_t node_count_ = 0;
  size_t edge_count_ = 0;
  const Uuid* nodes_ = nullptr;
  const uint32_t* begins_[2] = {};  // out, in
  const Step* steps_[2] = {};
  const uint8_t* kinds_ = nullptr;
  std::vector<std::string_view> names_;
  std::vector<Uuid> workflows_;
};

}  // namespace headrace::query
