// Sensors and their samples as records.
//
//   uint32_t id = intern_sensor(recorder, sensor);       // once
//   record_sample(recorder, id, ticks(), raw);           // each reading
//   record_samples(recorder, count, block);              // many, see encode/sample_block.h
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "capture/recorder.h"
#include "encode/sample_block.h"
#include "encode/sensor_entry.h"

namespace headrace::capture {

// The dictionary id of the sensor; 0 when the dictionary is full.
inline uint32_t intern_sensor(Recorder& recorder, const Sensor& sensor) {
  return recorder.dictionary().intern(EntryKind::kSensor, encode_sensor(sensor));
}

// One reading of the sensor on this thread's ring, made at `at_ticks`. `flags`: kSampleIsGap
// with flags_of(ReadFailure), kSampleIsEstimate. False when the thread has no ring any more.
inline bool record_sample(Recorder& recorder, uint32_t sensor_id, uint64_t at_ticks, uint64_t raw,
                          uint8_t flags = 0) {
  Ring* ring = recorder.ring();
  if (ring == nullptr) return false;
  SampleRecord sample{};
  sample.header.kind = RecordKind::kSample;
  sample.header.flags = flags;
  sample.sensor_id = sensor_id;
  sample.at_ticks = at_ticks;
  sample.raw = raw;
  recorder.commit(*ring, sample);
  return true;
}

// A block of `count` samples as one record on this thread's ring. False when it has none any more.
inline bool record_samples(Recorder& recorder, uint32_t count, std::string_view block) {
  Ring* ring = recorder.ring();
  if (ring == nullptr) return false;
  SamplesRecord record{};
  const size_t bytes = round_up_8(sizeof record + block.size());
  record.header = {static_cast<uint32_t>(bytes), RecordKind::kSamples, 0, 0};
  record.samples = count;
  record.block_bytes = static_cast<uint32_t>(block.size());
  char* const to = recorder.reserve(*ring, bytes);
  if (to == nullptr) return true;  // dropped, and counted
  std::memcpy(to, &record, sizeof record);
  std::memcpy(to + sizeof record, block.data(), block.size());
  std::memset(to + sizeof record + block.size(), 0, bytes - sizeof record - block.size());
  ring->commit(bytes);
  return true;
}

}  // namespace headrace::capture
