#include "energy/layer_powers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "energy/column_groups.h"
#include "energy/normal_equations.h"

namespace headrace::energy {
namespace {

constexpr size_t kBlocks = 50;
constexpr size_t kNeighbours = 4;  // rows that stand together in a block
// Student's t of 30 degrees of freedom for the normal's 1.96: a layer's own are its repeats, which
// are some ten to twenty, and those that it borrows from the others.
constexpr double kFewBlocks = 2.04 / 1.96;
// Windows are joined until it is known to this part of their length what ran in them: an error in
// how long something ran pulls its power to that of the rest. Their ends' times are not known
// exactly, and what ran on which side of an end is not either.
constexpr double kTimeError = 0.05;
// For weighing rows against each other: how much tasks of one kind differ, how much layers differ
// from each other, and how far off a division among tasks may be.
constexpr double kTypicalSpread = 0.05;
constexpr double kTypicalDifference = 0.2;
constexpr double kTypicalDivision = 0.1;

// The column of each part: 0 is the time outside; the rarest share the last.
std::vector<uint32_t> columns_of(const LayerExposure& exposure) {
  std::vector<double> time_s(exposure.parts, 0);
  for (const PartTime& one : exposure.times) time_s[one.part] += static_cast<double>(one.self_ns);
  std::vector<uint32_t> order(exposure.parts);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return time_s[a] > time_s[b]; });
  std::vector<uint32_t> out(exposure.parts);
  for (size_t i = 0; i < order.size(); ++i) {
    out[order[i]] = static_cast<uint32_t>(std::min(i, LayerPowers::kMostParts - 1)) + 1;
  }
  return out;
}

// Sums up windows until they are worth a row of the fit.
class Rows {
 public:
  // `power_uw`: what is thought of each column's power, for weighing.
  Rows(size_t columns, std::span<const uint32_t> column_of, std::vector<double> power_uw)
      : blocks(kBlocks, NormalEquations(columns)),
        all(columns),
        windows(columns, 0),
        time_s(columns, 0),
        column_of_(column_of),
        power_uw_(std::move(power_uw)),
        in_row_(columns, 0) {}

  void add(const LayerWalk& walk) {
    const LayerWindow& window = walk.window();
    if (!window.known || window.begin_ns != end_ns_) clear();
    if (length_s_ == 0) begin_ = {window.begin_spread_s, walk.begin_cut_s2()};
    put(0, walk.outside_s(), window.known);
    for (const PartSeconds& one : walk.parts()) put(column_of_[one.part], one.s, window.known);
    if (!window.known) return;
    end_ns_ = window.end_ns;
    length_s_ += 1e-9 * static_cast<double>(window.end_ns - window.begin_ns);
    own_s_ += window.own_s;
    share_uj_ += static_cast<double>(window.share_uj);
    others_uj_ += static_cast<double>(std::max<int64_t>(0, window.others_uj));
    const double spread_s = std::hypot(begin_.spread_s, window.end_spread_s);
    const double cut_s2 = begin_.cut_s2 + walk.end_cut_s2();
    if (std::max(spread_s, std::sqrt(cut_s2)) > kTimeError * length_s_) return;
    flush(spread_s, cut_s2);
  }
  void finish() {
    for (const NormalEquations& one : blocks) all.add_all(one);
  }

  std::vector<NormalEquations> blocks;
  NormalEquations all;
  std::vector<int64_t> windows;  // of each column
  std::vector<double> time_s;    // of each column, in all windows

 private:
  void put(uint32_t column, double s, bool known) {
    if (!(s > 0)) return;
    time_s[column] += s;
    if (!known) return;
    ++windows[column];
    if (in_row_[column] == 0) touched_.push_back(column);
    in_row_[column] += s;
  }
  void flush(double spread_s, double cut_s2) {
    terms_.clear();
    double expected_uj = 0;
    for (const uint32_t column : touched_) {
      terms_.push_back({column, in_row_[column]});
      expected_uj += power_uw_[column] * in_row_[column];
    }
    const double mean_uw = own_s_ > 0 ? expected_uj / own_s_ : 0;
    const double variance = std::pow(kTypicalSpread * expected_uj, 2) +
                            std::pow(mean_uw * spread_s, 2) +
                            std::pow(kTypicalDifference * mean_uw, 2) * cut_s2 +
                            std::pow(kTypicalDivision * std::min(expected_uj, others_uj_), 2);
    if (variance > 0) blocks[row_++ / kNeighbours % kBlocks].add(terms_, share_uj_, 1 / variance);
    clear();
  }
  void clear() {
    for (const uint32_t column : touched_) in_row_[column] = 0;
    touched_.clear();
    length_s_ = own_s_ = share_uj_ = others_uj_ = 0;
  }

  struct End {
    double spread_s = 0;
    double cut_s2 = 0;
  };
  std::span<const uint32_t> column_of_;
  const std::vector<double> power_uw_;
  std::vector<double> in_row_;  // s, of each column
  std::vector<uint32_t> touched_;
  std::vector<NormalEquations::Term> terms_;
  End begin_;
  int64_t end_ns_ = 0;
  double length_s_ = 0;
  double own_s_ = 0;
  double share_uj_ = 0;
  double others_uj_ = 0;
  size_t row_ = 0;
};

