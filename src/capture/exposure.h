// How long each layer of a model ran, summed up over an interval: what energy is divided by among
// layers (energy/layer_energy.h).
//
// In the record (kind log, flags 3), the interval ends at its ticks. Cells of role kAttribute:
// `since_ns` (its length), `model`, `repeated`; then of role kGenerated two integers a part: its
// name, "<layer's path>|<phase>", with the time that it ran itself, parts within it not included,
// and the name with a "#" behind it, with how often it was called. One shape a model.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::capture {

struct ExposedPart {
  std::string_view name;  // "<path>|<phase>"
  int64_t self_ns = 0;
  int64_t calls = 0;
};

struct Exposed {
  uint64_t task = 0;     // number of the task that ran, in this process; 0: the workflow
  int64_t since_ns = 0;  // the interval, which ends now
  std::string_view model;
  bool repeated = false;  // one part was repeated in it by itself, to measure it
  std::span<const ExposedPart> parts;
};

// Records it; with more parts than a record takes, as several. Nothing where capture is off, there
// are no parts, or the interval has no length. About 0.1 us a part.
void record_exposure(const Exposed& exposed);

}  // namespace headrace::capture
