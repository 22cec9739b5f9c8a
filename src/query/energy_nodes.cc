// What each node idled away and worked for, and what waiting for others cost.
//
// A part of a machine (a node, or a GPU where tasks say on which they ran) waits when its own tasks
// of a wave have ended, others' run on, and it runs nothing else. A wave is a set of tasks of one
// activity that overlap in time, each with another: between two waves there is a moment at which
// none runs, as at a barrier (waiting.h). Only tasks without tasks inside count as running. The
// joules are what the counters of that part counted meanwhile.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "query/answer_table.h"
#include "query/emulated_domains.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/energy_tasks.h"
#include "query/json_or_null.h"
#include "query/node_counters.h"
#include "query/own_energy.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/waiting.h"

namespace headrace::query {
namespace {

struct NodeBooks {
  std::string truth;
  int64_t measured_uj = 0;
  int64_t asked_uj = 0;
  int64_t elsewhere_uj = 0;
  int64_t idle_uj = 0;
  int64_t unattributed_uj = 0;
};
using Books = std::map<std::pair<std::string, std::string>, NodeBooks>;  // by host and domain

Result<Books> read_books(const Session& session, const EnergyScope& scope) {
  Books out;
  const Result<std::string> reach = energy_reach(session, scope.asked());
  if (!reach.ok()) return reach.status();
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session, *reach);
  if (!emulated.ok()) return emulated.status();
  const auto rows = session.rows(
      "SELECT coalesce(p.hostname, ''), b.domain, CASE WHEN count(DISTINCT b.truth) > 1 THEN "
      "'mixed' ELSE any_value(b.truth) END, sum(b.measured_uj)::BIGINT, sum(b.idle_uj)::BIGINT, "
      "sum(b.unattributed_uj)::BIGINT FROM energy_balance_row b JOIN producer_row p ON p.producer "
      "= b.producer WHERE b.producer IN " +
      *reach + " GROUP BY 1, 2");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    NodeBooks& one = out[{row[0].text, row[1].text}];
    one.truth = emulated->shown(row[1].text, row[2].text);
    one.measured_uj = whole_of(row[3]);
    one.idle_uj = whole_of(row[4]);
    one.unattributed_uj = whole_of(row[5]);
  }
  const auto own = session.rows(
      with_own_energy(*reach) + "SELECT coalesce(p.hostname, ''), o.domain, coalesce(" +
      scope.workflows("w.workflow") +
      ", false), sum(o.uj)::BIGINT FROM own_energy o JOIN producer_row p ON p.producer = "
      "o.producer LEFT JOIN workflow_row w ON w.wf = o.wf GROUP BY 1, 2, 3");
  if (!own.ok()) return own.status();
  for (const auto& row : *own) {
    NodeBooks& one = out[{row[0].text, row[1].text}];
    (row[2].real != 0 ? one.asked_uj : one.elsewhere_uj) += whole_of(row[3]);
  }
  return out;
}

// What the counter shows while no task ran on the node.
struct Base {
  double busy_s = 0;
  double free_s = 0;
  std::optional<double> power_w;  // over the free time
};
Base base_of(const energy::Timeline& timeline, const std::vector<TimeSpan>& busy) {
  const TimeSpan span{timeline.begin_ns(), timeline.end_ns()};
  const std::vector<TimeSpan> free = without(span, busy);
  Base out;
  out.free_s = seconds_of(free);
  out.busy_s = static_cast<double>(span.end_ns - span.begin_ns) * 1e-9 - out.free_s;
  double uj = 0;
  for (const TimeSpan& one : free) uj += counted_uj(timeline, one);
  if (out.free_s >= 1) out.power_w = uj * 1e-6 / out.free_s;
  return out;
}

AnswerTable table_of(const Books& books, const std::vector<energy::CountedDomain>& counters,
                     const std::map<std::string, std::vector<TimeSpan>>& busy) {
  AnswerTable out({{"hostname", "node"},
                   {"domain", "domain"},
                   {"measured_j", "measured", ColumnKind::kReal, "J"},
                   {"attributed_j", "= active", ColumnKind::kReal, "J"},
                   {"elsewhere_j", "+ elsewhere", ColumnKind::kReal, "J"},
                   {"idle_j", "+ idle", ColumnKind::kReal, "J"},
                   {"unattributed_j", "+ unattributed", ColumnKind::kReal, "J"},
                   {"difference_uj", "off by uJ", ColumnKind::kInteger},
                   {"busy_s", "with tasks", ColumnKind::kReal, "s"},
                   {"free_s", "without", ColumnKind::kReal, "s"},
                   {"base_w", "base", ColumnKind::kReal, "W"},
                   {"base_j", "base while active", ColumnKind::kReal, "J"},
                   {"truth", "truth"}});
  for (const auto& [key, one] : books) {
    Base base;
    bool counted = false;
    for (const energy::CountedDomain& counter : counters) {
      if (std::pair(counter.hostname, counter.domain) != key) continue;
      const auto tasks = busy.find(counter.hostname);
      base =
          base_of(counter.timeline, tasks == busy.end() ? std::vector<TimeSpan>() : tasks->second);
      counted = true;
    }
    out.add({key.first, key.second, joules_of_uj(one.measured_uj), joules_of_uj(one.asked_uj),
             joules_of_uj(one.elsewhere_uj), joules_of_uj(one.idle_uj),
             joules_of_uj(one.unattributed_uj),
             one.measured_uj - one.asked_uj - one.elsewhere_uj - one.idle_uj - one.unattributed_uj,
             counted ? Json(base.busy_s) : Json(), counted ? Json(base.free_s) : Json(),
             json_or_null(base.power_w), base.power_w ? Json(*base.power_w * base.busy_s) : Json(),
             one.truth});
  }
  return out;
}

