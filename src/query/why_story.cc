#include "query/why_story.h"

#include <algorithm>

#include "query/why_cycles.h"

namespace headrace::query {

Json members(std::vector<std::pair<std::string, Json>> all) {
  std::erase_if(all, [](const auto& member) { return member.second.is_null(); });
  return Json(Json::Map(std::move(all)));
}

Why Story::tell() {
  find_actor();
  opening();
  if (actor_) {
    code();
    data();
    params();
    environment();
    cost();
    cumulative();
  }
  if (Json cycles = tell_cycles(lineage_, facts_.nodes, &lines_); !cycles.is_null()) {
    fact("cycles", std::move(cycles));
  }
  if (lineage_.cut > 0) {
    line("beyond", "the depth asked for: " + std::to_string(lineage_.cut) +
                       (lineage_.cut == 1 ? " thing was" : " things were") +
                       " made from others still");
    fact("cut", static_cast<int64_t>(lineage_.cut));
  }
  not_captured();
  Why why;
  why.subject = subject_;
  why.lines = std::move(lines_);
  why.facts = Json(std::move(out_));
  why.edges = lineage_.edges;
  why.nodes = std::move(facts_.nodes);
  return why;
}

}  // namespace headrace::query
