#include "lab/meter.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

namespace headrace::lab {
namespace {

// Evenly spread over [-0.5, 0.5), the same for the same numbers (SplitMix64).
double spread(uint64_t seed, uint64_t k) {
  uint64_t z = seed * 0x9e3779b97f4a7c15 + k * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53 - 0.5;
}

int error_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kDenied: return EACCES;
    case FaultKind::kFailing: return EIO;
    case FaultKind::kLost: return ENODEV;
    default: return 0;
  }
}

}  // namespace

Meter::Meter(PowerTrace trace, Habit habit, std::vector<Fault> faults)
    : trace_(std::move(trace)), habit_(habit), faults_(std::move(faults)) {}

int64_t Meter::refreshed_at(uint64_t k) const {
  if (k == 0) return 0;
  const double late =
      habit_.jitter * spread(habit_.seed, k) * static_cast<double>(habit_.period_ns);
  return static_cast<int64_t>(k) * habit_.period_ns + std::llround(late);
}

uint64_t Meter::refreshes_by(int64_t now_ns) const {
  if (now_ns <= 0) return 0;
  uint64_t k = static_cast<uint64_t>(now_ns / habit_.period_ns) + 1;
  while (k > 0 && refreshed_at(k) > now_ns) --k;
  return k;
}

// What the k-th refresh adds, in micro-joules.
uint64_t Meter::seen_in(uint64_t k) const {
  const int64_t from_ns = refreshed_at(k - 1);
  const int64_t whole_ns = refreshed_at(k) - from_ns;
  const auto looked_ns =
      std::clamp<int64_t>(std::llround(habit_.duty * static_cast<double>(whole_ns)), 1, whole_ns);
  const uint64_t seen = trace_.energy_uj(from_ns + looked_ns) - trace_.energy_uj(from_ns);
  return static_cast<uint64_t>(std::llround(
      static_cast<double>(seen) * static_cast<double>(whole_ns) / static_cast<double>(looked_ns)));
}

uint64_t Meter::counted(uint64_t refreshes) {
  if (habit_.duty >= 1) return trace_.energy_uj(refreshed_at(refreshes));
  if (refreshes < summed_) summed_ = sum_uj_ = 0;
  while (summed_ < refreshes) sum_uj_ += seen_in(++summed_);
  return sum_uj_;
}

Shown Meter::at(int64_t now_ns) {
  Shown out;
  int64_t seen_ns = now_ns;
  int64_t reset_ns = -1;
  bool impossible = false;
  bool zero = false;
  for (const Fault& fault : faults_) {
    if (now_ns < fault.from_ns) continue;
    if (fault.kind == FaultKind::kReset) reset_ns = std::max(reset_ns, fault.from_ns);
    if (now_ns >= fault.to_ns) continue;
    if (error_of(fault.kind) != 0) out.error = error_of(fault.kind);
    if (fault.kind == FaultKind::kFrozen) seen_ns = std::min(seen_ns, fault.from_ns);
    out.torn = out.torn || fault.kind == FaultKind::kTorn;
    impossible = impossible || fault.kind == FaultKind::kImpossible;
    zero = zero || fault.kind == FaultKind::kZero;
  }
  // From the earlier to the later, so that sums are made once.
  const uint64_t forgotten = reset_ns < 0 ? 0 : counted(refreshes_by(reset_ns));
  out.refreshes = refreshes_by(seen_ns);
  out.refreshed_ns = refreshed_at(out.refreshes);
  const uint64_t whole = counted(out.refreshes);
  out.energy_uj = reset_ns < 0 ? habit_.start_uj + whole : whole - std::min(forgotten, whole);
  out.energy_uj -= out.energy_uj % std::max<uint64_t>(habit_.quantum_uj, 1);
  if (habit_.range_uj > 0) out.energy_uj %= habit_.range_uj;
  if (out.refreshes == 0) {
    out.power_uw = static_cast<uint64_t>(trace_.power_mw(0)) * 1000;
  } else {
    const int64_t window_ns = out.refreshed_ns - refreshed_at(out.refreshes - 1);
    out.power_uw = static_cast<uint64_t>(std::llround(static_cast<double>(seen_in(out.refreshes)) *
                                                      1e9 / static_cast<double>(window_ns)));
  }
  if (impossible) out.energy_uj += kImpossible_uj;
  if (zero) out.energy_uj = 0;
  return out;
}

}  // namespace headrace::lab
