// What a folder's segments hold of samples, by producer and sensor: read from the bytes on disk.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "encode/sample_block.h"
#include "encode/sensor_entry.h"
#include "spool/segment_reader.h"

namespace headrace::telemetry {

struct RecordedSensor {
  Sensor sensor;
  std::vector<SampleRecord> samples;  // in their order of time
};
using Recorded = std::map<ProducerId, std::map<std::string, RecordedSensor>>;

inline Recorded read_samples(const Directory& directory) {
  Recorded out;
  std::map<ProducerId, std::map<uint32_t, std::string>> names;
  for (const bool dictionary : {true, false}) {
    for (const SegmentFile& file : list_segments(directory)) {
      const Result<FileBytes> bytes = FileBytes::open(file.path);
      if (!bytes.ok()) continue;
      SegmentReader reader((*bytes).view(), file.sealed);
      while (reader.next()) {
        const ProducerId producer = reader.frame().header.producer;
        for_each_record(reader.frame(), [&](RecordView record, uint64_t) {
          if (dictionary && record.kind() == RecordKind::kDictionary &&
              record.header().flags == static_cast<uint8_t>(EntryKind::kSensor)) {
            DictionaryRecord entry{};
            if (!record.fixed(&entry)) return;
            const auto sensor =
                decode_sensor(record.bytes().substr(sizeof entry, entry.length_bytes));
            if (!sensor.ok()) return;
            names[producer][entry.id] = sensor->name;
            out[producer][sensor->name].sensor = *sensor;
          }
          SampleRecord sample{};
          if (!dictionary && record.kind() == RecordKind::kSample && record.fixed(&sample)) {
            out[producer][names[producer][sample.sensor_id]].samples.push_back(sample);
          }
          std::vector<PlainSample> many;
          if (dictionary || record.kind() != RecordKind::kSamples ||
              !read_samples_record(record, &many)) {
            return;
          }
          for (const PlainSample& one : many) {
            SampleRecord as_one{};
            as_one.header = {sizeof as_one, RecordKind::kSample, one.flags, 0};
            as_one.sensor_id = one.sensor_id;
            as_one.at_ticks = one.at_ticks;
            as_one.raw = one.raw;
            out[producer][names[producer][one.sensor_id]].samples.push_back(as_one);
          }
        });
      }
    }
  }
  for (auto& [producer, sensors] : out) {
    for (auto& [name, sensor] : sensors) {
      std::stable_sort(
          sensor.samples.begin(), sensor.samples.end(),
          [](const SampleRecord& a, const SampleRecord& b) { return a.at_ticks < b.at_ticks; });
    }
  }
  return out;
}

}  // namespace headrace::telemetry
