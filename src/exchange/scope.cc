#include "exchange/scope.h"

#include <filesystem>
#include <map>
#include <utility>

#include "query/campaign.h"
#include "query/identify.h"
#include "store/registry.h"
#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::exchange {
namespace {

// The chosen rows, in tables of the connection's own.
std::string chosen_sql(const std::string& campaign_id, const std::string& workflow_id) {
  std::string which = " WHERE true";
  if (!campaign_id.empty()) which += " AND campaign_id = " + store::sql_text(campaign_id);
  if (!workflow_id.empty()) which += " AND workflow_id = " + store::sql_text(workflow_id);
  return "CREATE TEMP TABLE chosen_workflow AS SELECT workflow_id, campaign_id, hostname, pid, "
         "started_at, ended_at FROM workflow" +
         which +
         ";\n"
         "CREATE TEMP TABLE chosen_campaign AS SELECT DISTINCT campaign_id FROM campaign "
         "WHERE campaign_id IN (SELECT campaign_id FROM chosen_workflow)" +
         (campaign_id.empty() ? std::string()
                              : " OR campaign_id = " + store::sql_text(campaign_id)) +
         ";\n"
         "CREATE TEMP TABLE chosen_task AS SELECT task_id, hostname, pid FROM task "
         "WHERE workflow_id IN (SELECT workflow_id FROM chosen_workflow);\n"
         "CREATE TEMP TABLE chosen_step AS SELECT task_id AS id FROM chosen_task "
         "UNION ALL SELECT workflow_id FROM chosen_workflow;\n"
         "CREATE TEMP TABLE chosen_object AS "
         "SELECT from_id AS id FROM edge WHERE from_kind = 'object' "
         "AND to_id IN (SELECT id FROM chosen_step) "
         "UNION SELECT to_id FROM edge WHERE to_kind = 'object' "
         "AND from_id IN (SELECT id FROM chosen_step);\n";
}

}  // namespace

Result<Scope> Scope::open(const query::Session& session, const ScopeChoice& choice) {
  std::string campaign_id;
  std::string workflow_id;
  if (!choice.campaign.empty()) {
    const Result<query::CampaignName> found = query::find_campaign(session, choice.campaign);
    if (!found.ok()) return found.status();
    campaign_id = found->id;
  }
  if (!choice.workflow.empty()) {
    const Result<query::Thing> found = query::identify(
        session, choice.workflow, {query::ThingKind::kWorkflow}, std::filesystem::current_path());
    if (!found.ok()) return found.status();
    workflow_id = found->id;
  }
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  store::TaskView view;
  view.used_json = true;
  view.generated_json = true;
  HEADRACE_RETURN_IF_ERROR(connection->run(store::task_view_sql(*registry, view)));
  for (const char* name : {"edge", "task_energy", "log"}) {
    HEADRACE_RETURN_IF_ERROR(connection->run(store::quick_view_sql(name, {})));
  }
  const bool whole = campaign_id.empty() && workflow_id.empty();
  if (!whole) HEADRACE_RETURN_IF_ERROR(connection->run(chosen_sql(campaign_id, workflow_id)));
  return Scope(std::move(*connection), whole);
}

std::string Scope::where(const std::string& view) const {
  static const std::string by_workflow = "workflow_id IN (SELECT workflow_id FROM chosen_workflow)";
  static const std::map<std::string, std::string> clauses = {
      {"campaign", "campaign_id IN (SELECT campaign_id FROM chosen_campaign)"},
      {"workflow", by_workflow},
      {"task", by_workflow},
      {"task_energy", by_workflow},
      {"log", by_workflow},
      {"object", "object_id IN (SELECT id FROM chosen_object)"},
      {"edge",
       "from_id IN (SELECT id FROM chosen_step) OR (to_id IN (SELECT id FROM chosen_step) "
       "AND relation <> 'parent')"},
      {"sensor", "hostname IN (SELECT hostname FROM chosen_workflow)"},
      {"sample",
       "EXISTS (FROM chosen_workflow w WHERE w.hostname = sample.hostname "
       "AND sample.time >= w.started_at AND (w.ended_at IS NULL OR sample.time <= w.ended_at))"},
      {"gap",
       "(hostname, pid) IN (SELECT (hostname, pid) FROM chosen_task UNION "
       "SELECT (hostname, pid) FROM chosen_workflow)"},
  };
  const auto clause = clauses.find(view);
  return whole_ || clause == clauses.end() ? "" : " WHERE (" + clause->second + ")";
}

}  // namespace headrace::exchange
