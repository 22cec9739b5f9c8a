// The Pareto front: the choices that no other choice beats in everything at once.
//
//   std::vector<double> points = {0.5, 12.0,   // choice 0: loss, joules; less is better
//                                 0.4, 30.0};  // choice 1
//   std::vector<Standing> standings = pareto(points, 2);
//
// One choice dominates another when it is no worse in every objective and better in one (Pareto),
// so equal choices stand together.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace headrace::query {

struct Standing {
  bool on_front = false;
  // Which choice of the front beats it: of those that do, the one best in the first objective, then
  // in the second, ...; of equal ones the first given.
  std::optional<size_t> dominated_by;
};

// Where each choice stands. `points` has `objectives` numbers for each, of which less is better:
// negate what should be large. A choice with a number that is not finite is neither on the front
// nor dominated. Two objectives O(n log n); more by sorting, then filtering against the front
// (Chomicki et al., ICDE 2003): O(n log n + n * front).
std::vector<Standing> pareto(std::span<const double> points, size_t objectives);

}  // namespace headrace::query
