// Numbers, statuses and energy as every part of a frame and every line says them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/status.h"
#include "top/cells.h"
#include "top/folder.h"

namespace headrace::top {

// The signs of the page: ● running, ✓ finished, ✕ failed, ⊘ cancelled, ? lost, ○ pending.
std::string glyph_of(TaskStatus status);
Ink ink_of(TaskStatus status);

// "1,204,331"; from ten million on "12.0 M".
std::string count_text(int64_t count);
// "12.4 kJ", "≈ 12.4 kJ" where it is not all measured; "-" without a figure.
std::string energy_text(const Joules& energy);
// ", emulated", behind joules and watts that no machine used; else empty.
std::string emulated_text(const std::string& truth);
// "8.0", "1,240"; "-" when nothing ends.
std::string rate_text(double per_s);
std::string duration_or_dash(std::optional<double> seconds);
// "81 %".
std::string percent_text(double share);

}  // namespace headrace::top
