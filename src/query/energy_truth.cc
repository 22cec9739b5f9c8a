// Which figures are measured, which estimated, by what sensor and how well; and what is left when
// the estimated ones are dropped.
//
// Figures are what tasks used themselves, so that rows add up to the total in whole micro-joules.
// How far sums are off is told apart as in energy_error.h.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "query/answer_table.h"
#include "query/emulated_domains.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/own_energy.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

struct Sum {
  int64_t uj = 0;
  int64_t tasks = 0;
  double sensor_j = 0;
  double model_j = 0;
  double own_j2 = 0;

  void add(const Sum& other) {
    uj += other.uj;
    tasks += other.tasks;
    sensor_j += other.sensor_j;
    model_j += other.model_j;
    own_j2 += other.own_j2;
  }
  double split_j() const { return std::sqrt(model_j * model_j + own_j2); }
  double u95_j() const { return std::hypot(sensor_j, split_j()); }
};

struct Source {
  std::string names;
  std::string where;
};

// By domain and whether it is an estimate: the counters behind it.
Result<std::map<std::pair<std::string, bool>, Source>> read_sources(const Session& session,
                                                                    const std::string& reach) {
  const auto rows = session.rows(
      "SELECT domain, truth = 'estimated', string_agg(DISTINCT name, ', ' ORDER BY name), "
      "string_agg(DISTINCT source, ', ' ORDER BY source) FROM sensor_row WHERE quantity = "
      "'hw.energy' AND producer IN " +
      reach + " GROUP BY ALL");
  if (!rows.ok()) return rows.status();
  std::map<std::pair<std::string, bool>, Source> out;
  for (const auto& row : *rows) {
    out[{row[0].text, row[1].real != 0}] = {row[2].text, row[3].text};
  }
  return out;
}

// A workflow's figures with and without estimates, and its place by each.
struct Change {
  std::string id;
  std::string name;
  int64_t all_uj = 0;
  int64_t kept_uj = 0;
};

class Truths {
 public:
  Truths(const Session& session, const EnergyScope& scope) : session_(session), scope_(scope) {}
  Status read();
  EnergyAnswer answer(const EnergyQuestion& question);

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;

  Json left(const Sum& sum) const;

  const Session& session_;
  const EnergyScope& scope_;
  std::map<std::pair<std::string, bool>, Source> sources_;
  std::map<Key, Sum> rows_;  // domain, truth, method, assumption
  std::map<std::string, Sum> by_truth_;
  std::map<std::string, Change> workflows_;
  Sum total_;
  int64_t tasks_only_estimated_ = 0;
};

Status Truths::read() {
  const Result<std::string> reach = energy_reach(session_, scope_.asked());
  if (!reach.ok()) return reach.status();
  auto sources = read_sources(session_, *reach);
  if (!sources.ok()) return sources.status();
  sources_ = std::move(*sources);
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session_, *reach);
  if (!emulated.ok()) return emulated.status();
  const auto rows = session_.rows(
      with_own_energy(*reach) +
      "SELECT coalesce(w.workflow::VARCHAR, ''), coalesce(w.name, ''), o.domain, o.truth, "
      "o.method, o.assumption, count(*), sum(o.uj)::BIGINT, sum(o.sensor_j), sum(o.model_j), "
      "sum(o.own_j2) FROM own_energy o LEFT JOIN workflow_row w ON w.wf = o.wf WHERE " +
      scope_.workflows("w.workflow") + " GROUP BY ALL ORDER BY ALL");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    const Sum one{whole_of(row[7]), whole_of(row[6]), row[8].real, row[9].real, row[10].real};
    if (one.uj == 0) continue;
    const std::string truth = emulated->shown(row[2].text, row[3].text);
    rows_[{row[2].text, truth, row[4].text, row[5].text}].add(one);
    by_truth_[truth].add(one);
    total_.add(one);
    Change& change = workflows_[row[0].text];
    change.id = row[0].text;
    change.name = row[1].text;
    change.all_uj += one.uj;
    if (truth != "estimated") change.kept_uj += one.uj;
  }
  const auto only = session_.rows(
      "SELECT count(*) FROM (SELECT e.producer, e.seq FROM task_energy_row e JOIN workflow_row w "
      "ON w.wf = e.wf WHERE " +
      scope_.workflows("w.workflow") + " GROUP BY ALL HAVING bool_and(e.truth = 'estimated'))");
  if (!only.ok()) return only.status();
  tasks_only_estimated_ = whole_of((*only)[0][0]);
  return {};
}

