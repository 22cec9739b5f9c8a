// The first sentence: what wrote it, when.
#include <algorithm>

#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

// "2026-11-21 14:03:05 UTC" of "2026-11-21T14:03:05.123456789Z".
std::string moment(const Json& time) {
  if (time.is_null()) return "an unknown time";
  std::string text = time.text().substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text + " UTC";
}

}  // namespace

std::string Story::object_text(size_t at) const {
  const WhyNode& n = node(at);
  std::string more = n.facts["kind"].is_null() ? "object" : n.facts["kind"].text();
  if (!n.facts["sha256"].is_null())
    more += ", sha256 " + n.facts["sha256"].text().substr(0, 8) + "…";
  if (const auto size = n.facts["size_bytes"].number()) more += ", " + bytes_text(*size);
  if (const auto version = n.facts["version"].number(); version && *version > 1) {
    more += ", version " + n.facts["version"].text();
  }
  return n.label + " (" + more + ")";
}

void Story::opening() {
  const WhyNode& first = node(0);
  std::vector<std::pair<std::string, Json>> about = {
      {"kind", std::string(name_of(first.node.kind))},
      {"id", first.node.id.text()},
      {"name", first.label}};
  fact("subject", members(about));
  if (!actor_) {
    line("", object_text(0) + " was written by no captured task.");
    miss("what wrote " + first.label,
         "let the program that writes it run under headrace run, or give the file to a task as "
         "generated: task.generated(file=hr.object(path))");
    return;
  }
  const WhyNode& actor = node(*actor_);
  const std::string when = moment(actor.facts["ended_at"].is_null() ? actor.facts["started_at"]
                                                                    : actor.facts["ended_at"]);
  if (first.node.kind == NodeKind::kObject) {
    const size_t times = generators_of(0).size();
    line("", object_text(0) + " was written by " + actor_text(*actor_) + ", " + when +
                 (times > 1 ? ", and with the same content by " + std::to_string(times - 1) +
                                  (times > 2 ? " others" : " other")
                            : "") +
                 ".");
    if (const std::string lost = lost_text(); !lost.empty()) line("", "That task " + lost + ".");
  } else {
    line("", "The " + actor_text(*actor_) + " " +
                 (lost_text().empty()
                      ? actor.facts["status"].is_null() ? "ran" : actor.facts["status"].text()
                      : lost_text()) +
                 ", " + when + ".");
  }
  fact("written_by",
       members({{"kind", std::string(name_of(actor.node.kind))},
                {"id", actor.node.id.text()},
                {"activity", actor.facts["activity"]},
                {"workflow", actor.node.kind == NodeKind::kWorkflow ? actor.facts["name"]
                                                                    : actor.facts["workflow"]},
                {"workflow_id", workflow_id_of(*actor_)},
                {"campaign", actor.facts["campaign"]},
                {"status", actor.facts["status"]},
                {"started_at", actor.facts["started_at"]},
                {"ended_at", actor.facts["ended_at"]}}));
}

std::string Story::lost_text() const {
  if (node(*actor_).facts["status"].text() != "lost") return "";
  const std::string end = process().end;
  return "is lost: its process " + (end.empty() ? "ended" : end) + " before it did";
}

}  // namespace headrace::query
