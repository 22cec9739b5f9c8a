// A story as text for a terminal and as JSON.
#include <algorithm>

#include "query/graph_json.h"
#include "query/utf8.h"
#include "query/why.h"

namespace headrace::query {

std::string why_text(const Why& why) {
  size_t widest = 0;
  for (const WhyLine& line : why.lines) widest = std::max(widest, line.label.size());
  std::string out;
  bool first = true;
  for (const WhyLine& line : why.lines) {
    const std::string text = terminal_text(line.text);
    if (first) {
      out += text + "\n";
      first = false;
      continue;
    }
    out += "  " + line.label + std::string(widest - line.label.size() + 2, ' ') + text + "\n";
  }
  return out;
}

Json why_json(const Why& why) {
  Json::Map out;
  if (const auto* facts = why.facts.as<Json::Map>()) out = *facts;
  Json::List sentences;
  std::string label;
  for (const WhyLine& line : why.lines) {
    if (!line.label.empty()) label = line.label;
    sentences.push_back((label.empty() ? "" : label + ": ") + line.text);
  }
  out.emplace_back("sentences", Json(std::move(sentences)));
  out.emplace_back("graph", graph_json(why.nodes, why.edges));
  return Json(std::move(out));
}

}  // namespace headrace::query
