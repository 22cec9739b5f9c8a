// Groups by a captured value, within an activity and across all.
#include "made_tasks.h"
#include "questions.h"

namespace headrace::bench {

void q05_value(Bench& bench) {
  const std::string within = " WHERE activity = '" + activity_name(42) + "'";
  const auto ours = [](const std::string& where) {
    return "SELECT used.batch, count(*) AS tasks, avg(generated.score) AS score FROM task" + where +
           " GROUP BY 1 ORDER BY 1";
  };
  const auto plain = [](const std::string& where) {
    return "SELECT \"used.batch\", count(*) AS tasks, avg(\"generated.score\") AS score FROM task" +
           where + " GROUP BY 1 ORDER BY 1";
  };
  bench.measure(
      {.name = "q05 by a value, within an activity", .budget_ms = 15, .most_times_plain = 3},
      ours(within), plain(within));
  bench.measure({.name = "q05 by a value, across all", .budget_ms = 60, .most_times_plain = 3},
                ours(""), plain(""));
  const std::string known = " WHERE ";
  bench.measure(
      {.name = "q05 by a value, where it is known", .budget_ms = 60, .most_times_plain = 3},
      ours(known + "used.batch IS NOT NULL"), plain(known + "\"used.batch\" IS NOT NULL"));
}

}  // namespace headrace::bench
