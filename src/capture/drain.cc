#include "capture/drain.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "capture/shared_word.h"

namespace headrace::capture {

Drain::Drain(const Directory& directory, ProducerId producer, const Parts& parts)
    : parts_(parts), writer_(directory, producer, [this] { write_preamble(); }) {}

bool Drain::pass(bool now) {
  if (failing() && !now && now_monotonic_ns() < next_try_ns_) return false;
  announce(false);
  bool written = true;
  for (Ring* ring : parts_.rings.all()) {
    const bool closed = ring->closed();  // before the last look: nothing is committed after it
    written = drain(*ring);
    if (!written) break;
    if (closed) parts_.rings.remove(ring, parts_.pool);
  }
  if (written) {
    tell_shed(GapReason::kSamplesShed, &samples_told_);
    tell_shed(GapReason::kValuesElided, &elided_told_);
    tell_shed(GapReason::kNamesRefused, &refused_told_);
    written = drain(own_);
  }
  if (!written) return false;
  parts_.dictionary.written(next_entry_, description_version_);
  if (mapping_ != nullptr) {
    store_relaxed(mapping_->header().drained_records, drained_);
    store_relaxed(mapping_->header().segments, writer_.segments());
  }
  return true;
}

bool Drain::drain(Ring& ring) {
  // What is committed after this moment is for the next pass, so that a pass ends.
  const uint64_t end = ring.numbers();
  while (ring.next_number() < end) {
    const std::string_view bytes = ring.readable(kMaxPayloadBytes, parts_.pool);
    const uint64_t from = ring.next_number();
    if (bytes.empty()) {
      // All that was committed is read: the rest of these numbers was dropped.
      if (failing() || !tell_gap(ring.index(), from, end - from, ring.last_drop())) return false;
      ring.skip_to(end);
      return true;
    }
    const uint64_t first = ring.first_number();
    uint32_t records = 0;
    for (size_t at = 0; at < bytes.size(); at += load_le<uint32_t>(bytes.data() + at)) ++records;
    if (!write(ring, first, records, bytes)) return false;
    if (first > from && !tell_gap(ring.index(), from, first - from, ring.hole_reason())) {
      return false;  // the frame goes out again, and is known by its numbers
    }
    drained_ += records;
    ring.consume(bytes.size(), first, records);
  }
  return true;
}

bool Drain::write(const Ring& ring, uint64_t first_number, uint32_t records,
                  std::string_view bytes) {
  FrameHeader header;
  header.ring = ring.index();
  header.first_number = first_number;
  header.records = records;
  // An open segment first: its preamble holds every entry, and sets next_entry_.
  Status status = writer_.open();
  if (status.ok()) {
    write_new_entries();
    write_description();
    write_clock();
    status = writer_.write(header, bytes);
  }
  if (status.ok()) {
    worked();
  } else {
    failed(status);
  }
  return status.ok();
}

void Drain::failed(const Status& status) {
  retry_ns_ = failing() ? std::min(2 * retry_ns_, kLastRetry_ns) : kFirstRetry_ns;
  next_try_ns_ = now_monotonic_ns() + retry_ns_;
  failing_.store(true, std::memory_order_relaxed);
  if (reported_) return;
  reported_ = true;
  std::fprintf(stderr, "headrace: %s; records are kept in memory until this works again\n",
               status.message().c_str());
}

void Drain::worked() { failing_.store(false, std::memory_order_relaxed); }

void Drain::write_new_entries() {
  const uint32_t size = parts_.dictionary.size();
  while (next_entry_ <= size) {
    std::string payload;
    uint32_t records = 0;
    next_entry_ = parts_.dictionary.write_records(next_entry_, kMaxPayloadBytes, payload, records);
    writer_.write_meta(payload, records);
  }
}

void Drain::write_description() {
  if (parts_.description.version() == description_version_) return;
  writer_.write_meta(parts_.description.record(&description_version_), 1);
}

void Drain::write_clock() {
  const int64_t now_ns = now_monotonic_ns();
  if (now_ns - last_clock_ns_ < 1'000'000'000) return;
  last_clock_ns_ = now_ns;
  const ClockReading reading = read_clocks();
  ClockRecord record{};
  record.header = {sizeof record, RecordKind::kClock, static_cast<uint8_t>(tick_source()), 0};
  record.ticks = reading.ticks;
  record.monotonic_ns = reading.monotonic_ns;
  record.realtime_ns = reading.realtime_ns;
  record.uncertainty_ns = reading.uncertainty_ns;
  writer_.write_meta({reinterpret_cast<const char*>(&record), sizeof record}, 1);
}

void Drain::write_preamble() {
  description_version_ = 0;
  write_description();
  last_clock_ns_ = 0;
  write_clock();
  next_entry_ = 1;
  write_new_entries();
}

void Drain::announce(bool all) {
  const uint64_t now_ticks = ticks();
  const int64_t now_ns = now_monotonic_ns();
  bool room = true;
  parts_.slots.for_each_open([&](const TaskSlot& slot, TaskSlots::Notes& notes) {
    const TaskNumber number = load_acquire(slot.record.number);
    if (number == 0 || number == notes.announced) return;
    if (notes.seen != number) {
      notes.seen = number;
      notes.seen_ns = now_ns;
    }
    if (!room || (!all && now_ns - notes.seen_ns < kAnnounce_ns)) return;
    room = announce_one(slot, number, now_ticks);
    if (room) notes.announced = number;
  });
}

// Without its values, which its thread may still be changing. False: there was no room.
bool Drain::announce_one(const TaskSlot& slot, TaskNumber number, uint64_t now_ticks) {
  TaskRecord record{};
  record.header = {sizeof record, RecordKind::kTask, kTaskIsOpen, 0};
  record.activity_id = load_acquire(slot.record.activity_id);
  record.workflow_id = load_acquire(slot.record.workflow_id);
  record.number = number;
  record.parent = load_acquire(slot.record.parent);
  record.header.flags |= load_acquire(slot.record.header.flags);
  record.begin_ticks = load_acquire(slot.record.begin_ticks);
  record.status = TaskStatus::kRunning;
  record.ring = static_cast<uint16_t>(number >> kTaskCounterBits);
  // The slot may have been reused while it was read; then this was another task's mixture.
  // The loads above acquire and their stores release, so the number cannot be the older one.
  if (load_acquire(slot.record.number) != number || record.begin_ticks > now_ticks) return true;
  return commit_own(record);
}

bool Drain::tell_gap(uint32_t ring, uint64_t first, uint64_t count, GapReason reason) {
  GapRecord record{};
  record.header = {sizeof record, RecordKind::kGap, static_cast<uint8_t>(reason), 0};
  record.ring = ring;
  record.first_number = first;
  record.count = count;
  record.at_ticks = ticks();
  return commit_own(record);
}

void Drain::tell_shed(GapReason reason, uint64_t* told) {
  const uint64_t count = parts_.losses.of(reason);
  if (count > *told && tell_gap(0, 0, count - *told, reason)) *told = count;
}

template <typename Record>
bool Drain::commit_own(const Record& record) {
  char* to = own_.reserve(sizeof record);
  if (to == nullptr) {
    ChunkHeader* chunk = parts_.pool.take(ChunkKind::kRecords, true);
    if (chunk != nullptr) {
      own_.give_chunk(chunk);
    } else if (!own_.rewind()) {
      return false;
    }
    to = own_.reserve(sizeof record);
  }
  std::memcpy(to, &record, sizeof record);
  own_.commit(sizeof record);
  if (mapping_ != nullptr) store_release(mapping_->header().own_records, own_.numbers());
  return true;
}

void Drain::announce(const TaskRecord& record) { commit_own(record); }

void Drain::seal_if_due() {
  if (!writer_.wants_seal(now_monotonic_ns())) return;
  if (const Status status = writer_.seal(); !status.ok()) failed(status);
}

void Drain::end() {
  Status status = writer_.open();
  if (status.ok()) {
    write_new_entries();
    write_description();
    last_clock_ns_ = 0;  // what came after the last reading is between two as well
    write_clock();
    status = writer_.seal();
    if (status.ok() && writer_.policy().power_safe) status = writer_.sync();
  }
  if (!status.ok()) failed(status);
}

void Drain::give_up() {
  uint64_t lost = own_.numbers() - own_.next_number();
  own_.skip_to(own_.numbers());
  for (Ring* ring : parts_.rings.all()) {
    const uint64_t end = ring->numbers();
    for (std::string_view bytes = ring->readable(kMaxPayloadBytes, parts_.pool); !bytes.empty();
         bytes = ring->readable(kMaxPayloadBytes, parts_.pool)) {
      uint32_t records = 0;
      for (size_t at = 0; at < bytes.size(); at += load_le<uint32_t>(bytes.data() + at)) ++records;
      lost += records;
      ring->consume(bytes.size(), ring->first_number(), records);
    }
    ring->skip_to(std::max(end, ring->next_number()));
  }
  if (lost > 0) parts_.losses.count(GapReason::kWriteFailed, lost);
}

}  // namespace headrace::capture
