// The lines "data": what each step made, from what, back to the raw files.
#include <algorithm>
#include <map>
#include <set>

#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

constexpr size_t kToldSteps = 20;

}  // namespace

void Story::data() {
  std::vector<size_t> actors{*actor_};
  std::set<size_t> told{*actor_};
  Json::List steps;
  for (size_t i = 0; i < actors.size(); ++i) {
    const auto inputs = inputs_of(actors[i]);
    std::vector<size_t> raw;
    std::string made;
    std::vector<size_t> written;
    for (const auto& [object, exact] : inputs) {
      const std::vector<size_t> generators = generators_of(object);
      const bool own =
          std::find(generators.begin(), generators.end(), actors[i]) != generators.end();
      if (own) continue;  // its own product, read again
      if (generators.empty()) {
        raw.push_back(object);
        continue;
      }
      made += (made.empty() ? "" : ", ") + node(object).label + (exact ? "" : " (inferred)");
      for (const size_t by : generators) {
        if (told.insert(by).second) actors.push_back(by);
      }
    }
    for (const LineageEdge* e : into_[actors[i]]) {
      if (e->relation != "value") continue;
      made += (made.empty() ? "" : ", ") + std::string("the value ") + e->name + " of task " +
              node(e->from).label + " (inferred)";
      if (told.insert(e->from).second) actors.push_back(e->from);
    }
    std::string text = i == 0 ? actor_text(actors[i])
                              : product_of(actors[i]) + " ← " + actor_text(actors[i]) +
                                    (node(actors[i]).node.exact ? "" : " (inferred)");
    const std::string raw_part = raw_text(raw);
    std::string from = made;
    if (!raw_part.empty()) from += (from.empty() ? "" : ", ") + raw_part;
    Json::List input_ids;
    for (const auto& [object, exact] : inputs) {
      input_ids.push_back(
          members({{"id", node(object).node.id.text()},
                   {"name", node(object).label},
                   {"path", node(object).facts["path"]},
                   {"sha256", node(object).facts["sha256"]},
                   {"raw", lineage_.whole ? Json(generators_of(object).empty()) : Json()},
                   {"exact", exact}}));
    }
    steps.push_back(members({{"by", node(actors[i]).node.id.text()},
                             {"activity", node(actors[i]).label},
                             {"exact", node(actors[i]).node.exact},
                             {"inputs", Json(std::move(input_ids))}}));
    if (i < kToldSteps) {
      line(i == 0 ? "data" : "", text + (!from.empty()    ? " ← " + from
                                         : lineage_.whole ? " used no captured object"
                                                          : ""));
    }
    if (from.empty() && lineage_.whole) without_input_.push_back(actors[i]);
  }
  if (actors.size() > kToldSteps) {
    line("", "and " + std::to_string(actors.size() - kToldSteps) + " more steps; --json has all");
  }
  made_by_ = actors;
  fact("data", Json(std::move(steps)));
}

std::string Story::product_of(size_t actor) const {
  std::string out;
  size_t count = 0;
  for (const LineageEdge* e : out_of_[actor]) {
    if (e->relation != "generated" || ++count > kNamedInputs) continue;
    out += (out.empty() ? "" : ", ") + node(e->to).label;
  }
  if (count > kNamedInputs) out += " and " + std::to_string(count - kNamedInputs) + " more";
  return out;
}

std::string Story::raw_text(const std::vector<size_t>& raw) const {
  if (raw.empty()) return "";
  if (raw.size() <= kNamedInputs) {
    std::string out;
    for (const size_t at : raw) {
      const Json& path = node(at).facts["path"];
      out += (out.empty() ? "" : ", ") + (path.is_null() ? node(at).label : path.text());
    }
    return out + (lineage_.whole ? " (raw)" : "");
  }
  std::map<std::string, size_t> kinds;
  double bytes = 0;
  for (const size_t at : raw) {
    ++kinds[node(at).facts["kind"].is_null() ? "object" : node(at).facts["kind"].text()];
    bytes += node(at).facts["size_bytes"].number().value_or(0);
  }
  std::string out;
  for (const auto& [kind, count] : kinds) {
    out += (out.empty() ? "" : " and ") + counted(count, (lineage_.whole ? "raw " : "") + kind);
  }
  if (bytes > 0) out += " of " + bytes_text(bytes);
  const Json& path = node(raw.front()).facts["path"];
  return out + ", e.g. " + (path.is_null() ? node(raw.front()).label : path.text());
}

}  // namespace headrace::query
