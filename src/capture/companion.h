// What runs beside the recorder in every process that records: the sampler, where it is linked in.
//
// Capture does not know telemetry, which needs capture; the recorder calls through here instead.
#pragma once

#include <atomic>

namespace headrace::capture {

class Recorder;

struct Companion {
  // The recorder of this process begins to work: at its first event, at a fork child's first event,
  // and at the first event after stop(). Must return at once. No lock of the recorder is held.
  void (*begin)(Recorder& recorder) noexcept;
  // The recorder is about to stop: what is committed before this returns is still written. Must
  // return within a bounded time.
  void (*end)(Recorder& recorder) noexcept;
};

// Set once, before or after the recorder is made; must live as long as the process.
inline std::atomic<const Companion*> companion{nullptr};

inline void begin_companion(Recorder& recorder) {
  if (const Companion* c = companion.load(std::memory_order_acquire)) c->begin(recorder);
}
inline void end_companion(Recorder& recorder) {
  if (const Companion* c = companion.load(std::memory_order_acquire)) c->end(recorder);
}

}  // namespace headrace::capture
