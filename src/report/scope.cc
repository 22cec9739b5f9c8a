#include "report/scope.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "query/campaign.h"
#include "query/cell_value.h"

namespace headrace::report {
namespace {

using store::sql_text;

using query::Thing;
using query::ThingKind;

// The newest of a view; nothing when it is empty.
Result<std::optional<Thing>> newest(const query::Session& session, ThingKind kind) {
  const std::string view(query::name_of(kind));
  const auto rows = session.rows("SELECT " + view + "_id, name FROM " + view +
                                 " ORDER BY started_at DESC NULLS LAST LIMIT 1");
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Thing>();
  return std::optional(Thing{kind, rows->at(0)[0].text, rows->at(0)[1].text, ""});
}

Result<Thing> choose(const query::Session& session, const std::string& wanted) {
  if (!wanted.empty()) {
    // A campaign often shares its name with its workflow: it is the larger of the two.
    const Result<query::CampaignName> campaign = query::find_campaign(session, wanted);
    if (campaign.ok()) return Thing{ThingKind::kCampaign, campaign->id, campaign->name, ""};
    std::error_code error;
    return query::identify(session, wanted, {ThingKind::kCampaign, ThingKind::kWorkflow},
                           std::filesystem::current_path(error));
  }
  for (const ThingKind kind : {ThingKind::kCampaign, ThingKind::kWorkflow}) {
    const auto found = newest(session, kind);
    if (!found.ok()) return found.status();
    if (*found) return **found;
  }
  return not_found(
      "nothing was captured in " + session.root().string() +
      " (headrace run -- COMMAND captures a program, hr.campaign(\"NAME\") names what it "
      "belongs to)");
}

void add_energy(const query::EnergySum& task, query::EnergySum* sum) {
  const bool first = !sum->joules;
  sum->joules = sum->joules.value_or(0) + *task.joules;
  // Errors of one method tend to go the same way, so they are added as they stand.
  sum->u95_j = (first || sum->u95_j) && task.u95_j
                   ? std::optional(sum->u95_j.value_or(0) + *task.u95_j)
                   : std::nullopt;
  sum->truth = first ? task.truth : query::joint_truth(sum->truth, task.truth);
}

Status read_energy(Scope* scope) {
  Result<query::EmulatedDomains> emulated = query::EmulatedDomains::read(*scope->session);
  if (!emulated.ok()) return emulated.status();
  scope->emulated = std::move(*emulated);
  const auto rows = scope->session->rows(
      "SELECT e.task_id, e.domain, e.attributed_j, e.u95_j, e.truth, e.method, t.workflow_id,"
      " t.parent_task_id FROM task_energy e"
      " JOIN (SELECT task_id, workflow_id, parent_task_id FROM task WHERE " +
      scope->is_this() + ") t ON t.task_id = e.task_id ORDER BY e.domain");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, std::vector<query::DomainEnergy>> domains;
  std::unordered_map<std::string, std::string> workflow_of_root;
  for (const Row& row : *rows) {
    domains[row[0].text].push_back({row[1].text, query::real_of(row[2]), query::real_of(row[3]),
                                    scope->emulated.shown(row[1].text, row[4].text), row[5].text});
    if (row[7].is_null) workflow_of_root[row[0].text] = row[6].text;
  }
  for (const auto& [task, list] : domains) {
    const query::EnergySum& sum = scope->task_energy[task] = query::sum_domains(list);
    const auto root = workflow_of_root.find(task);
    if (root == workflow_of_root.end() || !sum.joules) continue;
    add_energy(sum, &scope->root_energy[root->second]);
    add_energy(sum, &scope->root_energy[""]);
  }
  return {};
}

}  // namespace

std::string Scope::is_this() const {
  return is_workflow() ? "workflow_id = " + sql_text(of.id) : "campaign = " + sql_text(of.name);
}

Result<Scope> find_scope(const query::Session& session, const std::string& wanted) {
  Result<Thing> found = choose(session, wanted);
  if (!found.ok()) return found.status();
  Scope scope;
  scope.session = &session;
  scope.of = std::move(*found);
  const std::string view(query::name_of(scope.of.kind));
  const auto times = session.rows("SELECT started_at, ended_at, campaign_id FROM " + view +
                                  " WHERE " + view + "_id = " + sql_text(scope.of.id));
  if (!times.ok()) return times.status();
  if (const query::Cell& campaign = times->at(0)[2]; !campaign.is_null) {
    scope.campaign_id = campaign.text;
  }
  scope.start_ns = times->at(0)[0].time_ns;
  if (!times->at(0)[1].is_null) scope.end_ns = times->at(0)[1].time_ns;

  const auto workflows = session.rows("SELECT workflow_id, name FROM workflow WHERE " +
                                      scope.is_this() + " ORDER BY started_at, workflow_id");
  if (!workflows.ok()) return workflows.status();
  for (const Row& row : *workflows) {
    scope.workflows.push_back(row[0].text);
    scope.workflow_names.emplace(row[0].text, row[1].text);
  }
  const auto objects = session.rows("SELECT object_id, coalesce(name, path) FROM object");
  if (!objects.ok()) return objects.status();
  for (const Row& row : *objects) scope.object_names.emplace(row[0].text, row[1].text);
  HEADRACE_RETURN_IF_ERROR(read_energy(&scope));
  return scope;
}

query::Json energy_json(const query::EnergySum& sum) {
  if (!sum.joules) return {};
  return query::Json::Map{{"energy_j", *sum.joules},
                          {"u95_j", sum.u95_j ? query::Json(*sum.u95_j) : query::Json()},
                          {"truth", sum.truth}};
}

}  // namespace headrace::report
