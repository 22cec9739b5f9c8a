// headrace ls [campaigns|workflows|tasks]
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/campaign.h"
#include "query/nearest.h"

namespace headrace::cli {
namespace {

struct LsOptions {
  std::string what;
  std::string campaign;
  std::string workflow;
  std::string status;
  std::string activity;
  Output output;
};

using store::sql_text;

// The conditions of the options as an SQL WHERE, or "".
std::string where(const std::vector<std::string>& conditions) {
  std::string out;
  for (const std::string& one : conditions) out += (out.empty() ? " WHERE " : " AND ") + one;
  return out;
}

std::string campaigns_sql(const LsOptions& o) {
  std::vector<std::string> conditions;
  if (!o.campaign.empty()) conditions.push_back("name = " + sql_text(o.campaign));
  return "SELECT campaign_id, name, started_at, ended_at, workflows, tasks, tags, note "
         "FROM campaign" +
         where(conditions) + " ORDER BY started_at DESC, name";
}

std::string workflows_sql(const LsOptions& o) {
  std::vector<std::string> conditions;
  if (!o.campaign.empty()) conditions.push_back("w.campaign = " + sql_text(o.campaign));
  if (!o.status.empty()) conditions.push_back("w.status = " + sql_text(o.status));
  if (!o.workflow.empty()) {
    conditions.push_back("(w.name = " + sql_text(o.workflow) +
                         " OR starts_with(w.workflow_id::VARCHAR, " + sql_text(o.workflow) + "))");
  }
  return "SELECT w.workflow_id, w.name, w.campaign, w.status, w.started_at, w.duration_s, "
         "coalesce(t.tasks, 0) AS tasks, w.exit_code, w.hostname, w.tags, w.note FROM workflow w "
         "LEFT JOIN (SELECT workflow_id, count(*) AS tasks FROM task GROUP BY 1) t "
         "USING (workflow_id)" +
         where(conditions) + " ORDER BY w.started_at DESC";
}

std::string tasks_sql(const LsOptions& o) {
  std::vector<std::string> conditions;
  if (!o.campaign.empty()) conditions.push_back("t.campaign = " + sql_text(o.campaign));
  if (!o.status.empty()) conditions.push_back("t.status = " + sql_text(o.status));
  if (!o.activity.empty()) conditions.push_back("t.activity = " + sql_text(o.activity));
  if (!o.workflow.empty()) {
    conditions.push_back(
        "t.workflow_id IN (SELECT workflow_id FROM workflow WHERE name = " + sql_text(o.workflow) +
        " OR starts_with(workflow_id::VARCHAR, " + sql_text(o.workflow) + "))");
  }
  return "SELECT t.task_id, t.activity, t.campaign, t.workflow_id, t.parent_task_id, t.status, "
         "t.started_at, t.duration_s FROM task t" +
         where(conditions) + " ORDER BY t.started_at, t.task_id";
}

// A name that nothing has is a mistake to be told, not an empty list.
Status check_filters(const query::Session& session, const LsOptions& o) {
  if (!o.campaign.empty()) {
    const auto found = query::find_campaign(session, o.campaign);
    if (!found.ok()) return found.status();
  }
  const auto check = [&](const std::string& word, const std::string& value,
                         const std::string& sql) -> Status {
    const auto rows = session.rows(sql);
    if (!rows.ok()) return rows.status();
    std::vector<std::string> names;
    for (const auto& row : *rows) {
      for (const query::Cell& cell : row) {
        if (cell.text == value) return {};
        if (value.size() >= 4 && cell.text.rfind(value, 0) == 0) return {};
      }
      names.push_back(row[0].text);
    }
    const auto near = query::nearest_names(value, names);
    return not_found("there is no " + word + " " + value +
                     (near.empty() ? (names.empty() ? "" : "; there are " + query::listed(names))
                                   : query::did_you_mean(near)));
  };
  if (!o.workflow.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        check("workflow", o.workflow, "SELECT DISTINCT name, workflow_id::VARCHAR FROM workflow"));
  }
  if (!o.activity.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        check("activity", o.activity, "SELECT DISTINCT activity FROM task ORDER BY 1"));
  }
  return {};
}

int list(const LsOptions& o, const Program& program) {
  Result<query::Session> session = open_session(program);
  if (!session.ok()) return program.fail(session.status());
  if (const Status checked = check_filters(*session, o); !checked.ok())
    return program.fail(checked);
  std::string what = o.what;
  if (what.empty()) {
    what = !o.activity.empty() || !o.workflow.empty() ? "tasks"
           : !o.campaign.empty() || !o.status.empty() ? "workflows"
                                                      : "campaigns";
    // Work without a campaign is found one level down.
    const auto campaigns = session->rows("SELECT 1 FROM campaign LIMIT 1");
    if (what == "campaigns" && campaigns.ok() && campaigns->empty()) what = "workflows";
  }
  const std::string sql = what == "campaigns"   ? campaigns_sql(o)
                          : what == "workflows" ? workflows_sql(o)
                                                : tasks_sql(o);
  Result<query::ResultTable> table = session->sql(sql);
  if (!table.ok()) return program.fail(table.status());
  table->set_unit("duration_s", "s");
  return emit(program, o.output, std::move(*table));
}

}  // namespace

void add_ls(CLI::App& app, Program& program) {
  auto options = std::make_shared<LsOptions>();
  CLI::App* verb = add_verb(app, "ls", "Lists campaigns, workflows or tasks",
                            "  headrace ls                                campaigns\n"
                            "  headrace ls workflows --campaign sweep     its workflows\n"
                            "  headrace ls tasks --status failed          what went wrong\n"
                            "  headrace ls tasks --activity train --json | jq .\n");
  verb->add_option("WHAT", options->what,
                   "campaigns, workflows or tasks (default: by the options given)")
      ->check(CLI::IsMember({"campaigns", "workflows", "tasks"}))
      ->option_text("");
  verb->add_option("--campaign", options->campaign, "Only of this campaign")->type_name("NAME");
  verb->add_option("--workflow", options->workflow, "Only of this workflow (name or id)")
      ->type_name("NAME");
  verb->add_option("--status", options->status,
                   "pending, running, finished, failed, cancelled or lost")
      ->check(CLI::IsMember({"pending", "running", "finished", "failed", "cancelled", "lost"}))
      ->type_name("STATUS");
  verb->add_option("--activity", options->activity, "Only tasks of this activity")
      ->type_name("NAME");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return list(*options, program); });
}

}  // namespace headrace::cli