AnswerTable waves_table(const Waiting& waiting) {
  AnswerTable out({{"workflow", "workflow"},
                   {"activity", "activity"},
                   {"wave", "wave", ColumnKind::kInteger},
                   {"parts", "parts", ColumnKind::kInteger},
                   {"last_task_id", "waited for", ColumnKind::kId},
                   {"last_part", "on"},
                   {"waited_s", "others waited", ColumnKind::kReal, "s"},
                   {"waiting_j", "J of waiting", ColumnKind::kReal, "J"}});
  for (const Wave& one : waiting.waves) {
    out.add({one.workflow, one.activity, one.number, one.parts, one.last_task_id, one.last_part,
             one.waited_s, json_or_null(one.waiting_j)});
  }
  return out;
}

struct Cost {
  double seconds = 0;
  std::optional<double> joules;
};
AnswerTable stragglers_table(const std::vector<Straggler>& stragglers, Cost* sum) {
  AnswerTable out({{"task_id", "task_id", ColumnKind::kId},
                   {"activity", "activity"},
                   {"workflow", "workflow"},
                   {"hostname", "node"},
                   {"duration_s", "time", ColumnKind::kReal, "s"},
                   {"median_s", "median", ColumnKind::kReal, "s"},
                   {"excess_s", "beyond it", ColumnKind::kReal, "s"},
                   {"energy_j", "energy", ColumnKind::kReal, "J"},
                   {"excess_j", "beyond the median's", ColumnKind::kReal, "J"}});
  for (const Straggler& one : stragglers) {
    sum->seconds += one.excess_s;
    if (one.excess_j) sum->joules = sum->joules.value_or(0) + *one.excess_j;
    out.add({one.task->id, one.task->activity, one.task->workflow, one.task->hostname,
             one.task->duration_s, one.median_s, one.excess_s,
             one.task->energy_uj ? Json(one.task->energy_j()) : Json(),
             json_or_null(one.excess_j)});
  }
  return out;
}

std::string cost_text(const Cost& cost) {
  return si_text(cost.seconds, "s") + (cost.joules ? ", " + si_text(*cost.joules, "J") : "");
}

AnswerTable parts_table(const Waiting& waiting) {
  AnswerTable out({{"part", "part"},
                   {"waited_s", "waited", ColumnKind::kReal, "s"},
                   {"waiting_j", "J of waiting", ColumnKind::kReal, "J"}});
  for (const auto& [part, one] : waiting.parts) {
    out.add({part, one.waited_s, json_or_null(one.waiting_j)});
  }
  return out;
}

}  // namespace

Result<EnergyAnswer> energy_nodes(const Session& session, const EnergyScope& scope,
                                  const EnergyQuestion& question) {
  const auto books = read_books(session, scope);
  if (!books.ok()) return books.status();
  const auto counters = node_counters(session, scope.asked());
  if (!counters.ok()) return counters.status();
  const auto asked = energy_tasks(session, scope, "", true, false);
  if (!asked.ok()) return asked.status();
  // What else ran on these nodes is no free time either.
  const auto all =
      scope.thing ? energy_tasks(session, {std::nullopt, "everything"}, "", true, false) : asked;
  if (!all.ok()) return all.status();
  const std::vector<const EnergyTask*> running = without_inner(*all);
  std::map<std::string, std::vector<TimeSpan>> busy;
  for (const EnergyTask* one : running) busy[one->hostname].push_back(stretch_of(*one));
  for (auto& [host, stretches] : busy) stretches = merged(std::move(stretches));
  const Waiting waiting = find_waiting(*asked, running, *counters);
  Cost late;
  const AnswerTable stragglers = stragglers_table(stragglers_among(without_inner(*asked)), &late);
  const AnswerTable nodes = table_of(*books, *counters, busy);
  const AnswerTable waves = waves_table(waiting);
  std::string text = "Nodes of " + scope.of + ":\n\n" +
                     (nodes.size() == 0 ? "no energy is known\n" : nodes.text());
  text += "\nStragglers, beyond the median of their like: ";
  text += stragglers.size() == 0 ? "none\n" : cost_text(late) + "\n\n" + stragglers.text();
  text += "\nWaiting for the last of a wave: ";
  if (waves.size() == 0) {
    text += "none; no tasks of one activity ran on several parts of the machine and ended apart\n";
  } else {
    text += cost_text({waiting.total.waited_s, waiting.total.waiting_j}) + "\n\n" +
            parts_table(waiting).text() + "\n" + waves.text();
  }
  return EnergyAnswer{
      Json::Map{{"of", scope.of},
                {"nodes", nodes.json(question.limit)},
                {"stragglers", Json::Map{{"excess_s", late.seconds},
                                         {"excess_j", json_or_null(late.joules)},
                                         {"rows", stragglers.json(question.limit)}}},
                {"waiting", Json::Map{{"waited_s", waiting.total.waited_s},
                                      {"waiting_j", json_or_null(waiting.total.waiting_j)},
                                      {"parts", parts_table(waiting).json()},
                                      {"waves", waves.json(question.limit)}}}},
      terminal_lines(text)};
}

}  // namespace headrace::query
