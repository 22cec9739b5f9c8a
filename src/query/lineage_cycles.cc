// Cycles of a lineage: its strongly connected parts (Tarjan 1972, without recursion).
#include <algorithm>
#include <utility>

#include "query/lineage.h"

namespace headrace::query {
namespace {

class Components {
 public:
  explicit Components(const Lineage& lineage)
      : ahead_(lineage.nodes.size()),
        order_(lineage.nodes.size(), kNew),
        lowest_(lineage.nodes.size(), 0),
        on_stack_(lineage.nodes.size(), false) {
    // Being inside a task is not being made from it.
    for (const LineageEdge& e : lineage.edges) {
      if (e.relation != "parent") ahead_[e.from].push_back(e.to);
    }
  }
  std::vector<std::vector<size_t>> find() {
    for (size_t i = 0; i < ahead_.size(); ++i) {
      if (order_[i] == kNew) search(i);
    }
    return std::move(found_);
  }

 private:
  static constexpr size_t kNew = static_cast<size_t>(-1);

  void enter(size_t at) {
    order_[at] = lowest_[at] = count_++;
    stack_.push_back(at);
    on_stack_[at] = true;
    open_.emplace_back(at, 0);
  }
  void search(size_t start) {
    enter(start);
    while (!open_.empty()) {
      const size_t at = open_.back().first;
      if (open_.back().second < ahead_[at].size()) {
        const size_t to = ahead_[at][open_.back().second++];
        if (order_[to] == kNew) {
          enter(to);
        } else if (on_stack_[to]) {
          lowest_[at] = std::min(lowest_[at], order_[to]);
        }
        continue;
      }
      open_.pop_back();
      if (!open_.empty()) {
        size_t& above = lowest_[open_.back().first];
        above = std::min(above, lowest_[at]);
      }
      if (lowest_[at] == order_[at]) leave(at);
    }
  }
  void leave(size_t root) {
    std::vector<size_t> part;
    for (size_t at = kNew; at != root;) {
      at = stack_.back();
      stack_.pop_back();
      on_stack_[at] = false;
      part.push_back(at);
    }
    if (part.size() > 1) found_.push_back(way_round(part));
  }
  // From the node nearest to the start along the data until it comes back; the rest behind.
  std::vector<size_t> way_round(std::vector<size_t> part) const {
    std::sort(part.begin(), part.end());
    std::vector<size_t> way{part.front()};
    std::vector<bool> taken(part.size(), false);
    taken[0] = true;
    for (bool moved = true; moved;) {
      moved = false;
      for (const size_t to : ahead_[way.back()]) {
        const auto at = std::lower_bound(part.begin(), part.end(), to);
        const auto place = static_cast<size_t>(at - part.begin());
        if (at == part.end() || *at != to || taken[place]) continue;
        taken[place] = true;
        way.push_back(to);
        moved = true;
        break;
      }
    }
    for (size_t i = 0; i < part.size(); ++i) {
      if (!taken[i]) way.push_back(part[i]);
    }
    return way;
  }

  std::vector<std::vector<size_t>> ahead_;
  std::vector<size_t> order_;
  std::vector<size_t> lowest_;
  std::vector<bool> on_stack_;
  std::vector<size_t> stack_;
  std::vector<std::pair<size_t, size_t>> open_;
  size_t count_ = 0;
  std::vector<std::vector<size_t>> found_;
};

}  // namespace

std::vector<std::vector<size_t>> cycles_of(const Lineage& lineage) {
  std::vector<std::vector<size_t>> cycles = Components(lineage).find();
  std::stable_sort(cycles.begin(), cycles.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return cycles;
}

}  // namespace headrace::query
