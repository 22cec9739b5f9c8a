#include "query/graph_json.h"

#include <utility>

namespace headrace::query {

Json graph_json(const std::vector<WhyNode>& nodes, const std::vector<LineageEdge>& edges) {
  Json::List node_list;
  for (const WhyNode& n : nodes) {
    node_list.emplace_back(Json::Map{{"kind", std::string(name_of(n.node.kind))},
                                     {"id", n.node.id.text()},
                                     {"label", n.label},
                                     {"distance", static_cast<int64_t>(n.node.distance)},
                                     {"exact", n.node.exact},
                                     {"facts", n.facts}});
  }
  Json::List edge_list;
  for (const LineageEdge& e : edges) {
    edge_list.emplace_back(Json::Map{{"from", nodes[e.from].node.id.text()},
                                     {"to", nodes[e.to].node.id.text()},
                                     {"relation", e.relation},
                                     {"name", e.name},
                                     {"exact", e.exact}});
  }
  return Json(
      Json::Map{{"nodes", Json(std::move(node_list))}, {"edges", Json(std::move(edge_list))}});
}

}  // namespace headrace::query
