#include "query/edge_nodes.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

namespace headrace::query {
namespace {

StoredEdge edge(const Uuid& from, NodeKind from_kind, const Uuid& to, NodeKind to_kind) {
  StoredEdge out;
  out.from = from;
  out.to = to;
  out.from_kind = from_kind;
  out.to_kind = to_kind;
  return out;
}

TEST(EdgeNodes, EachNodeOnceInTheOrderOfIds) {
  const Uuid task{5, 1};
  const Uuid first{0xFFFFFFFFFFFFFFFF, 0};
  const Uuid second{0, 9};
  const NumberedNodes nodes = number_nodes({edge(first, NodeKind::kObject, task, NodeKind::kTask),
                                            edge(task, NodeKind::kTask, second, NodeKind::kObject),
                                            edge(task, NodeKind::kTask, task, NodeKind::kTask)});
  EXPECT_EQ(nodes.ids, (std::vector<Uuid>{second, task, first}));
  EXPECT_EQ(nodes.kinds,
            (std::vector<NodeKind>{NodeKind::kObject, NodeKind::kTask, NodeKind::kObject}));
  EXPECT_EQ(nodes.ends, (std::vector<std::pair<uint32_t, uint32_t>>{{2, 1}, {1, 0}, {1, 1}}));
  EXPECT_TRUE(number_nodes({}).ids.empty());
}

TEST(EdgeNodes, EveryEndIsFoundAgainUnderItsNumber) {
  std::mt19937_64 random(3);
  std::vector<StoredEdge> edges;
  std::map<Uuid, NodeKind> all;
  for (int i = 0; i < 5000; ++i) {
    // Tasks of one process differ in their last digits only; objects anywhere.
    const Uuid task{77, random() % 600};
    const Uuid object{(random() % 900) * 0x9E3779B97F4A7C15, random() % 2};
    all.emplace(task, NodeKind::kTask);
    all.emplace(object, NodeKind::kObject);
    edges.push_back(i % 2 == 0 ? edge(object, NodeKind::kObject, task, NodeKind::kTask)
                               : edge(task, NodeKind::kTask, object, NodeKind::kObject));
  }
  const NumberedNodes nodes = number_nodes(edges);
  ASSERT_EQ(nodes.ids.size(), all.size());
  size_t at = 0;
  for (const auto& [id, kind] : all) {
    EXPECT_EQ(nodes.ids[at], id);
    EXPECT_EQ(nodes.kinds[at++], kind);
  }
  ASSERT_EQ(nodes.ends.size(), edges.size());
  for (size_t i = 0; i < edges.size(); ++i) {
    EXPECT_EQ(nodes.ids[nodes.ends[i].first], edges[i].from);
    EXPECT_EQ(nodes.ids[nodes.ends[i].second], edges[i].to);
  }
}

}  // namespace
}  // namespace headrace::query