// The energy of each column in all windows as a part of the whole, by those powers.
std::vector<double> parts_of(const std::vector<double>& power, const std::vector<double>& time_s) {
  std::vector<double> out(power.size());
  double sum = 0;
  for (size_t i = 0; i < out.size(); ++i) sum += out[i] = power[i] * time_s[i];
  for (double& one : out) one = sum > 0 ? one / sum : 0;
  return out;
}

// Relative variance of each group's energy.
std::vector<double> jackknife(const Rows& rows, const ColumnGroups& groups) {
  const size_t columns = rows.time_s.size();
  std::vector<double> time_s(columns, 0);
  for (uint32_t i = 0; i < columns; ++i) time_s[groups.of(i)] += rows.time_s[i];
  std::vector<double> mean(columns, 0);
  std::vector<std::vector<double>> replicates;
  for (const NormalEquations& block : rows.blocks) {
    NormalEquations rest = rows.all;
    rest.add_all(block, -1);
    groups.apply(rest);
    replicates.push_back(parts_of(rest.solve().coefficients, time_s));
    for (size_t i = 0; i < columns; ++i) mean[i] += replicates.back()[i] / kBlocks;
  }
  std::vector<double> out(columns, 1);
  for (size_t i = 0; i < columns; ++i) {
    if (!(mean[i] > 0)) continue;
    double squares = 0;
    for (const std::vector<double>& one : replicates) squares += std::pow(one[i] / mean[i] - 1, 2);
    out[i] = squares * (kBlocks - 1) / kBlocks;
  }
  return out;
}

// Relative variance of each group's energy: halfway between its own jackknife, which few repeats
// make unsure, and what its share in the equations says, in proportion to the jackknife of all
// groups.
std::vector<double> variance_of(const Rows& rows, const ColumnGroups& groups) {
  std::vector<double> out = jackknife(rows, groups);
  double told = 0;
  double expected = 0;
  const auto counts = [&](uint32_t i) {
    return groups.of(i) == i && rows.all.diagonal(i) > 0 && groups.relative_sd(i) < 1;
  };
  for (uint32_t i = 1; i < out.size(); ++i) {
    if (!counts(i)) continue;
    told += std::min(1.0, out[i]);
    expected += groups.relative_sd(i) * groups.relative_sd(i);
  }
  const double ratio = expected > 0 ? told / expected : 1;
  for (uint32_t i = 0; i < out.size(); ++i) {
    if (!counts(i)) continue;
    const double borrowed = ratio * groups.relative_sd(i) * groups.relative_sd(i);
    out[i] = (out[i] + borrowed) / 2 * kFewBlocks * kFewBlocks;
  }
  return out;
}

double mean_power(std::span<const LayerWindow> windows) {
  double uj = 0;
  double s = 0;
  for (const LayerWindow& one : windows) {
    uj += static_cast<double>(one.share_uj);
    s += one.own_s;
  }
  return s > 0 ? std::max(0.0, uj / s) : 0;
}

}  // namespace

LayerPowers find_layer_powers(std::span<const LayerWindow> windows, const LayerExposure& exposure) {
  LayerPowers out;
  out.parts.resize(exposure.parts);
  const std::vector<uint32_t> column_of = columns_of(exposure);
  const size_t columns = std::min(exposure.parts, LayerPowers::kMostParts) + 1;
  const double mean_uw = mean_power(windows);
  const auto gather = [&](std::vector<double> power_uw) {
    Rows rows(columns, column_of, std::move(power_uw));
    for (LayerWalk walk(windows, exposure); walk.next();) rows.add(walk);
    rows.finish();
    return rows;
  };
  // Errors are in proportion to power: those of the first fit are good enough to weigh by.
  std::vector<double> first_uw =
      gather(std::vector<double>(columns, mean_uw)).all.solve().coefficients;
  for (double& one : first_uw) one = std::clamp(one, mean_uw / 10, mean_uw * 10);
  const Rows rows = gather(std::move(first_uw));
  ColumnGroups groups(rows.all, rows.windows,
                      {LayerPowers::kLargestError, LayerPowers::kLargestInflation, true});
  std::vector<double> variance = variance_of(rows, groups);
  for (size_t round = 1; round < columns; ++round) {
    uint32_t worst = 0;
    for (uint32_t i = 1; i < columns; ++i) {
      if (groups.of(i) != i || !(rows.all.diagonal(i) > 0)) continue;
      const double limit = LayerPowers::kLargestError * LayerPowers::kLargestError;
      if (variance[i] > limit && (worst == 0 || variance[i] > variance[worst])) worst = i;
    }
    if (worst == 0 || !groups.join_closest(worst)) break;
    variance = variance_of(rows, groups);
  }
  std::vector<uint32_t> members(columns, 0);
  ++members[groups.of(0)];
  for (const uint32_t column : column_of) ++members[groups.of(column)];
  bool any = false;
  for (size_t i = 0; i < exposure.parts; ++i) {
    const uint32_t group = groups.of(column_of[i]);
    PartPower& part = out.parts[i];
    part.group = group;
    part.windows = groups.windows(group);
    part.power_uw = mean_uw;
    part.variance = variance[group];
    const bool is_known = groups.is_known(group) || (group == 0 && groups.power(0) > 0);
    if (!is_known || part.windows < LayerPowers::kFewestWindows) continue;
    any = true;
    part.power_uw = groups.power(group);
    part.resolution = members[group] == 1 ? Resolution::kResolved : Resolution::kGrouped;
  }
  out.outside_uw = any ? groups.power(0) : mean_uw;
  return out;
}

}  // namespace headrace::energy
