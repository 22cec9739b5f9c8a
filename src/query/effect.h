// What each parameter does to an outcome: main effects with intervals, and which pairs interact.
//
//   std::vector<Factor> factors = {{"lr", {"0.1", "0.2", ...}}};   // a level for each row
//   Result<Effects> e = effects_of(factors, outcome);
//
// Method: least squares of the outcome on all factors at once (main effects; treatment coding
// against the first level). A factor whose levels are all numbers and more than two enters as one
// straight line, over log2 of the level where all are positive and the largest is 8 times the
// smallest or more; any other with a column for each level but the first. Intervals are t intervals
// of the residuals; p of a factor is the F test of leaving it out (type II sums of squares), p of a
// pair the F test of adding their products, adjusted for the number of pairs (Holm). Sources:
// Montgomery, Design and Analysis of Experiments (2017), ch. 5 and 10; Fox, Applied Regression
// Analysis (2016), ch. 8.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace headrace::query {

struct Factor {
  std::string name;
  std::vector<std::string> levels;  // of each row; numbers as text
};

struct Effect {
  std::string factor;
  std::string from;  // the outcome's change when the factor goes from this level ...
  std::string to;    // ... to this one, all other factors as they are
  double change = 0;
  std::optional<double> low;  // 95 %; unset where the rows leave no residual
  std::optional<double> high;
  std::optional<double> p;  // of the factor as a whole
  double share = 0;         // of the outcome's variation that goes when the factor is added last
  bool is_line = false;
  bool is_log = false;
};

struct Interaction {
  std::string a;
  std::string b;
  double p = 1;  // adjusted for all pairs tried
};

struct Effects {
  size_t rows = 0;
  std::vector<Effect> effects;  // by their share, the largest first
  // Pairs whose products explain what the single effects do not, p < 0.05; the strongest first.
  std::vector<Interaction> interactions;
  size_t pairs_tried = 0;
  double explained = 0;               // R squared of the main effects
  std::vector<std::string> left_out;  // "tag: 31 levels in 40 rows", "b: goes with a"
};

// Rows whose outcome is not finite are left out. A factor with one level is ignored; one with more
// than 12 levels that are no numbers, or that is a combination of the others, is left out and said.
// Errors: kInvalidArgument for fewer than 3 rows or none of the factors left. Cost O(rows * k^2)
// with k columns, and as much for each pair.
Result<Effects> effects_of(const std::vector<Factor>& factors, std::span<const double> outcome);

}  // namespace headrace::query
