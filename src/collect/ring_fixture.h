// For tests: the ring file of a process that never ran, chunk by chunk.
//
//   RingFixture ring(directory, 7);
//   ring.records(1, 0, 0, {finished_task(...)});
//   ring.open_task({...});
//   ring.write();
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/liveness.h"
#include "capture/ring_directory.h"
#include "capture/ring_file.h"
#include "collect/spool_fixture.h"
#include "encode/sample_block.h"

namespace headrace::collect {

class RingFixture {
 public:
  // Of a process of this host before its last boot: dead for certain.
  RingFixture(const Directory& directory, ProducerId producer) {
    capture::RingFileHeader& h = header_;
    std::memset(static_cast<void*>(&h), 0, sizeof h);
    std::memcpy(h.magic, capture::kRingMagic, sizeof h.magic);
    h.version = capture::kRingVersion;
    h.header_bytes = capture::kRingHeaderBytes;
    h.chunk_bytes = capture::kChunkBytes;
    h.slot_bytes = sizeof(capture::TaskSlot);
    h.slots_per_chunk = capture::kSlotsPerChunk;
    h.chunks = 16;
    h.state = static_cast<uint32_t>(capture::RingState::kReady);
    h.tick_source = static_cast<uint32_t>(TickSource::kMonotonicNs);
    h.producer = producer;
    h.start_time_ticks = 5;
    h.pid = 99'999'999;
    set_text(h.boot_id, "another boot");
    set_text(h.hostname, Liveness().hostname());
    h.clocks[0] = {0, 0, kEpoch_ns, 10};
    h.clocks[1] = {1000, 1000, kEpoch_ns + 1000, 10};
    h.clock_slot = 1;
    const std::string spool = directory.spool().string();
    h.spool_path_bytes = static_cast<uint32_t>(spool.size());
    std::memcpy(h.spool_path, spool.data(), spool.size());
  }
  capture::RingFileHeader& header() { return header_; }

  // The next chunk: whole records of a ring.
  capture::ChunkHeader& records(uint32_t ring, uint64_t sequence, uint64_t first_number,
                                const std::vector<std::string>& records) {
    return chunk(capture::ChunkKind::kRecords, ring, sequence, first_number, records);
  }
  capture::ChunkHeader& meta(uint64_t sequence, const std::vector<std::string>& records) {
    return chunk(capture::ChunkKind::kMeta, 0, sequence, 0, records);
  }
  // One more slot in the newest chunk of slots.
  capture::TaskSlot& open_task(uint64_t number, uint32_t activity) {
    if (slots_ == nullptr || used_slots_ == capture::kSlotsPerChunk) {
      chunks_.push_back(std::make_unique<Chunk>());
      chunks_.back()->header.kind = static_cast<uint32_t>(capture::ChunkKind::kTasks);
      slots_ = reinterpret_cast<capture::TaskSlot*>(chunks_.back()->payload);
      used_slots_ = 0;
    }
    capture::TaskSlot& slot = slots_[used_slots_++];
    slot.record.number = number;
    slot.record.activity_id = activity;
    slot.record.begin_ticks = 10;
    return slot;
  }
  // Samples that wait to be recorded on a ring.
  capture::WaitingSamples& waiting(uint32_t ring, const std::vector<PlainSample>& samples) {
    header_.waiting.ring = ring;
    for (const PlainSample& one : samples) {
      header_.waiting.samples[header_.waiting.count++] = {one.sensor_id, one.flags, one.at_ticks,
                                                          one.raw};
    }
    return header_.waiting;
  }
  static void add_value(capture::TaskSlot& slot, uint32_t name, Role role, ValueTag tag,
                        const CellValue& value) {
    uint64_t cell = value.cell;
    if (value.in_tail) {
      uint32_t used = 0;
      for (uint32_t i = 0; i < slot.count; ++i) {
        if (is_in_tail(slot.shape[i].tag)) used += unpack_span(slot.cells[i]).length;
      }
      cell = pack({used, static_cast<uint32_t>(value.tail.size())});
      std::memcpy(slot.tail + used, value.tail.data(), value.tail.size());
    }
    slot.shape[slot.count] = {name, role, tag, 0, 0};
    slot.cells[slot.count++] = cell;
  }

  std::string bytes() const {
    std::string out(reinterpret_cast<const char*>(&header_), sizeof header_);
    out.resize(capture::kRingHeaderBytes, '\0');
    for (const auto& c : chunks_) out.append(reinterpret_cast<const char*>(c.get()), sizeof(Chunk));
    out.resize(capture::kRingHeaderBytes + header_.chunks * capture::kChunkBytes, '\0');
    return out;
  }
  // Into the ring folder, which is made.
  std::filesystem::path write() const {
    std::filesystem::create_directories(capture::ring_directory());
    return write_to(capture::ring_directory());
  }
  std::filesystem::path write_to(const std::filesystem::path& folder) const {
    const auto path = folder / capture::ring_file_name(header_.producer);
    std::ofstream(path, std::ios::binary) << bytes();
    return path;
  }

  template <size_t N>
  static void set_text(char (&field)[N], const std::string& text) {
    std::memset(field, 0, N);
    std::memcpy(field, text.data(), std::min(text.size(), N - 1));
  }

 private:
  struct Chunk {
    capture::ChunkHeader header{};
    char payload[capture::kChunkPayloadBytes] = {};
  };
  capture::ChunkHeader& chunk(capture::ChunkKind kind, uint32_t ring, uint64_t sequence,
                              uint64_t first_number, const std::vector<std::string>& records) {
    chunks_.push_back(std::make_unique<Chunk>());
    Chunk& c = *chunks_.back();
    c.header.kind = static_cast<uint32_t>(kind);
    c.header.ring = ring;
    c.header.sequence = sequence;
    c.header.first_number = first_number;
    for (const std::string& r : records) {
      std::memcpy(c.payload + c.header.committed, r.data(), r.size());
      c.header.committed += static_cast<uint32_t>(r.size());
    }
    return c.header;
  }

  capture::RingFileHeader header_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  capture::TaskSlot* slots_ = nullptr;
  size_t used_slots_ = 0;
};

// The records of a frame, one by one.
inline std::vector<std::string> records_of(const SpoolFixture::Frame& frame) {
  std::vector<std::string> out;
  for (size_t at = 0; at < frame.payload.size();) {
    const auto size = load_le<uint32_t>(frame.payload.data() + at);
    out.push_back(frame.payload.substr(at, size));
    at += size;
  }
  return out;
}

}  // namespace headrace::collect
