#include "query/task_window.h"

#include <algorithm>
#include <cmath>

#include "query/task_failure.h"

namespace headrace::query {
namespace {

constexpr uint8_t kRunning = 1;
constexpr uint8_t kFailed = 3;
constexpr uint8_t kLost = 5;

// Failed, lost, running, then whatever else.
int badness(uint8_t status) {
  if (status == kFailed) return 3;
  if (status == kLost) return 2;
  return status == kRunning ? 1 : 0;
}

class LaneCut {
 public:
  LaneCut(const TaskLanes& all, const WindowQuestion& question, uint32_t lane, TaskWindow* out)
      : all_(all),
        question_(question),
        pixel_ns_(static_cast<double>(question.to_ns - question.from_ns) /
                  static_cast<double>(question.width)),
        lane_(lane),
        out_(out) {}

  void cut() {
    const auto begin = all_.start_ns.begin();
    const auto first = begin + static_cast<long>(all_.first[lane_]);
    const auto last = begin + static_cast<long>(all_.first[lane_ + 1]);
    // Spans of a lane do not overlap, so at most one that began earlier reaches into the window.
    auto from = std::lower_bound(first, last, question_.from_ns);
    const auto to = std::lower_bound(from, last, question_.to_ns);
    if (from != first && end_of(static_cast<size_t>(from - 1 - begin)) > question_.from_ns) --from;
    size_t longest = SIZE_MAX;
    for (auto row = static_cast<size_t>(from - begin); row < static_cast<size_t>(to - begin);
         ++row) {
      ++out_->tasks;
      if (is_wide(row)) continue;
      if (longest == SIZE_MAX || all_.duration_ns[row] > all_.duration_ns[longest]) longest = row;
    }
    for (auto row = static_cast<size_t>(from - begin); row < static_cast<size_t>(to - begin);
         ++row) {
      if (is_wide(row) || row == longest) {
        out_->spans.push_back(single(row));
      } else {
        add(row);
      }
    }
    flush(&good_);
    flush(&bad_);
    std::stable_sort(
        out_->spans.begin() + static_cast<long>(begin_), out_->spans.end(),
        [](const WindowSpan& a, const WindowSpan& b) { return a.start_ns < b.start_ns; });
  }

 private:
  struct Merging {
    WindowSpan span;
    int64_t pixel = -1;
    bool is_open = false;
  };

  int64_t end_of(size_t row) const {
    if (all_.duration_ns[row] >= 0) return all_.start_ns[row] + all_.duration_ns[row];
    return all_.status[row] == kRunning ? INT64_MAX : all_.start_ns[row];
  }
  bool is_wide(size_t row) const {
    if (all_.duration_ns[row] < 0) return all_.status[row] == kRunning;
    return static_cast<double>(all_.duration_ns[row]) >= pixel_ns_;
  }
  WindowSpan single(size_t row) const {
    return {lane_,
            all_.start_ns[row],
            all_.duration_ns[row],
            all_.activity[row],
            all_.status[row],
            all_.energy_j[row],
            row,
            1,
            std::max<int64_t>(0, all_.duration_ns[row])};
  }
  void flush(Merging* merging) {
    if (merging->is_open) out_->spans.push_back(merging->span);
    merging->is_open = false;
  }
  void add(size_t row) {
    Merging& merging = is_failure(all_.status[row]) ? bad_ : good_;
    const auto pixel = static_cast<int64_t>(
        std::floor(static_cast<double>(all_.start_ns[row] - question_.from_ns) / pixel_ns_));
    if (merging.is_open && merging.pixel != pixel) flush(&merging);
    if (!merging.is_open) {
      merging = {single(row), pixel, true};
      return;
    }
    WindowSpan& span = merging.span;
    const WindowSpan more = single(row);
    span.duration_ns = std::max(span.duration_ns, more.start_ns + more.longest_ns - span.start_ns);
    span.energy_j += more.energy_j;
    ++span.count;
    if (badness(more.status) > badness(span.status)) span.status = more.status;
    if (more.longest_ns > span.longest_ns) {
      span.longest_ns = more.longest_ns;
      span.activity = more.activity;
      span.row = row;
    }
  }

  const TaskLanes& all_;
  const WindowQuestion& question_;
  const double pixel_ns_;
  const uint32_t lane_;
  TaskWindow* out_;
  const size_t begin_ = out_->spans.size();
  Merging good_;
  Merging bad_;
};

}  // namespace

TaskWindow task_window(const TaskLanes& all, const WindowQuestion& question) {
  TaskWindow out;
  if (question.to_ns <= question.from_ns || question.width == 0) return out;
  const size_t end = std::min(all.lanes.size(), question.lanes_from + question.lanes);
  for (size_t lane = question.lanes_from; lane < end; ++lane) {
    LaneCut(all, question, static_cast<uint32_t>(lane), &out).cut();
  }
  return out;
}

}  // namespace headrace::query
