#include "query/energy_sums.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "query/emulated_domains.h"
#include "query/energy_error.h"

namespace headrace::query {
namespace {

constexpr const char* kTasks =
    "(SELECT producer, seq, wf, dur, parent_producer, parent_seq FROM task_slots UNION ALL SELECT "
    "producer, seq, wf, dur, parent_producer, parent_seq FROM open_task)";

struct Workflow {
  int64_t number = 0;
  std::string id;
  std::string name;
  std::string campaign_id;
};

const std::string kU95 =
    std::string("sqrt(pow(sum(") + kSensorU95 +
    ") FILTER (coalesce(e.share_j, e.attributed_j) IS NOT NULL), 2) + pow(sum(" + kModelU95 +
    "), 2) + sum(" + kOwnU95Squared + "))";

// What is asked for, as conditions that leave out blocks of rows unread.
struct Scope {
  std::vector<Workflow> workflows;  // in the order in which they began
  bool is_all = false;
  bool is_one = false;  // a workflow
  std::string set;      // the query that gives their numbers

  // On the column `wf` of rows; "true" for all.
  std::string condition(const std::string& wf) const {
    if (is_all || workflows.empty()) return is_all ? "true" : "false";
    const auto [least, most] =
        std::minmax_element(workflows.begin(), workflows.end(),
                            [](const auto& a, const auto& b) { return a.number < b.number; });
    std::string out =
        wf + " BETWEEN " + std::to_string(least->number) + " AND " + std::to_string(most->number);
    const bool is_run = most->number - least->number + 1 == static_cast<int64_t>(workflows.size());
    return is_run ? out : out + " AND " + wf + " IN (" + set + ")";
  }
};

Result<Scope> scope_of(const Session& session, const Thing* of) {
  Scope out;
  out.is_all = of == nullptr;
  out.is_one = of != nullptr && of->kind == ThingKind::kWorkflow;
  const std::string where =
      of == nullptr ? "true"
                    : std::string(out.is_one ? "workflow" : "campaign") + " = '" + of->id + "'";
  out.set = "SELECT wf FROM workflow_row WHERE " + where;
  Result<ResultTable> rows =
      session.own_sql("SELECT wf, workflow, name, campaign FROM workflow_row WHERE " + where +
                      " ORDER BY begin_ns, workflow");
  if (!rows.ok()) return rows.status();
  for (;;) {
    const Result<bool> more = rows->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < rows->rows(); ++row) {
      out.workflows.push_back({static_cast<int64_t>(rows->cell(0, row).real),
                               rows->cell(1, row).text, rows->cell(2, row).text,
                               rows->cell(3, row).text});
    }
  }
}

void add_once(const std::string& text, std::string* list) {
  if (text.empty() || ("; " + *list + ";").find("; " + text + ";") != std::string::npos) return;
  *list += (list->empty() ? "" : "; ") + text;
}

// One part more of the same domain.
void add(const EnergySums& part, EnergySums* sum) {
  sum->attributed_j += part.attributed_j;
  if (part.u95_j) sum->u95_j = sum->u95_j.value_or(0) + *part.u95_j;
  sum->time_s += part.time_s;
  sum->tasks += part.tasks;
  sum->unknown += part.unknown;
  if (part.tasks == 0) return;
  sum->truth = joint_truth(sum->truth, part.truth);
  add_once(part.method, &sum->method);
  add_once(part.assumption, &sum->assumption);
}

class Sums {
 public:
  Sums(const Session& session, Scope scope) : session_(session), scope_(std::move(scope)) {}

  Status find_nested();
  // Whether a task lies in one of another workflow.
  Result<bool> crosses();
  Status read_energy();
  Status read_times();
  std::vector<EnergySums> take();

 private:
  using Key = std::pair<int64_t, std::string>;  // workflow, domain

  template <typename See>
  Status each(const std::string& sql, See&& see);
  Status read_odd_times(const std::string& workflows);

