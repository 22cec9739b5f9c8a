// Whose work a thing is, and what stands around that.
#include <algorithm>
#include <map>

#include "query/why_story.h"

namespace headrace::query {

void Story::fact(const std::string& name, Json value) { out_.emplace_back(name, std::move(value)); }

std::vector<size_t> Story::generators_of(size_t object) const {
  std::vector<size_t> out;
  for (const LineageEdge* e : into_[object]) {
    if (e->relation == "generated") out.push_back(e->from);
  }
  return out;
}

void Story::find_actor() {
  if (node(0).node.kind != NodeKind::kObject) {
    actor_ = 0;
    return;
  }
  for (const size_t at : generators_of(0)) {
    const auto began = [this](size_t n) { return node(n).facts["started_at"].text(); };
    if (!actor_ || began(at) > began(*actor_)) actor_ = at;
  }
}

std::string Story::workflow_id_of(size_t actor) const {
  const WhyNode& n = node(actor);
  if (n.node.kind == NodeKind::kWorkflow) return n.node.id.text();
  return n.facts["workflow_id"].is_null() ? "" : n.facts["workflow_id"].text();
}

std::vector<const Json*> Story::around(size_t actor) const {
  std::vector<const Json*> out;
  if (node(actor).node.kind != NodeKind::kTask) return {&node(actor).facts};
  std::string id = node(actor).node.id.text();
  for (auto found = facts_.tasks.find(id); found != facts_.tasks.end() && out.size() < 64;
       found = facts_.tasks.find(id)) {
    out.push_back(&found->second);
    if (found->second["parent_task_id"].is_null()) break;
    id = found->second["parent_task_id"].text();
  }
  return out;
}

const Json& Story::whole_of(size_t actor) const {
  for (const Json* facts : around(actor)) {
    const auto* used = (*facts)["used"].as<Json::Map>();
    if (used != nullptr && !used->empty()) return *facts;
  }
  return node(actor).facts;
}

std::string Story::actor_text(size_t actor) const {
  const WhyNode& n = node(actor);
  std::string label = n.label;
  const Json& whole = whole_of(actor);
  if (n.node.kind == NodeKind::kTask && whole["task_id"].text() != n.node.id.text()) {
    label = whole["activity"].text() + " › " + label;
  }
  std::string text = std::string(name_of(n.node.kind)) + " " + label;
  if (n.node.kind == NodeKind::kTask && !n.facts["workflow"].is_null()) {
    text += " of workflow " + n.facts["workflow"].text();
  }
  return text;
}

Json Story::attribute(const std::string& name) const {
  return inherited_attribute(facts_, workflow_id_of(*actor_), name);
}

ProcessFacts Story::process() const {
  if (node(*actor_).node.kind != NodeKind::kTask) return {};
  const auto found = facts_.processes.find(producer_text(node(*actor_).node.id.text()));
  return found == facts_.processes.end() ? ProcessFacts() : found->second;
}

}  // namespace headrace::query
