// What one parameter does to an outcome when all others stay: the mean of differences of pairs.
//
//   std::vector<PairedEffect> effects = paired_effects(factors, 2, outcome);
//
// A pair are two rows that differ in the parameter and in nothing else; of several rows with equal
// parameters (repeats) their mean stands for them. A parameter that follows from this one (a file
// made for each width) may differ too: no data can tell the two apart. The interval is Student's t
// of the differences (Montgomery, Design and Analysis of Experiments, ch. 2.5): the noise that a
// pair shares is not in it, so it is narrower than one of two independent groups, and needs no
// model of the other parameters.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "query/effect.h"

namespace headrace::query {

struct PairedEffect {
  std::string from;  // the outcome's change when the parameter goes from this level ...
  std::string to;    // ... to this one
  size_t pairs = 0;
  size_t unpaired = 0;   // settings of the other parameters that have one of the two levels alone
  double mean_from = 0;  // of the pairs
  double mean_to = 0;
  double difference = 0;
  std::optional<double> low;  // 95 %; unset with fewer than two pairs
  std::optional<double> high;
  std::optional<double> p;
};

// Of `factors[which]`, its least level (by number, else by name) against each other. Rows
// whose outcome is not finite are left out. Empty where there is no pair.
std::vector<PairedEffect> paired_effects(const std::vector<Factor>& factors, size_t which,
                                         std::span<const double> outcome);

}  // namespace headrace::query
