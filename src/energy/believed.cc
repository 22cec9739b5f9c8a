#include "energy/believed.h"

#include <optional>

namespace headrace::energy {
namespace {

constexpr double kBelief = 1.5;
constexpr double kLateRefresh_s = 1;
constexpr size_t kLongestGlitch = 2;

constexpr uint16_t bit(Gap gap) { return static_cast<uint16_t>(gap); }

constexpr Gap gap_of(ReadFailure why) {
  switch (why) {
    case ReadFailure::kFailed: return Gap::kReadFailed;
    case ReadFailure::kDenied: return Gap::kDenied;
    case ReadFailure::kGone: return Gap::kGone;
    case ReadFailure::kTorn: return Gap::kTorn;
    case ReadFailure::kZero: return Gap::kSpuriousZero;
    case ReadFailure::kStale: return Gap::kStale;
  }
  return Gap::kReadFailed;
}

struct Steps {
  std::optional<uint64_t> counted;  // nothing when that cannot be known
  Gap why = Gap::kNone;
};

// Raw steps counted between two readings.
Steps steps_between(const Counter& counter, const RawSample& before, const RawSample& after) {
  const double window_s = static_cast<double>(after.at_ns - before.at_ns) * 1e-9;
  const double range = static_cast<double>(counter.range) * counter.per_step;
  // It may have wrapped more than once: no difference says how often.
  if (counter.range > 0 && counter.most_per_s * window_s > range / 2) {
    return {std::nullopt, Gap::kWrap};
  }
  const bool fell = after.raw < before.raw;
  uint64_t steps = after.raw - before.raw;
  if (fell) {
    if (counter.range <= before.raw) return {std::nullopt, Gap::kReset};
    steps = after.raw + (counter.range - before.raw);
  }
  const double most = kBelief * counter.most_per_s * (window_s + kLateRefresh_s);
  if (static_cast<double>(steps) * counter.per_step > most) {
    return {std::nullopt, fell ? Gap::kReset : Gap::kImpossible};
  }
  return {steps, Gap::kNone};
}

// A counter that reads wrong once or twice and then goes on from where it was has not begun anew.
// Seen on AMD GPUs: 100, 0, 100 and 100, 0, 0, 100; a torn reading is alike, and may be high.
bool is_glitch(const Counter& counter, const RawSample& before, std::span<const RawSample> from) {
  if (steps_between(counter, before, from[0]).counted) return false;
  for (size_t i = 1; i < from.size() && i <= kLongestGlitch; ++i) {
    if (from[i].gap || from[i].raw < before.raw) continue;
    if (steps_between(counter, before, from[i]).counted) return true;
  }
  return false;
}

}  // namespace

std::vector<Believed> believe(const Counter& counter, std::span<const RawSample> samples) {
  std::vector<Believed> out;
  out.reserve(samples.size());
  const RawSample* before = nullptr;
  const RawSample* fell_from = nullptr;
  uint16_t missed = 0;
  uint64_t steps = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const RawSample& now = samples[i];
    if (now.gap) {
      missed |= bit(gap_of(now.why));
      continue;
    }
    if (before == nullptr) {
      out.push_back({now.at_ns, 0, 0});
      before = &now;
      missed = 0;
      continue;
    }
    if (now.at_ns <= before->at_ns) {
      if (now.at_ns < before->at_ns) missed |= bit(Gap::kClock);
      continue;
    }
    if (is_glitch(counter, *before, samples.subspan(i))) {
      missed |= bit(now.raw < before->raw ? Gap::kSpuriousZero : Gap::kImpossible);
      continue;
    }
    Steps counted = steps_between(counter, *before, now);
    if (fell_from != nullptr && now.raw != before->raw) {
      // It stood where it fell to until it was back: that was no new beginning, however long.
      const Steps since = steps_between(counter, *fell_from, now);
      if (now.raw >= fell_from->raw && since.counted) {
        counted = since;
        missed |= bit(Gap::kSpuriousZero);
      }
      fell_from = nullptr;
    }
    if (counted.why == Gap::kReset && now.raw < before->raw) fell_from = before;
    steps += counted.counted.value_or(0);
    if (!counted.counted) missed |= bit(counted.why);
    if (now.at_ns - before->at_ns > Timeline::kLongestWindow_ns) missed |= bit(Gap::kNotRead);
    out.push_back({now.at_ns, steps, missed});
    before = &now;
    missed = 0;
  }
  return out;
}

}  // namespace headrace::energy