  const Session& session_;
  const Scope scope_;
  std::string with_;   // names the tasks that lie in others, where there are any
  std::string apart_;  // leaves them out
  std::map<Key, EnergySums> sums_;
};

template <typename See>
Status Sums::each(const std::string& sql, See&& see) {
  Result<ResultTable> rows = session_.own_sql(sql);
  if (!rows.ok()) return rows.status();
  for (;;) {
    const Result<bool> more = rows->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    for (size_t row = 0; row < rows->rows(); ++row) {
      see([&](size_t column) { return rows->cell(column, row); });
    }
  }
}

// Mostly nothing lies in another task, and finding that out costs nothing.
Status Sums::find_nested() {
  const std::string mine = "t.parent_seq IS NOT NULL AND " + scope_.condition("t.wf");
  bool any = false;
  HEADRACE_RETURN_IF_ERROR(
      each(std::string("SELECT 1 FROM ") + kTasks + " t WHERE " + mine + " LIMIT 1",
           [&](const auto&) { any = true; }));
  if (!any) return {};
  const std::string outer = scope_.is_all   ? ""
                            : scope_.is_one ? " AND o.wf = t.wf"
                                            : " AND " + scope_.condition("o.wf");
  with_ = std::string("WITH nested AS (SELECT t.producer, t.seq FROM ") + kTasks + " t SEMI JOIN " +
          kTasks + " o ON o.producer = t.parent_producer AND o.seq = t.parent_seq" + outer +
          " WHERE " + mine + ") ";
  apart_ = " ANTI JOIN nested n ON n.producer = e.producer AND n.seq = e.seq ";
  return {};
}

Result<bool> Sums::crosses() {
  bool any = false;
  if (with_.empty()) return any;
  HEADRACE_RETURN_IF_ERROR(
      each(std::string("SELECT 1 FROM ") + kTasks + " t JOIN " + kTasks +
               " o ON o.producer = t.parent_producer AND o.seq = t.parent_seq WHERE t.parent_seq "
               "IS NOT NULL AND o.wf <> t.wf LIMIT 1",
           [&](const auto&) { any = true; }));
  return any;
}

Status Sums::read_energy() {
  return each(with_ +
                  "SELECT e.wf, e.domain, e.truth, e.method, coalesce(e.assumption, ''), "
                  "sum(coalesce(e.share_j, e.attributed_j)), " +
                  kU95 +
                  ", count(coalesce(e.share_j, e.attributed_j)), count(*) FROM "
                  "task_energy_row e " +
                  apart_ + " WHERE " + scope_.condition("e.wf") +
                  " GROUP BY e.wf, e.domain, e.truth, e.method, e.assumption ORDER BY ALL",
              [this](const auto& cell) {
                EnergySums part;
                part.truth = shown_truth(cell(2).text, cell(4).text);
                part.method = cell(3).text;
                part.assumption = cell(4).text;
                if (!cell(5).is_null) part.attributed_j = cell(5).real;
                if (!cell(6).is_null) part.u95_j = cell(6).real;
                part.tasks = static_cast<int64_t>(cell(7).real);
                part.unknown = static_cast<int64_t>(cell(8).real) - part.tasks;
                add(part, &sums_[{static_cast<int64_t>(cell(0).real), cell(1).text}]);
              });
}

// The time of all a workflow's outermost tasks, and where some of them have no figure that of those
// that have one.
Status Sums::read_times() {
  struct Time {
    int64_t tasks = 0;
    double seconds = 0;
  };
  std::unordered_map<int64_t, Time> times;
  HEADRACE_RETURN_IF_ERROR(
      each(with_ + "SELECT e.wf, count(*), sum(e.dur) / 1e9 FROM " + kTasks + " e " + apart_ +
               " WHERE " + scope_.condition("e.wf") + " GROUP BY e.wf",
           [&](const auto& cell) {
             times[static_cast<int64_t>(cell(0).real)] = {static_cast<int64_t>(cell(1).real),
                                                          cell(2).is_null ? 0 : cell(2).real};
           }));
  std::string odd;
  for (auto& [key, sum] : sums_) {
    const Time& time = times[key.first];
    sum.time_s = time.seconds;
    if (sum.tasks != time.tasks) odd += (odd.empty() ? "" : ", ") + std::to_string(key.first);
  }
  return odd.empty() ? Status() : read_odd_times(odd);
}

Status Sums::read_odd_times(const std::string& workflows) {
  return each(with_ + "SELECT e.wf, e.domain, sum(t.dur) / 1e9 FROM task_energy_row e JOIN " +
                  kTasks + " t ON t.producer = e.producer AND t.seq = e.seq" + apart_ +
                  " WHERE coalesce(e.share_j, e.attributed_j) IS NOT NULL AND e.wf IN (" +
                  workflows + ") AND t.wf IN (" + workflows + ") GROUP BY e.wf, e.domain",
              [this](const auto& cell) {
                sums_[{static_cast<int64_t>(cell(0).real), cell(1).text}].time_s =
                    cell(2).is_null ? 0 : cell(2).real;
              });
}

std::vector<EnergySums> Sums::take() {
  std::vector<EnergySums> out;
  for (const Workflow& workflow : scope_.workflows) {
    for (auto found = sums_.lower_bound({workflow.number, ""});
         found != sums_.end() && found->first.first == workflow.number; ++found) {
      EnergySums& sum = out.emplace_back(std::move(found->second));
      sum.workflow_id = workflow.id;
      sum.workflow = workflow.name;
      sum.campaign_id = workflow.campaign_id;
      sum.domain = found->first.second;
    }
  }
  return out;
}

}  // namespace

Result<std::vector<EnergySums>> energy_sums(const Session& session, const Thing* of) {
  Result<Scope> scope = scope_of(session, of);
  if (!scope.ok()) return scope.status();
  Sums sums(session, std::move(*scope));
  HEADRACE_RETURN_IF_ERROR(sums.find_nested());
  HEADRACE_RETURN_IF_ERROR(sums.read_energy());
  HEADRACE_RETURN_IF_ERROR(sums.read_times());
  return sums.take();
}

Result<AllEnergySums> all_energy_sums(const Session& session) {
  Result<Scope> scope = scope_of(session, nullptr);
  if (!scope.ok()) return scope.status();
  Sums sums(session, std::move(*scope));
  HEADRACE_RETURN_IF_ERROR(sums.find_nested());
  HEADRACE_RETURN_IF_ERROR(sums.read_energy());
  HEADRACE_RETURN_IF_ERROR(sums.read_times());
  const Result<bool> crosses = sums.crosses();
  if (!crosses.ok()) return crosses.status();
  return AllEnergySums{sums.take(), !*crosses};
}

std::vector<EnergySums> sums_of(const AllEnergySums& all, const Thing& of) {
  const bool is_workflow = of.kind == ThingKind::kWorkflow;
  std::vector<EnergySums> out;
  std::copy_if(all.sums.begin(), all.sums.end(), std::back_inserter(out),
               [&of, is_workflow](const EnergySums& one) {
                 return (is_workflow ? one.workflow_id : one.campaign_id) == of.id;
               });
  return out;
}

std::vector<EnergySums> over_workflows(const std::vector<EnergySums>& sums) {
  std::map<std::string, EnergySums> domains;
  for (const EnergySums& one : sums) {
    EnergySums& sum = domains[one.domain];
    sum.domain = one.domain;
    add(one, &sum);
  }
  std::vector<EnergySums> out;
  for (auto& [domain, sum] : domains) out.push_back(std::move(sum));
  return out;
}

}  // namespace headrace::query
