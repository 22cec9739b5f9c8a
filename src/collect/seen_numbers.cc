#include "collect/seen_numbers.h"

#include <algorithm>

namespace headrace::collect {

SeenNumbers::Overlap SeenNumbers::overlap(uint64_t first, uint64_t past) const {
  // The first range that ends after `first`.
  const auto at = std::upper_bound(
      ranges_.begin(), ranges_.end(), first,
      [](uint64_t number, const store::NumberRange& range) { return number < range.past; });
  if (at == ranges_.end() || at->first >= past) return Overlap::kNone;
  return at->first <= first && at->past >= past ? Overlap::kAll : Overlap::kSome;
}

void SeenNumbers::add(uint64_t first, uint64_t past) {
  if (first >= past) return;
  // Every range that touches or overlaps becomes one with it.
  auto begin = std::lower_bound(
      ranges_.begin(), ranges_.end(), first,
      [](const store::NumberRange& range, uint64_t number) { return range.past < number; });
  auto end = begin;
  while (end != ranges_.end() && end->first <= past) {
    first = std::min(first, end->first);
    past = std::max(past, end->past);
    ++end;
  }
  begin = ranges_.erase(begin, end);
  ranges_.insert(begin, {first, past});
}

}  // namespace headrace::collect
