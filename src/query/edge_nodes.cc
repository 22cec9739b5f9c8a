#include "query/edge_nodes.h"

#include <algorithm>
#include <array>

namespace headrace::query {
namespace {

// An end of an edge: a node, which may be mentioned again.
struct Mention {
  Uuid id;
  uint32_t number;  // among all mentions
  NodeKind kind;
};

class Mentions {
 public:
  explicit Mentions(size_t edges) {
    all_.reserve(edges * 2);
    ends_.reserve(edges);
  }
  void add(const StoredEdge& edge) {
    ends_.emplace_back(mention(edge.from, edge.from_kind), mention(edge.to, edge.to_kind));
  }

  NumberedNodes number() {
    sort();
    NumberedNodes out;
    std::vector<uint32_t> node_of(all_.size());
    for (const Mention& m : all_) {
      if (out.ids.empty() || out.ids.back() != m.id) {
        out.ids.push_back(m.id);
        out.kinds.push_back(m.kind);
      }
      node_of[m.number] = static_cast<uint32_t>(out.ids.size() - 1);
    }
    for (auto& [from, to] : ends_) {
      from = node_of[from];
      to = node_of[to];
    }
    out.ends = std::move(ends_);
    return out;
  }

 private:
  uint32_t mention(const Uuid& id, NodeKind kind) {
    // The task of the edge before, mostly.
    if (kind == NodeKind::kTask && !all_.empty() && all_[task_].id == id) return task_;
    const auto number = static_cast<uint32_t>(all_.size());
    if (kind == NodeKind::kTask) task_ = number;
    all_.push_back({id, number, kind});
    return number;
  }

  // By the first digits, then what has them in common, which fits the processor's cache.
  void sort() {
    constexpr int kDigitBits = 12;
    const auto digits = [](const Mention& m) { return m.id.high >> (64 - kDigitBits); };
    std::vector<uint32_t> begins((size_t{1} << kDigitBits) + 1, 0);
    for (const Mention& m : all_) ++begins[digits(m) + 1];
    for (size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
    std::vector<Mention> sorted(all_.size());
    std::vector<uint32_t> next(begins.begin(), begins.end() - 1);
    for (const Mention& m : all_) sorted[next[digits(m)]++] = m;
    const auto by_id = [](const Mention& a, const Mention& b) { return a.id < b.id; };
    for (size_t i = 0; i + 1 < begins.size(); ++i) {
      const auto first = sorted.begin() + begins[i];
      const auto past = sorted.begin() + begins[i + 1];
      if (!std::is_sorted(first, past, by_id)) std::sort(first, past, by_id);
    }
    all_ = std::move(sorted);
  }

  std::vector<Mention> all_;
  std::vector<std::pair<uint32_t, uint32_t>> ends_;  // of each edge, by mention
  uint32_t task_ = 0;                                // the mention of the last task
};

}  // namespace

NumberedNodes number_nodes(const std::vector<StoredEdge>& edges) {
  Mentions mentions(edges.size());
  for (const StoredEdge& edge : edges) mentions.add(edge);
  return mentions.number();
}

}  // namespace headrace::query
