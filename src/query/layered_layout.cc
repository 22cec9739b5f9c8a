#include "query/layered_layout.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace headrace::query {
namespace {

constexpr int kSweeps = 4;

// What stands beside each node in one direction, all lists in one.
class Neighbours {
 public:
  Neighbours(size_t nodes, const std::vector<LayoutEdge>& edges, uint32_t LayoutEdge::*of,
             uint32_t LayoutEdge::*beside)
      : first_(nodes + 1, 0) {
    for (const LayoutEdge& edge : edges) {
      if (edge.from != edge.to) ++first_[edge.*of + 1];
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    all_.resize(first_.back());
    std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
    for (const LayoutEdge& edge : edges) {
      if (edge.from != edge.to) all_[next[edge.*of]++] = edge.*beside;
    }
  }
  std::span<const uint32_t> of(uint32_t node) const {
    return {all_.data() + first_[node], all_.data() + first_[node + 1]};
  }

 private:
  std::vector<uint32_t> first_;
  std::vector<uint32_t> all_;
};

// Kahn's order; when only cycles are left, the first node goes first.
std::vector<uint32_t> layers_along(size_t nodes, const Neighbours& into, const Neighbours& out_of) {
  std::vector<uint32_t> layer(nodes, 0);
  std::vector<uint32_t> open(nodes);
  std::vector<uint32_t> ready;
  for (auto node = static_cast<uint32_t>(nodes); node-- > 0;) {
    open[node] = static_cast<uint32_t>(into.of(node).size());
    if (open[node] == 0) ready.push_back(node);
  }
  std::vector<bool> done(nodes, false);
  uint32_t scan = 0;
  for (size_t left = nodes; left > 0;) {
    if (ready.empty()) {
      while (done[scan]) ++scan;
      ready.push_back(scan);
    }
    const uint32_t node = ready.back();
    ready.pop_back();
    if (done[node]) continue;
    done[node] = true;
    --left;
    for (const uint32_t to : out_of.of(node)) {
      if (done[to]) continue;
      layer[to] = std::max(layer[to], layer[node] + 1);
      if (open[to] > 0 && --open[to] == 0) ready.push_back(to);
    }
  }
  return layer;
}

// Sorts a layer by the mean place of what stands beside each of its nodes.
class Sweep {
 public:
  explicit Sweep(std::vector<double>* place) : place_(*place) {}

  void order(const Neighbours& beside, std::vector<uint32_t>* layer) {
    wanted_.clear();
    for (const uint32_t node : *layer) {
      const std::span<const uint32_t> others = beside.of(node);
      double sum = 0;
      for (const uint32_t other : others) sum += place_[other];
      wanted_.emplace_back(others.empty() ? place_[node] : sum / static_cast<double>(others.size()),
                           node);
    }
    std::stable_sort(wanted_.begin(), wanted_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < wanted_.size(); ++i) {
      (*layer)[i] = wanted_[i].second;
      place_[wanted_[i].second] = static_cast<double>(i);
    }
  }

 private:
  std::vector<double>& place_;
  std::vector<std::pair<double, uint32_t>> wanted_;
};

}  // namespace

std::vector<uint32_t> layers_of(size_t nodes, const std::vector<LayoutEdge>& edges) {
  const Neighbours into(nodes, edges, &LayoutEdge::to, &LayoutEdge::from);
  const Neighbours out_of(nodes, edges, &LayoutEdge::from, &LayoutEdge::to);
  return layers_along(nodes, into, out_of);
}

std::vector<LayoutPlace> layered_layout(size_t nodes, const std::vector<LayoutEdge>& edges) {
  if (nodes == 0) return {};
  const Neighbours into(nodes, edges, &LayoutEdge::to, &LayoutEdge::from);
  const Neighbours out_of(nodes, edges, &LayoutEdge::from, &LayoutEdge::to);
  const std::vector<uint32_t> layer_of = layers_along(nodes, into, out_of);
  std::vector<std::vector<uint32_t>> layers(*std::max_element(layer_of.begin(), layer_of.end()) +
                                            1);
  std::vector<double> place(nodes, 0);
  for (uint32_t node = 0; node < nodes; ++node) {
    place[node] = static_cast<double>(layers[layer_of[node]].size());
    layers[layer_of[node]].push_back(node);
  }
  Sweep sweep(&place);
  for (int i = 0; i < kSweeps; ++i) {
    if (i % 2 == 0) {
      for (auto& layer : layers) sweep.order(into, &layer);
    } else {
      for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        sweep.order(out_of, &*layer);
      }
    }
  }
  std::vector<LayoutPlace> out(nodes);
  for (size_t node = 0; node < nodes; ++node) {
    const auto size = static_cast<double>(layers[layer_of[node]].size());
    out[node] = {layer_of[node], place[node] - (size - 1) / 2};
  }
  return out;
}

}  // namespace headrace::query
