// 5. Activities: how long, how evenly, at what cost, with what values.
#include <unordered_map>
#include <utility>

#include "query/stragglers.h"
#include "query/units.h"
#include "report/card_parts.h"

namespace headrace::report {
namespace {

constexpr size_t kActivities = 100;
constexpr int kStragglers = 10;
constexpr size_t kDetailed = 20;
constexpr int kValues = 12;  // of an activity and role

using EnergyByActivity = std::unordered_map<std::string, query::EnergySum>;

Result<EnergyByActivity> energy_of(const Scope& scope) {
  EnergyByActivity out;
  if (scope.task_energy.empty()) return out;
  Result<query::ResultTable> table =
      scope.session->sql("SELECT task_id, activity FROM task WHERE " + scope.is_this());
  if (!table.ok()) return table.status();
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      const auto task = scope.task_energy.find(table->cell(0, row).text);
      if (task == scope.task_energy.end() || !task->second.joules) continue;
      query::EnergySum& sum = out[table->cell(1, row).text];
      sum.truth = query::joint_truth(sum.truth, task->second.truth);
      sum.joules = sum.joules.value_or(0) + *task->second.joules;
    }
  }
}

Result<std::string> timing(const Scope& scope) {
  const auto rows = scope.session->rows(
      "SELECT activity, count(*), count(*) FILTER (status IN ('failed', 'lost')), sum(duration_s), "
      "avg(duration_s), median(duration_s), quantile_cont(duration_s, 0.95), max(duration_s) FROM "
      "task "
      "WHERE " +
      scope.is_this() + " GROUP BY 1 ORDER BY 4 DESC NULLS LAST, 1");
  if (!rows.ok()) return rows.status();
  const auto energy = energy_of(scope);
  if (!energy.ok()) return energy.status();
  MarkdownTable table({"Activity", ">Tasks", ">Failed", ">Time", ">Mean", ">Median", ">95 %",
                       ">Longest", ">Energy"});
  for (size_t i = 0; i < rows->size() && i < kActivities; ++i) {
    const Row& row = (*rows)[i];
    std::vector<std::string> cells = {markdown_text(row[0].text),
                                      query::grouped(static_cast<uint64_t>(row[1].real)),
                                      query::grouped(static_cast<uint64_t>(row[2].real))};
    for (size_t column = 3; column < 8; ++column) cells.push_back(quantity_text(row[column], "s"));
    const auto known = energy->find(row[0].text);
    cells.push_back(known == energy->end()
                        ? "not recorded"
                        : joules_text(known->second.joules, known->second.truth));
    table.row(cells);
  }
  std::string out = "## 5. Activities\n\n### Timing Report\n\n" + table.text();
  if (rows->size() > kActivities) {
    out += "Shown are the " + std::to_string(kActivities) + " of " + query::grouped(rows->size()) +
           " activities that took most time.\n\n";
  }
  return out;
}

Result<std::string> stragglers(const Scope& scope) {
  query::StragglerOptions options;
  if (scope.is_workflow()) {
    options.workflow_id = scope.of.id;
  } else {
    options.campaign = scope.of.name;
  }
  Result<query::ResultTable> found = query::stragglers_of(*scope.session, options);
  if (!found.ok()) return found.status();
  std::string out = "### Interpretation & Insights\n\n";
  MarkdownTable table({"Straggler", "Task", ">Time", ">Median", ">Times", "Host", ">Rank"});
  size_t count = 0;
  for (;;) {
    const Result<bool> more = found->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < found->rows(); ++row) {
      if (++count > kStragglers) continue;
      const auto cell = [&](size_t column) { return found->cell(column, row); };
      table.row({markdown_text(cell(1).text),
                 markdown_code(cell(0).text.substr(0, 8) + ".." + cell(0).text.substr(32)),
                 quantity_text(cell(3), "s"), quantity_text(cell(4), "s"),
                 query::number_text(cell(5).real, 3), markdown_text(cell(8).text),
                 cell(7).is_null ? "–" : query::number_text(cell(7).real)});
    }
  }
  if (count == 0) return out + "No task took far longer than others of its activity.\n\n";
  out += table.text();
  if (count > kStragglers) {
    out += "Shown are the " + std::to_string(kStragglers) + " longest of " + query::grouped(count) +
           " stragglers.\n\n";
  }
  return out;
}

// What each activity used and generated, as ranges of its values.
Result<std::string> details(const Scope& scope) {
  const auto of = [&](const char* role) {
    return "SELECT t.activity, '" + std::string(role) +
           "' AS role, j.key, count(*) AS n, count(DISTINCT j.atom::VARCHAR) AS kinds, "
           "min(j.atom::VARCHAR) AS first, min(TRY_CAST(j.atom AS DOUBLE)) AS low, "
           "max(TRY_CAST(j.atom AS DOUBLE)) AS high, count(TRY_CAST(j.atom AS DOUBLE)) AS numbers, "
           "bool_and(starts_with(j.value::VARCHAR, '{\"$object\"')) AS objects FROM task t, "
           "json_each(t." +
           std::string(role) + ") j WHERE t." + scope.is_this() + " GROUP BY 1, 2, 3";
  };
  const auto rows = scope.session->rows(
      "SELECT v.* FROM (" + of("used") + " UNION ALL " + of("generated") +
      ") v JOIN (SELECT activity, min(started_at) AS at FROM task WHERE " + scope.is_this() +
      " GROUP BY 1) a ON a.activity = v.activity ORDER BY a.at, v.activity, v.role = 'generated', "
      "v.n "
      "DESC, v.key");
  if (!rows.ok()) return rows.status();
  std::string out = "### Per Activity Details\n\n";
  if (rows->empty()) return out + "No task used or generated a value.\n\n";
  MarkdownTable table({"Activity", "", "Value", ">Tasks", "Range"});
  std::string activity;
  std::string role;
  size_t activities = 0;
  int values = 0;
  for (const Row& row : *rows) {
    if (row[0].text != activity) ++activities;
    values = row[0].text == activity && row[1].text == role ? values + 1 : 0;
    activity = row[0].text;
    role = row[1].text;
    if (activities > kDetailed) break;
    if (values >= kValues) continue;
    std::string range;
    if (row[8].real == row[3].real && !row[6].is_null) {
      range = query::number_text(row[6].real);
      if (row[7].real != row[6].real) range += " to " + query::number_text(row[7].real);
    } else if (row[4].real == 1) {
      const Result<query::Json> one = query::Json::parse(row[5].text);
      const std::string text = one.ok() ? one->text() : row[5].text;
      range = markdown_text(text.size() > 80 ? text.substr(0, 80) + "…" : text);
    } else if (row[4].real > 1) {
      range = query::grouped(static_cast<uint64_t>(row[4].real)) + " different";
    } else {
      range = row[9].real != 0 ? "objects, see section 6" : "nested";
    }
    table.row({markdown_text(activity), role, markdown_text(row[2].text),
               query::grouped(static_cast<uint64_t>(row[3].real)), range});
  }
  return out + table.text();
}

}  // namespace

Result<std::string> card_activities(const CardSubject& subject) {
  std::string out;
  for (const auto part : {timing, stragglers, details}) {
    const Result<std::string> text = part(*subject.scope);
    if (!text.ok()) return text.status();
    out += *text;
  }
  return out;
}

}  // namespace headrace::report
