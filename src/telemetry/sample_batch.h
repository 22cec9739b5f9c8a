// Samples of a short time, gathered into one record.
//
// A sample by itself takes 32 bytes, in a block some three or four. What waits stands in the ring
// file as well, and so survives a kill (capture/waiting_place.h). Where it cannot, it is lost with
// the process (docs/guarantees.md): so it never waits for longer than kLongest_ns, nor once the
// process's tasks have ended; which is also what readers of a living process wait for.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/sample.h"
#include "capture/waiting_place.h"

namespace headrace::telemetry {

class SampleBatch {
 public:
  static constexpr size_t kMost = capture::kMaxWaiting;
  static constexpr int64_t kLongest_ns = 1'000'000'000;

  // One thread's, which all calls are made on; nothing allocates after this one.
  explicit SampleBatch(capture::Recorder& recorder);
  // One reading, as capture::record_sample has it, made now or a little before `now_ns` on the
  // monotonic clock. A batch that is full is written first.
  void add(const PlainSample& sample, int64_t now_ns);
  // Writes what waits, if anything does.
  void write();
  // The same, if it would have waited too long by `next_ns`, when this is asked again.
  void write_before(int64_t next_ns);
  size_t waiting() const { return samples_.size(); }
  capture::Recorder& recorder() { return recorder_; }

 private:
  capture::Recorder& recorder_;
  SampleBlockWriter blocks_;
  std::vector<PlainSample> samples_;
  capture::WaitingPlace place_;
  int64_t oldest_ns_ = 0;
};

}  // namespace headrace::telemetry
