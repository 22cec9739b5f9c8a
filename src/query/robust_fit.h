// A linear fit that a few wild rows do not bend.
//
// Begins with least absolute deviations by iteratively reweighted least squares (Schlossmacher,
// J. Am. Stat. Assoc. 68 (1973) 857), then least squares over the rows within three deviations of
// it, a deviation being 1.4826 times the median absolute residual (Rousseeuw and Croux, J. Am.
// Stat. Assoc. 88 (1993) 1273) times sqrt(n / (n - columns)), where n counts rows with other values
// in their columns: repeats tell nothing of how well a line fits.
#pragma once

#include <cstddef>
#include <vector>

namespace headrace::query {

struct RobustFit {
  std::vector<double> predicted;  // by row
  // What the row weighs in its own prediction, or would: 0 to 1 for rows that were fitted. The
  // variance of the distance between a row and its prediction is deviation^2 (1 - leverage) for
  // these, deviation^2 (1 + leverage) for others.
  std::vector<double> leverage;
  std::vector<bool> fitted;
  double deviation = 0;
  size_t columns = 0;  // that could be told apart, the constant included
};

// `columns`: each as long as `y`; a constant is added. A column that others explain is left out.
// `expected`: a deviation that is not wild for a model that is only about right; rows within three
// of it are fitted, too.
RobustFit robust_fit(const std::vector<std::vector<double>>& columns, const std::vector<double>& y,
                     double expected = 0);

}  // namespace headrace::query
