#include "query/pareto.h"

#include <algorithm>
#include <cmath>

namespace headrace::query {
namespace {

class Front {
 public:
  Front(std::span<const double> points, size_t objectives) : points_(points), count_(objectives) {}

  const double* at(size_t choice) const { return points_.data() + choice * count_; }
  bool equal(size_t a, size_t b) const { return std::equal(at(a), at(a) + count_, at(b)); }

  // Choices come in lexicographic order, so that only an earlier one can dominate a later one.
  std::optional<size_t> dominating(size_t choice) const {
    const double* own = at(choice);
    if (count_ == 2) return dominating_of_two(own);
    const size_t rest = count_ - 1;
    const double* row = others_.data();
    for (size_t i = 0; i < members_.size(); ++i, row += rest) {
      // The first objective is no worse by the order.
      bool no_worse = true;
      for (size_t k = 0; k < rest; ++k) no_worse &= row[k] <= own[k + 1];
      if (no_worse) return members_[i];
    }
    return std::nullopt;
  }

  void add(size_t choice) {
    members_.push_back(choice);
    others_.insert(others_.end(), at(choice) + 1, at(choice) + count_);
  }

 private:
  // Along a front of two objectives the second falls strictly.
  std::optional<size_t> dominating_of_two(const double* own) const {
    const auto found = std::partition_point(others_.begin(), others_.end(),
                                            [own](double second) { return second > own[1]; });
    if (found == others_.end()) return std::nullopt;
    return members_[static_cast<size_t>(found - others_.begin())];
  }

  std::span<const double> points_;
  size_t count_;
  std::vector<size_t> members_;
  std::vector<double> others_;  // the members' objectives but the first
};

}  // namespace

std::vector<Standing> pareto(std::span<const double> points, size_t objectives) {
  if (objectives == 0) return {};
  const size_t count = points.size() / objectives;
  std::vector<Standing> standings(count);
  std::vector<size_t> order;
  order.reserve(count);
  Front front(points, objectives);
  for (size_t i = 0; i < count; ++i) {
    const double* own = front.at(i);
    if (std::all_of(own, own + objectives, [](double v) { return std::isfinite(v); })) {
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double* x = front.at(a);
    const double* y = front.at(b);
    for (size_t k = 0; k < objectives; ++k) {
      if (x[k] != y[k]) return x[k] < y[k];
    }
    return a < b;
  });
  std::optional<size_t> before;
  for (const size_t i : order) {
    if (before && front.equal(i, *before)) {  // equal choices share a fate
      standings[i] = standings[*before];
    } else if (const auto by = front.dominating(i)) {
      standings[i].dominated_by = by;
    } else {
      standings[i].on_front = true;
      front.add(i);
    }
    before = i;
  }
  return standings;
}

}  // namespace headrace::query
