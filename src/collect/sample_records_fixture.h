// For tests: samples of two sensors as records, one by one and together.
#pragma once

#include <string>
#include <vector>

#include "collect/spool_fixture.h"
#include "encode/sample_block.h"
#include "encode/sensor_entry.h"

namespace headrace::collect {

inline Sensor rapl() {
  Sensor sensor;
  sensor.name = "rapl";
  sensor.quantity = "hw.energy";
  sensor.unit = "J";
  sensor.kind = SensorKind::kCounter;
  sensor.scale = 0.5;
  sensor.range = 100;
  return sensor;
}
inline Sensor gauge() {
  Sensor sensor;
  sensor.name = "load";
  return sensor;
}

// A counter that wraps, with a reading that was torn, and an estimate of another.
inline std::vector<PlainSample> some_samples(uint32_t counter, uint32_t load) {
  const uint8_t torn = kSampleIsGap | 3 << 2;
  return {{counter, 0, 10, 40}, {load, kSampleIsEstimate, 10, 7},
          {counter, 0, 20, 90}, {counter, torn, 25, 0},
          {counter, 0, 30, 10}, {load, kSampleIsEstimate, 33, UINT64_MAX},
          {counter, 0, 40, 5}};
}

inline std::string block_of(std::vector<PlainSample> samples) {
  return std::string(SampleBlockWriter(samples.size()).write(samples));
}

inline void add_samples(SpoolFixture& p, uint32_t ring, const std::vector<PlainSample>& samples) {
  const std::string block = block_of(samples);
  SamplesRecord record{};
  record.header.kind = RecordKind::kSamples;
  record.samples = static_cast<uint32_t>(samples.size());
  record.block_bytes = static_cast<uint32_t>(block.size());
  p.add(ring, record, {}, block);
}

inline void add_sample(SpoolFixture& p, uint32_t ring, const PlainSample& sample) {
  SampleRecord record{};
  record.header.kind = RecordKind::kSample;
  record.header.flags = sample.flags;
  record.sensor_id = sample.sensor_id;
  record.at_ticks = sample.at_ticks;
  record.raw = sample.raw;
  p.add(ring, record);
}

}  // namespace headrace::collect
