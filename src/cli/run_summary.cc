#include "cli/run_summary.h"

#include <string>
#include <utility>

#include "cli/open_session.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

std::string counted(uint64_t n, const std::string& what) {
  return query::grouped(n) + " " + what + (n == 1 ? "" : "s");
}

// The workflow and those under it, and their tasks but the program's own.
std::string counts_sql(const run::Recorded& ids) {
  return "WITH RECURSIVE under(id) AS (SELECT workflow_id FROM workflow WHERE workflow_id = '" +
         ids.workflow.text() +
         "' UNION SELECT w.workflow_id FROM workflow w JOIN under ON w.parent_workflow_id = "
         "under.id) SELECT (SELECT count(*) FROM under), count(*), "
         "count(*) FILTER (WHERE status = 'failed') FROM task WHERE workflow_id IN (FROM under) "
         "AND task_id <> '" +
         ids.task.text() + "'";
}

std::string counts_text(const query::Session& session, const run::Recorded& ids) {
  const auto rows = session.rows(counts_sql(ids));
  if (!rows.ok() || rows->size() != 1) return {};
  const auto number = [&](size_t i) { return static_cast<uint64_t>((*rows)[0][i].real); };
  std::string text = "  " + counted(number(0), "workflow") + " · " + counted(number(1), "task");
  if (number(2) > 0) text += " (" + query::grouped(number(2)) + " failed)";
  return text;
}

// The energy of everything that ran here meanwhile, and how well it is known.
std::string energy_text(const query::Session& session, const run::Recorded& ids) {
  const auto rows =
      session.rows("SELECT window_j, truth, method FROM task_energy WHERE task_id = '" +
                   ids.task.text() + "' AND domain = 'node' AND window_j IS NOT NULL");
  if (!rows.ok() || rows->size() != 1) return {};
  const auto& row = (*rows)[0];
  std::string text = " · " + query::si_text(row[0].real, "J") + " (" + row[1].text;
  if (row[1].text != "measured" && !row[2].is_null) text += ", " + row[2].text;
  return text + ")";
}

}  // namespace

void say_summary(const Program& program, const run::Recorded& recorded) {
  if (program.quiet) return;
  const std::string id = recorded.workflow.text().substr(0, 8);
  std::string facts;
  // A store that another process holds is no reason to wait or to complain: it folds later.
  if (Result<query::Session> session = open_session(program); session.ok()) {
    facts = counts_text(*session, recorded) + energy_text(*session, recorded);
  }
  program.say("headrace: run " + id + facts + "  next: headrace show " + id);
}

}  // namespace headrace::cli
