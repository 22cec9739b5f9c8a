// The processor time that a thread spent in a task, of activities that are worth the asking: that
// clock is a system call of 400 ns, so it is read only where most of the last calls took 1 ms or
// more (and in the first few calls, before anything is known).
#pragma once

#include <pthread.h>

#include "base/clock.h"
#include "binding/tick_rate.h"
#include "capture/fields.h"

namespace headrace::binding {

struct CpuReading {
  int64_t begin_ns = 0;  // 0: not read
  pthread_t thread = 0;
};

class CpuWatch {
 public:
  CpuReading begin() const {
    if (weight_ < kHalf && calls_ >= kFirstCalls) [[likely]]
      return {};
    return {read_clock_ns(CLOCK_THREAD_CPUTIME_ID), pthread_self()};
  }
  // Adds the attribute `cpu_s` where the reading of this task's begin allows; before its end.
  void add(capture::Fields& fields, const CpuReading& reading, uint64_t begin_ticks) const {
    if (reading.begin_ns != 0) [[unlikely]]
      add_difference(fields, reading, begin_ticks);
  }
  // After the end: how long it took.
  void note(uint64_t duration_ticks) {
    if (duration_ticks >= ticks_per_ms) {
      weight_ += weight_ < 2 * kHalf;
    } else {
      weight_ -= weight_ > 0;
    }
    calls_ += calls_ < kFirstCalls;
  }

 private:
  static constexpr uint32_t kFirstCalls = 4;
  static constexpr uint32_t kHalf = 8;
  void add_difference(capture::Fields& fields, const CpuReading& reading,
                      uint64_t begin_ticks) const;

  uint32_t weight_ = 0;  // rises with each long call, falls with each short one
  uint32_t calls_ = 0;
};

}  // namespace headrace::binding
