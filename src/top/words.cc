#include "top/words.h"

#include <algorithm>
#include <cmath>

#include "model/emulated.h"
#include "query/units.h"

namespace headrace::top {

std::string glyph_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::kPending: return "○";
    case TaskStatus::kRunning: return "●";
    case TaskStatus::kFinished: return "✓";
    case TaskStatus::kFailed: return "✕";
    case TaskStatus::kCancelled: return "⊘";
    case TaskStatus::kLost: return "?";
  }
  return "?";
}

Ink ink_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::kPending: return Ink::kFaint;
    case TaskStatus::kRunning: return Ink::kRunning;
    case TaskStatus::kFinished: return Ink::kFinished;
    case TaskStatus::kFailed: return Ink::kFailed;
    case TaskStatus::kCancelled: return Ink::kCancelled;
    case TaskStatus::kLost: return Ink::kLost;
  }
  return Ink::kPlain;
}

std::string count_text(int64_t count) {
  if (count >= 10'000'000) return query::si_text(static_cast<double>(count), "");
  return query::grouped(static_cast<uint64_t>(std::max<int64_t>(count, 0)));
}

std::string energy_text(const Joules& energy) {
  if (!energy.energy_j) return "-";
  return (energy.truth == "measured" ? "" : "≈ ") + query::si_text(*energy.energy_j, "J");
}

std::string emulated_text(const std::string& truth) {
  return truth == kEmulatedTruth ? ", emulated" : "";
}

std::string rate_text(double per_s) {
  if (per_s <= 0) return "-";
  if (per_s >= 99.95) return query::grouped(static_cast<uint64_t>(std::llround(per_s)));
  const auto tenths = static_cast<uint64_t>(std::llround(per_s * 10));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string duration_or_dash(std::optional<double> seconds) {
  return seconds ? query::duration_text(*seconds) : "-";
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  return (percent >= 9.95 ? std::to_string(std::llround(percent))
                          : query::number_text(percent, 2)) +
         " %";
}

}  // namespace headrace::top
