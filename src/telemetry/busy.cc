#include "telemetry/busy.h"

#include <algorithm>

#include "base/clock.h"
#include "capture/shared_word.h"

namespace headrace::telemetry {

void Busy::look(capture::Recorder& recorder, int64_t now_ns) {
  const uint64_t now_ticks = ticks();
  if (begin_ns_ == 0) begin_ns_ = now_ns, begin_ticks_ = now_ticks;
  uint64_t youngest_ticks = 0;
  bool any = false;
  recorder.slots().for_each_slot([&](const capture::TaskSlot& slot) {
    any = true;
    const uint64_t begin_ticks = capture::load_relaxed(slot.record.begin_ticks);
    youngest_ticks = std::max(youngest_ticks, begin_ticks);
  });
  own_ns_.reset();
  if (any) {
    // Two readings of both clocks tell a tick's length; a task that began before them is older.
    const auto known_ticks = static_cast<double>(now_ticks - begin_ticks_);
    const auto known_ns = static_cast<double>(now_ns - begin_ns_);
    const double age_ticks =
        now_ticks > youngest_ticks ? static_cast<double>(now_ticks - youngest_ticks) : 0;
    own_ns_ = known_ticks > 0 ? static_cast<int64_t>(age_ticks * (known_ns / known_ticks)) : 0;
  }
  see(own_ns_, now_ns);
}

void Busy::see(std::optional<int64_t> age_ns, int64_t now_ns) {
  if (seen_ns_ == 0) seen_ns_ = now_ns;
  const bool is_over = now_ns - seen_ns_ > kLinger_ns;
  const bool is_younger = age_ns && (!youngest_ns_ || *age_ns <= *youngest_ns_);
  if (!is_over && !is_younger) return;
  youngest_ns_ = age_ns;
  seen_ns_ = now_ns;
}

}  // namespace headrace::telemetry
