// The Pareto front: the choices that no other choice beats on cost and quality at once.
#pragma once

#include <optional>
#include <vector>

namespace headrace::query {

struct Choice {
  std::optional<double> cost;     // less is better
  std::optional<double> quality;  // more is better; negate what should be small
};

struct Standing {
  bool on_front = false;
  // Which choice beats it: of the front's choices that cost no more, the one of best quality.
  std::optional<size_t> dominated_by;
};

// Where each choice stands. One dominates another when it is no worse in both and better in one, so
// equal choices stand together. A choice without a finite cost and quality is neither on the front
// nor dominated. O(n log n).
std::vector<Standing> pareto(const std::vector<Choice>& choices);

}  // namespace headrace::query
