#include "telemetry/sample_batch.h"

namespace headrace::telemetry {

SampleBatch::SampleBatch(capture::Recorder& recorder) : recorder_(recorder), blocks_(kMost) {
  samples_.reserve(kMost);
}

void SampleBatch::add(const PlainSample& sample, int64_t now_ns) {
  if (samples_.size() == kMost) write();
  if (samples_.empty()) {
    oldest_ns_ = now_ns;
    if (const capture::Ring* ring = recorder_.ring(); ring != nullptr) {
      place_.claim(recorder_, *ring);
    }
  }
  samples_.push_back(sample);
  place_.add(sample);
}

void SampleBatch::write() {
  if (samples_.empty()) return;
  if (const capture::Ring* ring = recorder_.ring(); ring != nullptr) {
    place_.recorded_as(ring->index(), ring->numbers());
  }
  // Without a ring this thread is at its end, and nothing of it is recorded any more.
  static_cast<void>(capture::record_samples(recorder_, static_cast<uint32_t>(samples_.size()),
                                            blocks_.write(samples_)));
  place_.leave();
  samples_.clear();
}

void SampleBatch::write_before(int64_t next_ns) {
  if (next_ns - oldest_ns_ > kLongest_ns) write();
}

}  // namespace headrace::telemetry
