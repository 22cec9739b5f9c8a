// Samples on their way into one record, where a kill does not lose them: in the ring file's header
// (ring_file.h, WaitingSamples).
//
//   place.claim(recorder, ring);                     // when nothing waits yet
//   place.add(sample);                               // each reading
//   place.recorded_as(ring.index(), ring.numbers()); // record_samples is next
//   place.leave();                                   // that has returned
//
// One thread's. There is one place in a process: who does not get it, or whose ring is private
// memory, loses in a kill what waits. No lock, allocation or system call.
#pragma once

#include "capture/recorder.h"
#include "capture/shared_word.h"
#include "encode/sample_block.h"

namespace headrace::capture {

class WaitingPlace {
 public:
  // For samples that this thread will record on `ring`. Takes the place if it is free.
  void claim(Recorder& recorder, const Ring& ring) {
    WaitingSamples* const place = recorder.waiting();
    uint32_t nobody = 0;
    count_ = 0;
    at_ = place != nullptr && __atomic_compare_exchange_n(&place->ring, &nobody, ring.index(),
                                                          false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
              ? place
              : nullptr;
  }
  // From its return on the sample survives the process. At most kMaxWaiting.
  void add(const PlainSample& sample) {
    if (at_ == nullptr || count_ == kMaxWaiting) return;
    at_->samples[count_] = {sample.sensor_id, sample.flags, sample.at_ticks, sample.raw};
    store_release(at_->count, ++count_);
  }
  // The next record of `ring`, this number, holds them; or is dropped, and counted.
  void recorded_as(uint32_t ring, uint64_t number) {
    if (at_ == nullptr) return;
    store_release(at_->ring, ring);
    store_release(at_->record_past, number + 1);
  }
  // Nothing waits any more; the place is free.
  void leave() {
    if (at_ == nullptr) return;
    store_release(at_->count, 0u);
    store_release(at_->record_past, uint64_t{0});
    store_release(at_->ring, 0u);
    at_ = nullptr;
  }

 private:
  WaitingSamples* at_ = nullptr;
  uint32_t count_ = 0;
};

}  // namespace headrace::capture
