// What went into a task, by the edges around it and inside it.
#include <set>

#include "query/why_story.h"

namespace headrace::query {

std::vector<std::pair<size_t, bool>> Story::inputs_of(size_t actor) const {
  // The tasks around it and those inside it, but none that merely has the same parent.
  std::set<size_t> part{actor};
  for (const bool outward : {true, false}) {
    std::vector<size_t> open{actor};
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      for (const LineageEdge* e : outward ? into_[at] : out_of_[at]) {
        const size_t next = outward ? e->from : e->to;
        if (e->relation == "parent" && node(next).node.distance == node(actor).node.distance &&
            part.insert(next).second) {
          open.push_back(next);
        }
      }
    }
  }
  std::vector<std::pair<size_t, bool>> out;
  std::set<size_t> seen;
  for (const size_t at : part) {
    for (const LineageEdge* e : into_[at]) {
      if (e->relation == "used" && !is_code(e->from) && seen.insert(e->from).second) {
        out.emplace_back(e->from, e->exact);
      }
    }
  }
  return out;
}

}  // namespace headrace::query
