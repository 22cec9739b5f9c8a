#include "top/scope.h"

#include <algorithm>
#include <unordered_set>

#include "query/identify.h"

namespace headrace::top {
namespace {

const WorkflowFacts* find_workflow(const Folder& folder, const Uuid& id) {
  const auto found = std::find_if(folder.workflows.begin(), folder.workflows.end(),
                                  [&id](const auto& entry) { return entry.second.id == id; });
  return found == folder.workflows.end() ? nullptr : &found->second;
}

}  // namespace

Result<Scope> scope_named(const query::Session& session, const std::string& name) {
  const Result<query::Thing> thing = query::identify(
      session, name, {query::ThingKind::kCampaign, query::ThingKind::kWorkflow}, "/");
  if (!thing.ok()) return thing.status();
  const bool is_campaign = thing->kind == query::ThingKind::kCampaign;
  return Scope{is_campaign ? Scope::Kind::kCampaign : Scope::Kind::kWorkflow,
               Uuid::parse(thing->id).value_or(Uuid{})};
}

std::set<uint32_t> workflows_of(const Folder& folder, const Scope& scope) {
  std::set<uint32_t> out;
  std::unordered_set<Uuid> under{scope.id};
  // A child may have been seen before its parent.
  for (size_t before = 0; before != under.size();) {
    before = under.size();
    for (const auto& [number, w] : folder.workflows) {
      const bool belongs =
          scope.kind == Scope::Kind::kEverything ||
          (scope.kind == Scope::Kind::kCampaign && w.campaign == scope.id) ||
          (scope.kind == Scope::Kind::kWorkflow && (w.id == scope.id || under.contains(w.parent)));
      if (!belongs) continue;
      out.insert(number);
      if (scope.kind == Scope::Kind::kWorkflow) under.insert(w.id);
    }
  }
  return out;
}

Scope above(const Folder& folder, const Scope& scope) {
  if (scope.kind != Scope::Kind::kWorkflow) return {};
  const WorkflowFacts* workflow = find_workflow(folder, scope.id);
  if (workflow == nullptr) return {};
  if (find_workflow(folder, workflow->parent) != nullptr) {
    return {Scope::Kind::kWorkflow, workflow->parent};
  }
  if (workflow->campaign.is_nil()) return {};
  return {Scope::Kind::kCampaign, workflow->campaign};
}

std::string title_of(const Folder& folder, const Scope& scope) {
  const auto campaign_name = [&folder](const Uuid& id) {
    const auto found = folder.campaigns.find(id);
    return found == folder.campaigns.end() ? id.text().substr(0, 8) : found->second;
  };
  if (scope.kind == Scope::Kind::kEverything) return "everything";
  if (scope.kind == Scope::Kind::kCampaign) return campaign_name(scope.id);
  std::string out;
  std::unordered_set<Uuid> seen;  // a circle of parents is no reason to go on for ever
  const WorkflowFacts* workflow = find_workflow(folder, scope.id);
  if (workflow == nullptr) return scope.id.text().substr(0, 8);
  Uuid campaign = workflow->campaign;
  for (; workflow != nullptr && seen.insert(workflow->id).second;
       workflow = find_workflow(folder, workflow->parent)) {
    const std::string& name =
        workflow->name.empty() ? workflow->id.text().substr(0, 8) : workflow->name;
    out = name + (out.empty() ? "" : " › ") + out;
    if (campaign.is_nil()) campaign = workflow->campaign;
  }
  return campaign.is_nil() ? out : campaign_name(campaign) + " › " + out;
}

}  // namespace headrace::top
