// How far off the joules of many tasks together may be, as SQL over rows `e` of task_energy_row.
//
// What a sensor is off by, and what a division among processes by CPU time is, is the same in all
// tasks: it adds up. What the division among tasks is off by is each task's own: its square does.
//
//   u95^2 = sensor^2 + split^2,   split^2 = (sum of model)^2 + sum of own
#pragma once

namespace headrace::query {

constexpr const char* kSensorU95 =
    "sqrt(greatest(0, e.u95_j * e.u95_j - coalesce(pow(e.split_u95_j, 2), 0)))";
// kMixedRelative of energy/uncertainty.h. A sum of several truths is mixed, too, and its split may
// be less.
constexpr const char* kModelU95 =
    "CASE WHEN e.truth = 'mixed' THEN least(coalesce(e.split_u95_j, 0), 0.25 * abs(coalesce("
    "e.share_j, 0))) ELSE 0 END";
// J^2.
constexpr const char* kOwnU95Squared =
    "greatest(0, coalesce(pow(e.split_u95_j, 2), 0) - CASE WHEN e.truth = 'mixed' THEN "
    "pow(0.25 * coalesce(e.share_j, 0), 2) ELSE 0 END)";

}  // namespace headrace::query
