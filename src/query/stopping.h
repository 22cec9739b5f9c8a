// Rules that stop a run before its end, replayed over curves as they came.
//
//   Race race = ...;                         // all runs of a campaign, less is better
//   StoppingRule rule{RuleKind::kMedian};
//   std::vector<Stop> stops = replay(race, rule);
//
// A rule knows at each moment what had been recorded by then: the points of all runs in the order
// of their times, but for those that it would have stopped before. Sources:
//   median            Golovin et al., Google Vizier, KDD 2017, §3.2: stop a run whose best so far
//   is
//                     worse than the median of the others' running averages at the same point; here
//                     the others are those that had come as far by then, at least three.
//   halving           Li et al., ASHA, MLSys 2020 (Jamieson and Talwalkar, AISTATS 2016): at points
//                     grace, grace * eta, grace * eta^2, ... a run goes on if its best so far is
//                     among the best 1/eta of those that had come as far, itself included.
//   patience          Prechelt, Early Stopping - But When? (1998): stop after so many points
//   without
//                     a new best.
//   power_law         Domhan, Springenberg and Hutter, IJCAI 2015, with their family pow3 alone:
//   fit
//                     a + b n^-c to the points n = 1, 2, ... by least squares over a grid of c;
//                     stop when the value at the longest run's last point, less 1.645 standard
//                     deviations of the residuals, is worse than the best of the runs that had
//                     ended by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::query {

enum class RuleKind : uint8_t { kMedian, kHalving, kPatience, kPowerLaw };
constexpr RuleKind kRuleKinds[] = {RuleKind::kMedian, RuleKind::kHalving, RuleKind::kPatience,
                                   RuleKind::kPowerLaw};
std::string_view name_of(RuleKind kind);
std::optional<RuleKind> parse_rule(std::string_view name);

struct StoppingRule {
  RuleKind kind = RuleKind::kMedian;
  size_t grace = 1;     // points that every run gets
  size_t every = 1;     // median and power law decide at grace, grace + every, ...
  size_t patience = 5;  // points without a new best
  double eta = 3;       // of halving

  std::string text() const;  // "halving: at points 4, 12, 36 the best 1/3 go on"
};

// What a rule is set to when nothing else is said: a tenth of the longest run as grace and as
// patience (2 at least), a decision every twentieth of it.
StoppingRule usual_rule(RuleKind kind, size_t longest);

// All points of all runs, run after run. Values that are no number count as worse than any other.
struct Racer {
  double begin_s = 0;  // on a clock that all share
  size_t first = 0;
  size_t count = 0;
  bool is_running = false;  // its last point is not its end
};
struct Race {
  std::vector<Racer> racers;
  std::vector<double> seconds;  // since the run began
  std::vector<double> values;   // less is better
  size_t longest() const;
};

// After how many points a run is stopped. A finished run is not stopped after its last.
using Stop = std::optional<size_t>;
// O(points + decisions log decisions).
std::vector<Stop> replay(const Race& race, const StoppingRule& rule);

// The least value of a run's first points, and which it is (from 0). Of equal ones the first.
struct Best {
  double value = 0;
  size_t point = 0;
};
Best best_of(const Race& race, const Racer& racer, size_t points);

}  // namespace headrace::query
