#include "telemetry/change_filter.h"

namespace headrace::telemetry {

int ChangeFilter::push(const Reading& reading, uint64_t at_ticks, int64_t now_ns, bool force,
                       Sample* out) {
  const Sample now{at_ticks, reading.ok ? reading.raw : 0, !reading.ok,
                   reading.ok ? ReadFailure::kFailed : reading.why};
  const bool differs = now.gap != last_.gap || now.raw != last_.raw || now.why != last_.why;
  const bool changed = !any_ || (differs && !only_heartbeat_);
  int count = 0;
  // A source that says when it took a reading says so of an unchanged one too: that is no edge.
  const bool is_later = last_.at_ticks != written_ticks_;
  if (changed && any_ && keeps_edges_ && !last_.gap && !last_written_ && is_later) {
    out[count++] = last_;
  }
  const bool write = changed || force || now_ns - written_ns_ >= kHeartbeat_ns;
  if (write) {
    out[count++] = now;
    written_ns_ = now_ns;
    written_ticks_ = at_ticks;
  }
  any_ = true;
  last_ = now;
  last_written_ = write;
  return count;
}

}  // namespace headrace::telemetry
