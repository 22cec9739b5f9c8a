// Which nodes of a lineage were seen to belong to it, and which only by way of a guess.
#include <algorithm>
#include <utility>

#include "query/lineage.h"

namespace headrace::query {
namespace {

// How a node was come to, and so where a way may go on: what holds for a task holds inside it and
// what lies inside belongs to it, but what merely has the same parent does not.
enum Way : uint8_t { kByData, kOutward, kInward, kWays };

class Seen {
 public:
  Seen(const Lineage& lineage, Direction direction)
      : behind_(direction == Direction::kBehind),
        into_(lineage.nodes.size()),
        out_of_(lineage.nodes.size()),
        seen_(lineage.nodes.size() * kWays, false) {
    for (const LineageEdge& e : lineage.edges) {
      if (!e.exact) continue;
      into_[e.to].push_back(&e);
      out_of_[e.from].push_back(&e);
    }
    come(0, kByData);
    while (!open_.empty()) {
      const auto [at, way] = open_.back();
      open_.pop_back();
      go_on(at, way);
    }
  }
  bool operator[](size_t node) const {
    return seen_[node * kWays] || seen_[node * kWays + 1] || seen_[node * kWays + 2];
  }

 private:
  void come(size_t node, Way way) {
    if (seen_[node * kWays + way]) return;
    seen_[node * kWays + way] = true;
    open_.emplace_back(node, way);
  }
  void go_on(size_t at, Way way) {
    for (const LineageEdge* e : into_[at]) {
      if (e->relation != "parent" && behind_) come(e->from, kByData);
      if (e->relation == "parent" && way != kInward) come(e->from, kOutward);
    }
    for (const LineageEdge* e : out_of_[at]) {
      if (e->relation != "parent" && !behind_) come(e->to, kByData);
      if (e->relation == "parent" && way != kOutward) come(e->to, kInward);
    }
  }

  bool behind_;
  std::vector<std::vector<const LineageEdge*>> into_;
  std::vector<std::vector<const LineageEdge*>> out_of_;
  std::vector<bool> seen_;
  std::vector<std::pair<size_t, Way>> open_;
};

}  // namespace

void mark_inferred(Lineage* lineage, Direction direction) {
  const auto& edges = lineage->edges;
  if (std::all_of(edges.begin(), edges.end(), [](const LineageEdge& e) { return e.exact; })) return;
  const Seen seen(*lineage, direction);
  for (size_t i = 0; i < lineage->nodes.size(); ++i) lineage->nodes[i].exact = seen[i];
}

}  // namespace headrace::query
