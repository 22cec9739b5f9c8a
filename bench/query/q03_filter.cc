// generated.loss < x and used.lr > y, the best 20.
#include "questions.h"

namespace headrace::bench {

void q03_filter(Bench& bench) {
  bench.measure(
      {.name = "q03 filter by two values, top 20", .budget_ms = 20, .most_times_plain = 3},
      "SELECT task_id, activity, used.lr, generated.loss FROM task "
      "WHERE generated.loss < 0.2 AND used.lr > 0.5 ORDER BY generated.loss LIMIT 20",
      "SELECT task_id, activity, \"used.lr\", \"generated.loss\" FROM task "
      "WHERE \"generated.loss\" < 0.2 AND \"used.lr\" > 0.5 "
      "ORDER BY \"generated.loss\" LIMIT 20");
}

}  // namespace headrace::bench
