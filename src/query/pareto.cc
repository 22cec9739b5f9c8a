#include "query/pareto.h"

#include <algorithm>
#include <cmath>

namespace headrace::query {

std::vector<Standing> pareto(const std::vector<Choice>& choices) {
  std::vector<Standing> standings(choices.size());
  std::vector<size_t> order;
  for (size_t i = 0; i < choices.size(); ++i) {
    const Choice& c = choices[i];
    if (c.cost && c.quality && std::isfinite(*c.cost) && std::isfinite(*c.quality)) {
      order.push_back(i);
    }
  }
  // Cheapest first, of equal cost the best first: then only what came before can dominate.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Choice& x = choices[a];
    const Choice& y = choices[b];
    if (*x.cost != *y.cost) return *x.cost < *y.cost;
    if (*x.quality != *y.quality) return *x.quality > *y.quality;
    return a < b;
  });
  std::optional<size_t> best;
  for (size_t i : order) {
    const bool equal = best && *choices[i].cost == *choices[*best].cost &&
                       *choices[i].quality == *choices[*best].quality;
    if (!best || *choices[i].quality > *choices[*best].quality || equal) {
      standings[i].on_front = true;
      if (!equal) best = i;
    } else {
      standings[i].dominated_by = best;
    }
  }
  return standings;
}

}  // namespace headrace::query
