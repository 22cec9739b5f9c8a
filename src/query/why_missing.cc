// The lines "not captured", each with what would have captured it.
#include "query/why_story.h"

namespace headrace::query {
namespace {

constexpr size_t kNamedGaps = 8;

}  // namespace

void Story::not_captured() {
  for (const size_t at : without_input_) {
    miss("what " + node(at).label + " read", "give its files to it: hr.task(\"" + node(at).label +
                                                 "\", used={\"data\": hr.object(path)})");
  }
  bool inferred = false;
  for (const LineageEdge& e : lineage_.edges) inferred |= !e.exact;
  if (inferred) {
    miss("some edges, which are inferred",
         "pass the object itself to the task that uses it; inferred ones are marked");
  }
  for (size_t i = 0; i < missing_.size(); ++i) {
    if (i == kNamedGaps) {
      line("", "and " + std::to_string(missing_.size() - i) + " more; --json has all");
      break;
    }
    line(i == 0 ? "not captured" : "",
         missing_[i]["what"].text() + ": " + missing_[i]["how"].text());
  }
  fact("not_captured", Json(std::move(missing_)));
}

}  // namespace headrace::query
