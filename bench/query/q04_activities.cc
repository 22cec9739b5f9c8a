// By activity: how many, how long on average and at the 95th percentile, how many joules.
#include "questions.h"

namespace headrace::bench {

void q04_activities(Bench& bench) {
  const std::string sql =
      "SELECT activity, count(*) AS tasks, avg(duration_s) AS mean_s, "
      "quantile_cont(duration_s, 0.95) AS p95_s, any_value(e.energy_j) AS energy_j FROM task "
      "LEFT JOIN (SELECT activity, sum(attributed_j) AS energy_j FROM task_energy GROUP BY 1) e "
      "USING (activity) GROUP BY activity ORDER BY activity";
  bench.measure({.name = "q04 by activity: count, mean, p95, energy", .budget_ms = 80}, sql, sql);
}

}  // namespace headrace::bench