Json Truths::left(const Sum& sum) const {
  return Json::Map{{"energy_uj", sum.uj},
                   {"energy_j", joules_of_uj(sum.uj)},
                   {"u95_j", sum.u95_j()},
                   {"sensor_u95_j", sum.sensor_j},
                   {"split_u95_j", sum.split_j()},
                   {"share", total_.uj == 0 ? Json()
                                            : Json(static_cast<double>(sum.uj) /
                                                   static_cast<double>(total_.uj))}};
}

EnergyAnswer Truths::answer(const EnergyQuestion& question) {
  AnswerTable rows({{"domain", "domain"},
                    {"truth", "truth"},
                    {"energy_uj", "", ColumnKind::kInteger},
                    {"energy_j", "energy", ColumnKind::kReal, "J"},
                    {"share", "share", ColumnKind::kReal},
                    {"u95_j", "± 95 %", ColumnKind::kReal, "J"},
                    {"sensor_u95_j", "sensor", ColumnKind::kReal, "J"},
                    {"split_u95_j", "split", ColumnKind::kReal, "J"},
                    {"tasks", "tasks", ColumnKind::kInteger},
                    {"method", "method"},
                    {"sensors", "sensors"},
                    {"sources", ""},
                    {"assumption", ""}});
  for (const auto& [key, sum] : rows_) {
    const auto& [domain, truth, method, assumption] = key;
    const Source& source = sources_[{domain, truth == "estimated"}];
    rows.add({domain, truth, sum.uj, joules_of_uj(sum.uj),
              static_cast<double>(sum.uj) / static_cast<double>(total_.uj), sum.u95_j(),
              sum.sensor_j, sum.split_j(), sum.tasks, method, source.names, source.where,
              assumption});
  }
  Sum kept;
  for (const auto& [truth, sum] : by_truth_) {
    if (truth != "estimated") kept.add(sum);
  }
  std::vector<Change> changes;
  for (const auto& [id, change] : workflows_) changes.push_back(change);
  const auto place = [&](const Change& of, int64_t Change::*figure) {
    return 1 + std::count_if(changes.begin(), changes.end(),
                             [&](const Change& one) { return one.*figure > of.*figure; });
  };
  AnswerTable changed({{"workflow_id", "", ColumnKind::kId},
                       {"workflow", "workflow"},
                       {"energy_j", "with all", ColumnKind::kReal, "J"},
                       {"without_estimates_j", "without estimates", ColumnKind::kReal, "J"},
                       {"share_left", "left", ColumnKind::kReal},
                       {"place", "place", ColumnKind::kInteger},
                       {"place_without", "then", ColumnKind::kInteger}});
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.all_uj > b.all_uj; });
  for (const Change& one : changes) {
    changed.add(
        {one.id, one.name, joules_of_uj(one.all_uj), joules_of_uj(one.kept_uj),
         static_cast<double>(one.kept_uj) / static_cast<double>(std::max<int64_t>(1, one.all_uj)),
         static_cast<int64_t>(place(one, &Change::all_uj)),
         static_cast<int64_t>(place(one, &Change::kept_uj))});
  }
  std::string text = "How the energy of " + scope_.of + " is known: ";
  if (total_.uj == 0) {
    text += "none is known. headrace doctor says which sensors there are.\n";
  } else {
    text += si_text(joules_of_uj(total_.uj), "J") + " ± " + si_text(total_.u95_j(), "J") + "\n\n" +
            rows.text() + "\nWithout what is estimated: " + si_text(joules_of_uj(kept.uj), "J") +
            " ± " + si_text(kept.u95_j(), "J") + ", " +
            counted(static_cast<uint64_t>(tasks_only_estimated_), "task") +
            " would have no figure\n\n" + changed.text();
    std::set<std::string> said;
    for (const auto& [key, sum] : rows_) {
      const auto& [domain, truth, method, assumption] = key;
      if (truth != "measured" && !assumption.empty() && said.insert(method + assumption).second) {
        text += "≈ " + method + ": " + assumption + "\n";
      }
    }
  }
  Json::Map by_truth;
  for (const auto& [truth, sum] : by_truth_) by_truth.emplace_back(truth, left(sum));
  return {Json::Map{{"of", scope_.of},
                    {"total", left(total_)},
                    {"by_truth", std::move(by_truth)},
                    {"rows", rows.json(question.limit)},
                    {"without_estimates", left(kept)},
                    {"tasks_only_estimated", tasks_only_estimated_},
                    {"workflows", changed.json(question.limit)}},
          terminal_lines(text)};
}

}  // namespace

Result<EnergyAnswer> energy_truth(const Session& session, const EnergyScope& scope,
                                  const EnergyQuestion& question) {
  Truths truths(session, scope);
  HEADRACE_RETURN_IF_ERROR(truths.read());
  return truths.answer(question);
}

}  // namespace headrace::query
