#include "query/layered_layout.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace headrace::query {
namespace {

constexpr int kSweeps = 4;

using Edges = std::vector<std::pair<size_t, size_t>>;

class Layout {
 public:
  Layout(size_t nodes, const Edges& edges)
      : layer_(nodes, 0), place_(nodes, 0), into_(nodes), out_of_(nodes) {
    for (const auto& [from, to] : edges) {
      if (from == to) continue;
      out_of_[from].push_back(to);
      into_[to].push_back(from);
    }
  }

  std::vector<LayoutPlace> run() {
    order_layers();
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      if (sweep % 2 == 0) {
        for (auto& layer : layers_) by_barycentre(into_, &layer);
      } else {
        for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
          by_barycentre(out_of_, &*layer);
        }
      }
    }
    std::vector<LayoutPlace> out(layer_.size());
    for (size_t node = 0; node < layer_.size(); ++node) {
      out[node] = {layer_[node],
                   place_[node] - (static_cast<double>(layers_[layer_[node]].size()) - 1) / 2};
    }
    return out;
  }

 private:
  // Kahn's order; when only cycles are left, the node with the fewest edges into it goes first.
  void order_layers() {
    std::vector<size_t> open(layer_.size());
    for (size_t node = 0; node < open.size(); ++node) open[node] = into_[node].size();
    std::vector<bool> done(layer_.size(), false);
    std::vector<size_t> ready;
    for (size_t node = open.size(); node-- > 0;) {
      if (open[node] == 0) ready.push_back(node);
    }
    size_t left = layer_.size();
    size_t scan = 0;
    while (left > 0) {
      if (ready.empty()) {
        while (done[scan]) ++scan;
        ready.push_back(scan);
      }
      const size_t node = ready.back();
      ready.pop_back();
      if (done[node]) continue;
      done[node] = true;
      --left;
      for (const size_t to : out_of_[node]) {
        if (done[to]) continue;
        layer_[to] = std::max(layer_[to], layer_[node] + 1);
        if (open[to] > 0 && --open[to] == 0) ready.push_back(to);
      }
    }
    size_t deepest = 0;
    for (const size_t layer : layer_) deepest = std::max(deepest, layer);
    layers_.resize(deepest + 1);
    for (size_t node = 0; node < layer_.size(); ++node) {
      place_[node] = static_cast<double>(layers_[layer_[node]].size());
      layers_[layer_[node]].push_back(node);
    }
  }

  void by_barycentre(const std::vector<std::vector<size_t>>& beside, std::vector<size_t>* layer) {
    std::vector<std::pair<double, size_t>> wanted;
    for (const size_t node : *layer) {
      double sum = 0;
      for (const size_t other : beside[node]) sum += place_[other];
      const double at =
          beside[node].empty() ? place_[node] : sum / static_cast<double>(beside[node].size());
      wanted.emplace_back(at, node);
    }
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < wanted.size(); ++i) {
      (*layer)[i] = wanted[i].second;
      place_[wanted[i].second] = static_cast<double>(i);
    }
  }

  std::vector<size_t> layer_;  // of each node
  std::vector<double> place_;  // of each node in its layer
  std::vector<std::vector<size_t>> into_;
  std::vector<std::vector<size_t>> out_of_;
  std::vector<std::vector<size_t>> layers_;
};

}  // namespace

std::vector<LayoutPlace> layered_layout(size_t nodes,
                                        const std::vector<std::pair<size_t, size_t>>& edges) {
  if (nodes == 0) return {};
  return Layout(nodes, edges).run();
}

}  // namespace headrace::query
