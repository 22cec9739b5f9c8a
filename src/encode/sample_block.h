// Many samples in one record (SamplesRecord), by sensor.
//
//   block  := times, column to the end
//   times  := count varint, numbers (packed_numbers.h): the ticks at which readings were made
//   column := varint: 4 x (sensor id - that of the column before, at first 0) + 1 if flags follow
//                     + 2 if it says which times,
//             [flags u8] [count varint, numbers: which of the times]
//             numbers: a raw reading for each
//
// A column has the flags (at first 0) and the times (at first each once, in order) of the one
// before where it does not say its own. A sensor's readings with other flags are a column of their
// own. So a block needs no other record to be read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encode/record.h"

namespace headrace {

// One reading of a sensor, as a SampleRecord has it.
struct PlainSample {
  uint32_t sensor_id = 0;
  uint8_t flags = 0;
  uint64_t at_ticks = 0;
  uint64_t raw = 0;
  bool operator==(const PlainSample&) const = default;
};

class SampleBlockWriter {
 public:
  // For blocks of at most so many samples, up to kMaxSamples; nothing is allocated later.
  explicit SampleBlockWriter(size_t most);
  // The block of `samples`, at least one, which are put in order of sensor and flags. Until the
  // next call. Some 30 µs for 200.
  std::string_view write(std::span<PlainSample> samples);

 private:
  std::vector<uint64_t> times_;
  std::vector<uint64_t> which_, last_which_;
  std::vector<uint64_t> raw_;
  std::vector<uint32_t> order_;
  std::string bytes_;
};

// The samples of a SamplesRecord. Nothing allocates beyond kMaxSamples of them, whatever it says.
// False: it makes no sense; what is in `out` then means nothing.
bool read_samples_record(const RecordView& record, std::vector<PlainSample>* out);

}  // namespace headrace
