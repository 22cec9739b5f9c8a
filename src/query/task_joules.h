// SQL for a task's energy over domains that do not overlap, as query/domain_sum.h has it.
#pragma once

#include <string>

namespace headrace::query {

// Stands behind FROM ... t with the columns producer and seq; gives en.joules, NULL as soon as one
// domain's figure is unknown. `of`: a condition on the columns of task_energy_row that holds for
// all tasks asked for; it spares the others.
inline std::string task_joules_join(const std::string& of) {
  return "LEFT JOIN (SELECT producer, seq, CASE WHEN len(list_filter(own, lambda d: d.j IS NULL)) "
         "= 0 THEN list_sum(list_transform(own, lambda d: d.j)) END AS joules FROM (SELECT "
         "producer, seq, list_filter(l, lambda x: len(list_filter(l, lambda y: starts_with(x.d, "
         "y.d || '/') OR (x.d = 'node/cpu' AND starts_with(y.d, 'node/cpu-')) OR (x.d = 'process' "
         "AND (y.d = 'node' OR starts_with(y.d, 'node/cpu'))))) = 0) AS own FROM (SELECT producer, "
         "seq, list(struct_pack(d := domain, j := attributed_j)) AS l FROM task_energy_row WHERE " +
         of + " GROUP BY producer, seq))) en ON en.producer = t.producer AND en.seq = t.seq";
}

}  // namespace headrace::query
