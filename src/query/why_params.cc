// The line "params".
#include <algorithm>

#include "query/shortened.h"
#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {

void Story::params() {
  Json::Map all;
  const auto add = [&all](const Json& used) {
    const auto* map = used.as<Json::Map>();
    if (map == nullptr) return;
    for (const auto& [key, value] : *map) {
      if (!value["$object"].is_null()) continue;
      const bool known =
          std::any_of(all.begin(), all.end(), [&k = key](const auto& m) { return m.first == k; });
      if (!known) all.emplace_back(key, value);
    }
  };
  for (const Json* facts : around(*actor_)) add((*facts)["used"]);
  if (const auto w = facts_.workflows.find(workflow_id_of(*actor_)); w != facts_.workflows.end()) {
    add(w->second["used"]);
  }
  std::string text;
  for (const auto& [key, value] : all) {
    const auto* d = value.as<double>();
    text += (text.empty() ? "" : " ") + key + "=" +
            (d != nullptr ? number_text(*d) : shortened(value.text()));
  }
  if (all.empty()) {
    miss("parameters", "name them: hr.task(\"" + node(*actor_).label + "\", used={\"lr\": lr})");
  } else {
    line("params", text);
  }
  fact("params", Json(std::move(all)));
}

}  // namespace headrace::query
