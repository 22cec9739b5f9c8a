#include "query/task_sums.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

namespace headrace::query {
namespace {

std::string sums_sql(const std::string& table) {
  return "SELECT wf, activity, count(*) AS tasks, count(*) FILTER (status = 3) AS failed, "
         "count(*) FILTER (status = 5) AS lost, " +
         std::string(table == "open_task" ? "count(*) FILTER (status = 1)" : "0") +
         " AS running, sum(dur)::BIGINT AS dur, min(ts) AS ts FROM " + table +
         " GROUP BY wf, activity";
}

void add(const TaskSum& part, TaskSum* sum) {
  sum->tasks += part.tasks;
  sum->failed += part.failed;
  sum->lost += part.lost;
  sum->running += part.running;
  if (part.duration_ns) sum->duration_ns = sum->duration_ns.value_or(0) + *part.duration_ns;
  if (part.began_ns) {
    sum->began_ns = std::min(sum->began_ns.value_or(*part.began_ns), *part.began_ns);
  }
}

}  // namespace

Result<TaskSums> task_sums(const Session& session) {
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::QueryResult> rows = connection->query(sums_sql("task_slots") + " UNION ALL " +
                                                      sums_sql("open_task") + " ORDER BY wf");
  if (!rows.ok()) return rows.status();
  TaskSums out;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      TaskSum& sum = out.all.emplace_back();
      sum.workflow = static_cast<uint32_t>(c.integer(0, row));
      sum.activity = static_cast<uint32_t>(c.integer(1, row));
      sum.tasks = c.integer(2, row);
      sum.failed = c.integer(3, row);
      sum.lost = c.integer(4, row);
      sum.running = c.integer(5, row);
      if (!c.is_null(6, row)) sum.duration_ns = c.integer(6, row);
      if (!c.is_null(7, row)) sum.began_ns = c.integer(7, row);
    }
  }
  return out;
}

std::vector<TaskSum> by_activity(const TaskSums& sums, const std::vector<uint32_t>& workflows) {
  std::map<uint32_t, TaskSum> activities;
  for (const uint32_t workflow : workflows) {
    auto at =
        std::lower_bound(sums.all.begin(), sums.all.end(), workflow,
                         [](const TaskSum& one, uint32_t number) { return one.workflow < number; });
    for (; at != sums.all.end() && at->workflow == workflow; ++at) {
      TaskSum& sum = activities[at->activity];
      sum.workflow = at->workflow;
      sum.activity = at->activity;
      add(*at, &sum);
    }
  }
  std::vector<TaskSum> out;
  for (const auto& [activity, sum] : activities) out.push_back(sum);
  std::stable_sort(out.begin(), out.end(), [](const TaskSum& a, const TaskSum& b) {
    constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
    return a.began_ns.value_or(kNever) < b.began_ns.value_or(kNever);
  });
  return out;
}

}  // namespace headrace::query
