#include "query/rank_heat.h"

#include <algorithm>
#include <cmath>

#include "query/task_failure.h"

namespace headrace::query {
namespace {

constexpr uint8_t kRunning = 1;

bool is_same_rank(const Lane& a, const Lane& b) {
  return a.rank == b.rank && a.hostname == b.hostname && a.pid == b.pid;
}

class Filling {
 public:
  Filling(const TaskLanes& all, RankHeat* out)
      : all_(all),
        out_(out),
        bin_ns_(static_cast<double>(out->to_ns - out->from_ns) / static_cast<double>(out->bins)) {}

  size_t bin_of(int64_t at_ns) const {
    const auto bin = static_cast<size_t>(static_cast<double>(at_ns - out_->from_ns) / bin_ns_);
    return std::min(bin, out_->bins - 1);
  }

  // `per_ns` for each ns that the task ran, over the bins that it touches.
  void spread(size_t row, double per_ns, double* values) const {
    const int64_t begin = all_.start_ns[row];
    const int64_t end = all_.duration_ns[row] >= 0     ? begin + all_.duration_ns[row]
                        : all_.status[row] == kRunning ? out_->to_ns
                                                       : begin;
    for (size_t bin = bin_of(begin); bin <= bin_of(end); ++bin) {
      const double from = static_cast<double>(bin) * bin_ns_;
      const double a = std::max(from, static_cast<double>(begin - out_->from_ns));
      const double b = std::min(from + bin_ns_, static_cast<double>(end - out_->from_ns));
      if (b > a) values[bin] += (b - a) * per_ns;
    }
  }

  void add(size_t row, size_t depth, HeatQuantity quantity, double* values) const {
    switch (quantity) {
      case HeatQuantity::kBusy:
        if (depth == 0) spread(row, 1 / bin_ns_, values);
        return;
      case HeatQuantity::kTasks: values[bin_of(all_.start_ns[row])] += 1; return;
      case HeatQuantity::kFailed:
        if (is_failure(all_.status[row])) {
          values[bin_of(all_.start_ns[row])] += 1;
        }
        return;
      case HeatQuantity::kPower:
        // J over ns is W times 1e9; of a bin the mean.
        if (all_.is_outermost[row] != 0 && all_.duration_ns[row] > 0) {
          spread(row,
                 static_cast<double>(all_.energy_j[row]) * 1e9 /
                     static_cast<double>(all_.duration_ns[row]) / bin_ns_,
                 values);
        }
        return;
    }
  }

 private:
  const TaskLanes& all_;
  RankHeat* out_;
  const double bin_ns_;
};

}  // namespace

RankHeat rank_heat(const TaskLanes& all, HeatQuantity quantity, size_t bins) {
  RankHeat out;
  out.from_ns = all.begin_ns;
  out.to_ns = std::max(all.end_ns, all.begin_ns + 1);
  out.bins = std::max<size_t>(1, bins);
  const Filling filling(all, &out);
  size_t threads = 0;  // of the last rank
  const auto close = [&] {
    if (quantity != HeatQuantity::kBusy || threads < 2) return;
    for (size_t i = out.values.size() - out.bins; i < out.values.size(); ++i) {
      out.values[i] /= static_cast<double>(threads);
    }
  };
  for (size_t lane = 0; lane < all.lanes.size(); ++lane) {
    if (out.ranks.empty() || !is_same_rank(out.ranks.back(), all.lanes[lane])) {
      close();
      threads = 0;
      Lane rank = all.lanes[lane];
      rank.thread.reset();
      rank.depth = 0;
      out.ranks.push_back(std::move(rank));
      out.values.resize(out.values.size() + out.bins, 0);
    }
    if (all.lanes[lane].depth == 0) ++threads;
    double* values = out.values.data() + out.values.size() - out.bins;
    for (size_t row = all.first[lane]; row < all.first[lane + 1]; ++row) {
      filling.add(row, all.lanes[lane].depth, quantity, values);
    }
  }
  close();
  return out;
}

}  // namespace headrace::query
