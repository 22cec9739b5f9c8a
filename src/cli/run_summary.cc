#include "cli/run_summary.h"

#include <string>
#include <utility>

#include "cli/open_session.h"
#include "model/emulated.h"
#include "query/emulated_domains.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

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
  std::string text =
      "  " + query::counted(number(0), "workflow") + " · " + query::counted(number(1), "task");
  if (number(2) > 0) text += " (" + query::grouped(number(2)) + " failed)";
  return text;
}

struct Energy {
  double joules = 0;
  bool measured = false;
  bool estimated = false;
  bool emulated = false;  // of what was measured, some by headrace lab
  std::string method;     // of the estimate
};

// What sensors of the node measured meanwhile (of nested domains the outermost), and of what they
// do not measure the program's estimate.
Energy energy_of(const query::Session& session, const run::Recorded& ids) {
  Energy energy;
  const auto measured = session.rows(
      "SELECT sum(e.window_j) FROM task_energy e WHERE e.task_id = '" + ids.task.text() +
      "' AND e.truth <> 'estimated' AND NOT EXISTS (FROM task_energy o WHERE o.task_id = e.task_id "
      "AND o.truth <> 'estimated' AND starts_with(e.domain, o.domain || '/'))");
  if (measured.ok() && !measured->empty() && !(*measured)[0][0].is_null) {
    energy.joules += (*measured)[0][0].real;
    energy.measured = true;
    const auto emulated = query::EmulatedDomains::read(session);
    const auto domains = session.rows(
        "SELECT DISTINCT domain, truth FROM task_energy WHERE task_id = '" + ids.task.text() + "'");
    if (emulated.ok() && domains.ok()) {
      for (const auto& row : *domains) {
        energy.emulated = energy.emulated || emulated->is_emulated(row[0].text, row[1].text);
      }
    }
  }
  const auto estimate = session.rows(
      "SELECT TRY_CAST(attributes->>'$.energy.cpu_j' AS DOUBLE), "
      "attributes->>'$.energy.assumption' FROM workflow WHERE workflow_id = '" +
      ids.workflow.text() + "'");
  if (estimate.ok() && !estimate->empty() && !(*estimate)[0][0].is_null) {
    energy.joules += (*estimate)[0][0].real;
    energy.estimated = true;
    const std::string& words = (*estimate)[0][1].text;
    energy.method = "CPU time x " + words.substr(0, words.find(" for "));
  }
  return energy;
}

std::string energy_text(const Energy& energy) {
  if (!energy.measured && !energy.estimated) return {};
  std::string text = " · " + query::si_text(energy.joules, "J") + " (";
  if (!energy.estimated) return text + (energy.emulated ? kEmulatedTruth : "measured") + ")";
  const std::string truth = energy.measured ? "mixed" : "estimated";
  return text + (energy.emulated ? kEmulatedTruth : truth) + ", " + energy.method + ")";
}

}  // namespace

void say_summary(const Program& program, const run::Recorded& recorded) {
  if (program.quiet) return;
  const std::string id = recorded.workflow.text().substr(0, 8);
  std::string facts;
  // A store that another process holds is no reason to wait or to complain: it folds later.
  if (Result<query::Session> session = open_session(program); session.ok()) {
    facts = counts_text(*session, recorded) + energy_text(energy_of(*session, recorded));
  }
  program.say("headrace: run " + id + facts + "  next: headrace show " + id);
}

}  // namespace headrace::cli
