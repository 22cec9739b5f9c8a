// From rows of tasks (producer and number) back to the numbers that a reader gave them.
//
//   const RowIndex index(std::move(rows));
//   uint32_t at = index.find(producer, seq);
//
// Cost: sorting once; then a step where rows are asked for in about the order of the store, else a
// binary search.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace headrace::query {

class RowIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Row {
    int64_t producer = 0;
    int64_t seq = 0;
    uint32_t at = 0;
  };

  explicit RowIndex(std::vector<Row> rows) : rows_(std::move(rows)) {
    if (!std::is_sorted(rows_.begin(), rows_.end(), is_before)) {
      std::sort(rows_.begin(), rows_.end(), is_before);
    }
  }
  // kNone when it is not one of them. One thread at a time.
  uint32_t find(int64_t producer, int64_t seq) const {
    const Row wanted{producer, seq, 0};
    for (size_t next = last_; next < rows_.size() && next < last_ + 2; ++next) {
      if (rows_[next].producer == producer && rows_[next].seq == seq) {
        last_ = next;
        return rows_[next].at;
      }
    }
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), wanted, is_before);
    if (found == rows_.end() || is_before(wanted, *found)) return kNone;
    last_ = static_cast<size_t>(found - rows_.begin());
    return found->at;
  }

 private:
  static bool is_before(const Row& a, const Row& b) {
    return a.producer != b.producer ? a.producer < b.producer : a.seq < b.seq;
  }

  std::vector<Row> rows_;
  mutable size_t last_ = 0;
};

}  // namespace headrace::query
