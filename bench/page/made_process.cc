#include "made_process.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/id.h"
#include "encode/frame.h"
#include "encode/record.h"
#include "encode/sensor_entry.h"
#include "made_sensors.h"

namespace headrace::bench {
namespace {

constexpr uint64_t kSampleEvery_ns = 100'000'000;
constexpr uint64_t kTasksOfSegment = 200'000;

}  // namespace

MadeProcess::MadeProcess(const Directory& directory, uint32_t number)
    : spool_(directory, 0x5a9e000000 + number), number_(number) {
  spool_.frame_bytes = 32 << 10;
  if (number == 0)
    package_energy_ = spool_.entry(EntryKind::kSensor, encode_sensor(package_energy()));
  cpu_time_ = spool_.entry(EntryKind::kSensor, encode_sensor(process_cpu_time()));
}

MadeProcess::~MadeProcess() {
  sample_until(last_ + 2 * kSampleEvery_ns);
  spool_.describe({{"host", "node1"},
                   {"pid", std::to_string(1000 + number_)},
                   {"ended", "clean"},
                   {"records", std::to_string(spool_.drawn())}});
  spool_.clock(last_);
  spool_.seal();
}

uint64_t MadeProcess::next_number(uint32_t thread) {
  if (tasks_.size() <= thread) {
    for (auto ring = static_cast<uint32_t>(tasks_.size()) + 1; ring <= thread + 1; ++ring) {
      std::string entry;
      ByteWriter bytes(entry);
      bytes.u32(ring);
      bytes.u32(1000 * (1 + number_) + ring);
      spool_.entry(EntryKind::kRing, entry);
    }
    tasks_.resize(thread + 1);
  }
  return uint64_t{thread + 1} << kTaskCounterBits | ++tasks_[thread];
}

void MadeProcess::task(uint32_t thread, collect::SpoolFixture::Task task) {
  if (task.number == 0) task.number = next_number(thread);
  task.ring = thread + 1;
  ends_not_before(task.end);
  spool_.task(task);
  if (++unsealed_ < kTasksOfSegment) return;
  unsealed_ = 0;
  sample_until(last_);
  spool_.clock(last_);
  spool_.seal();
}

void MadeProcess::ends_not_before(uint64_t tick) { last_ = std::max(last_, tick); }

void MadeProcess::sample_until(uint64_t tick) {
  for (; sampled_ <= tick; sampled_ += kSampleEvery_ns) {
    if (package_energy_ != 0) sample(package_energy_, sampled_, sampled_ / 10);  // 100 W in uJ
    sample(cpu_time_, sampled_, sampled_ * 8);                                   // 8 cores in ns
  }
}

void MadeProcess::sample(uint32_t sensor, uint64_t at, uint64_t raw) {
  SampleRecord record{};
  record.header.kind = RecordKind::kSample;
  record.sensor_id = sensor;
  record.at_ticks = at;
  record.raw = raw;
  // Beyond the rings of threads.
  spool_.add(1000, record);
}

}  // namespace headrace::bench
