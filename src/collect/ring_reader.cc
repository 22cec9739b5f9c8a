#include "collect/ring_reader.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/bytes.h"
#include "base/clock.h"

namespace headrace::collect {
namespace {

using capture::ChunkHeader;
using capture::ChunkKind;
using capture::kChunkBytes;
using capture::kChunkPayloadBytes;
using capture::RingClock;
using capture::RingFileHeader;
using capture::TaskSlot;

constexpr uint64_t kPastNumbers = uint64_t{1} << kTaskNumberBits;
constexpr uint32_t kMaxEntries = 1u << 20;  // as in capture/dictionary.h
constexpr uint32_t kPastRings = uint32_t{1} << (kTaskNumberBits - kTaskCounterBits);

template <size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

Result<RingFileHeader> read_header(std::string_view bytes) {
  if (bytes.empty()) return unavailable("its owner did not finish making it");
  if (bytes.size() < sizeof(RingFileHeader)) return corrupt("it is shorter than its header");
  const auto header = load_le<RingFileHeader>(bytes.data());
  if (header.state == static_cast<uint32_t>(capture::RingState::kMaking)) {
    return unavailable("its owner did not finish making it");
  }
  if (std::memcmp(header.magic, capture::kRingMagic, sizeof header.magic) != 0) {
    return corrupt("it does not begin as a ring file");
  }
  if (header.version > capture::kRingVersion) {
    return unsupported("it was written by a newer version");
  }
  const bool fits = header.version == capture::kRingVersion &&
                    header.header_bytes == capture::kRingHeaderBytes &&
                    header.chunk_bytes == kChunkBytes && header.slot_bytes == sizeof(TaskSlot) &&
                    header.slots_per_chunk == capture::kSlotsPerChunk &&
                    header.chunks <= capture::kMaxRingChunks &&
                    header.state <= static_cast<uint32_t>(capture::RingState::kStopped) &&
                    header.spool_path_bytes <= capture::kMaxSpoolPathBytes &&
                    header.producer != 0 && header.producer >> kProducerBits == 0;
  if (!fits) return corrupt("its header makes no sense");
  return header;
}

RingOwner owner_of(const RingFileHeader& header) {
  RingOwner out;
  out.producer = header.producer;
  out.state = static_cast<capture::RingState>(header.state);
  out.hostname = text_of(header.hostname);
  out.boot_id = text_of(header.boot_id);
  out.pid = header.pid;
  out.start_time_ticks = static_cast<int64_t>(header.start_time_ticks);
  out.pid_namespace = header.pid_namespace;
  out.spool_path.assign(header.spool_path, header.spool_path_bytes);
  out.spool_device = header.spool_device;
  out.spool_inode = header.spool_inode;
  return out;
}

// Readings that are complete: the slot that is not the newest may be half of two.
std::vector<ClockRecord> clocks_of(const RingFileHeader& header) {
  std::vector<ClockRecord> out;
  const auto add = [&](const RingClock& clock) {
    if (clock.realtime_ns <= 0) return;
    ClockRecord record{};
    record.header = {sizeof record, RecordKind::kClock, static_cast<uint8_t>(header.tick_source),
                     0};
    record.ticks = clock.ticks;
    record.monotonic_ns = clock.monotonic_ns;
    record.realtime_ns = clock.realtime_ns;
    record.uncertainty_ns = clock.uncertainty_ns;
    out.push_back(record);
  };
  if (header.tick_source > static_cast<uint32_t>(TickSource::kTsc)) return out;
  add(header.clocks[0]);
  if (header.clock_slot == 1 || header.clock_slot == 2) add(header.clocks[header.clock_slot]);
  return out;
}

GapReason reason_of(uint32_t number) {
  return number <= static_cast<uint32_t>(GapReason::kTooLarge) ? static_cast<GapReason>(number)
                                                               : GapReason{};
}

// Calls `see` with each record from the start until one does not fit; returns the bytes seen.
template <typename See>
size_t walk_records(std::string_view bytes, See&& see) {
  size_t at = 0;
  while (bytes.size() - at >= sizeof(RecordHeader)) {
    const auto header = load_le<RecordHeader>(bytes.data() + at);
    const bool fits = header.size_bytes >= sizeof(RecordHeader) && header.size_bytes % 8 == 0 &&
                      header.size_bytes <= kMaxRecordBytes &&
                      header.size_bytes <= bytes.size() - at;
    if (!fits) break;
    see(RecordView(bytes.substr(at, header.size_bytes)));
    at += header.size_bytes;
  }
  return at;
}

class RingParser {
 public:
  RingParser(std::string_view bytes, const RingFileHeader& header, RingContents& out)
      : bytes_(bytes), header_(header), out_(out) {}

  void run() {
    for (uint32_t i = 0; i < header_.chunks; ++i) {
      const uint64_t at = capture::kRingHeaderBytes + uint64_t{i} * kChunkBytes;
      if (at + sizeof(ChunkHeader) > bytes_.size()) break;
      chunk(at);
    }
    order_chunks();
    first_drops();
    waiting();
    std::sort(meta_.begin(), meta_.end());
    for (const auto& [sequence, bytes] : meta_) out_.meta.push_back(bytes);
    drop_ended_tasks();
  }

 private:
  void damaged(uint64_t offset, uint64_t length_bytes, const char* reason) {
    length_bytes = std::min<uint64_t>(length_bytes, bytes_.size() - offset);
    if (length_bytes > 0) out_.damage.push_back({offset, length_bytes, reason});
  }

  void chunk(uint64_t at) {
    const auto header = load_le<ChunkHeader>(bytes_.data() + at);
    if (header.kind == static_cast<uint32_t>(ChunkKind::kFree)) return;
    if (header.kind > static_cast<uint32_t>(ChunkKind::kTasks)) {
      return damaged(at, kChunkBytes, "the chunk is of no known kind");
    }
    if (at + kChunkBytes > bytes_.size()) {
      return damaged(at, kChunkBytes, "the file ends inside the chunk");
    }
    const std::string_view payload = bytes_.substr(at + sizeof header, kChunkPayloadBytes);
    if (header.kind == static_cast<uint32_t>(ChunkKind::kTasks)) return tasks(at, payload);
    if (header.committed > kChunkPayloadBytes) {
      return damaged(at, kChunkBytes, "the chunk holds more than it can");
    }
    const std::string_view committed = payload.substr(0, header.committed);
    if (header.kind == static_cast<uint32_t>(ChunkKind::kMeta)) {
      const size_t good = walk_records(committed, [](const RecordView&) {});
      if (good > 0) meta_.emplace_back(header.sequence, committed.substr(0, good));
      return damaged(at + sizeof header + good, committed.size() - good, kNoRecord);
    }
    records(at, header, committed);
  }

  void records(uint64_t at, const ChunkHeader& header, std::string_view committed) {
    if (header.ring >= kPastRings || header.first_number >= kPastNumbers) {
      return damaged(at, kChunkBytes, "the chunk's ring or numbers are impossible");
    }
    RingChunk chunk;
    chunk.ring = header.ring;
    chunk.sequence = header.sequence;
    chunk.first_number = header.first_number;
    chunk.hole_reason = reason_of(header.hole_reason);
    chunk.drop_reason = reason_of(header.drop_reason);
    chunk.dropped_after = std::min(header.dropped_after, kPastNumbers);
    chunk.drained_past = header.drained_past;
    const size_t good = walk_records(committed, [&chunk](const RecordView&) { ++chunk.records; });
    chunk.payload = committed.substr(0, good);
    if (chunk.records > 0 || chunk.dropped_after > 0) out_.chunks.push_back(chunk);
    damaged(at + sizeof header + good, committed.size() - good, kNoRecord);
  }

  void order_chunks() {
    std::vector<RingChunk>& chunks = out_.chunks;
    std::sort(chunks.begin(), chunks.end(), [](const RingChunk& a, const RingChunk& b) {
      return std::tuple(a.ring, a.sequence, a.first_number) <
             std::tuple(b.ring, b.sequence, b.first_number);
    });
    std::vector<RingChunk> kept;
    for (const RingChunk& chunk : chunks) {
      if (kept.empty() || kept.back().ring != chunk.ring ||
          kept.back().past() <= chunk.first_number) {
        kept.push_back(chunk);
        continue;
      }
      damaged(static_cast<uint64_t>(chunk.payload.data() - bytes_.data()), chunk.payload.size(),
              "other records have its numbers");
    }
    chunks = std::move(kept);
  }

  void first_drops() {
    for (const capture::FirstDrops& place : header_.first_drops) {
      const RingFirstDrops drops{place.ring, place.dropped, reason_of(place.reason),
                                 place.drained_past};
      const bool is_told =
          std::any_of(out_.chunks.begin(), out_.chunks.end(), [&place](const RingChunk& chunk) {
            return chunk.ring == place.ring &&
                   (chunk.sequence == 0 || chunk.first_number < place.dropped);
          });
      if (place.ring == 0 || place.dropped == 0 || is_told) continue;
      if (place.ring >= kPastRings || place.dropped >= kPastNumbers ||
          drops.reason == GapReason{}) {
        damaged(offsetof(RingFileHeader, first_drops), sizeof header_.first_drops,
                "the ring or the number of its drops is impossible");
        continue;
      }
      out_.first_drops.push_back(drops);
    }
  }

  void waiting() {
    const capture::WaitingSamples& from = header_.waiting;
    constexpr size_t kAt = offsetof(RingFileHeader, waiting);
    if (from.ring == 0 || from.count == 0) return;
    if (from.ring >= kPastRings || from.count > capture::kMaxWaiting ||
        from.record_past > kPastNumbers) {
      return damaged(kAt, sizeof from,
                     "the ring or the number of the waiting samples is impossible");
    }
    out_.waiting.ring = from.ring;
    out_.waiting.record_past = from.record_past;
    bool all_possible = true;
    for (uint32_t i = 0; i < from.count; ++i) {
      const capture::WaitingSample& one = from.samples[i];
      const bool possible =
          one.sensor_id != 0 && one.sensor_id <= kMaxEntries && one.flags <= UINT8_MAX;
      all_possible = all_possible && possible;
      if (!possible) continue;
      out_.waiting.samples.push_back(
          {one.sensor_id, static_cast<uint8_t>(one.flags), one.at_ticks, one.raw});
    }
    if (!all_possible)
      damaged(kAt, sizeof from, "a waiting sample's sensor or flags are impossible");
  }

  void tasks(uint64_t at, std::string_view payload) {
    for (size_t i = 0; i < capture::kSlotsPerChunk; ++i) {
      const std::string_view bytes = payload.substr(i * sizeof(TaskSlot), sizeof(TaskSlot));
      const auto slot = load_le<TaskSlot>(bytes.data());
      if (slot.record.number == 0) continue;
      if (slot.record.number >= kPastNumbers || slot.count > capture::kSlotCells) {
        damaged(at + sizeof(ChunkHeader) + i * sizeof(TaskSlot), sizeof(TaskSlot),
                "the task's number or values are impossible");
        continue;
      }
      RingTask task;
      task.record = slot.record;
      task.tail = bytes.substr(offsetof(TaskSlot, tail), capture::kSlotTailBytes);
      for (uint32_t c = 0; c < slot.count; ++c) {
        // A value that was being replaced when the process was killed may be half of each: without
        // it the others are still right.
        if (!is_whole(slot.shape[c], slot.cells[c])) continue;
        task.shape.push_back(slot.shape[c]);
        task.shape.back().reserved = 0;
        task.cells.push_back(slot.cells[c]);
      }
      out_.open_tasks.push_back(std::move(task));
    }
  }

  static bool is_whole(const ShapeCell& shape, uint64_t cell) {
    if (shape.name_id == 0 || shape.role > Role::kAttribute || shape.tag > ValueTag::kPlaceholder) {
      return false;
    }
    const TailSpan span = unpack_span(cell);
    return !is_in_tail(shape.tag) || (span.offset <= capture::kSlotTailBytes &&
                                      span.length <= capture::kSlotTailBytes - span.offset);
  }

  // A kill may come between the commit of a task's record and the clearing of its slot.
  void drop_ended_tasks() {
    std::vector<RingTask>& tasks = out_.open_tasks;
    std::stable_sort(tasks.begin(), tasks.end(), [](const RingTask& a, const RingTask& b) {
      return a.record.number < b.record.number;
    });
    const auto same = [](const RingTask& a, const RingTask& b) {
      return a.record.number == b.record.number;
    };
    tasks.erase(std::unique(tasks.begin(), tasks.end(), same), tasks.end());
    if (tasks.empty()) return;
    std::unordered_set<uint64_t> open;
    for (const RingTask& task : tasks) open.insert(task.record.number);
    for (const RingChunk& chunk : out_.chunks) {
      walk_records(chunk.payload, [&open](const RecordView& record) {
        TaskRecord task{};
        if (record.kind() == RecordKind::kTask && record.fixed(&task) &&
            (task.header.flags & kTaskIsOpen) == 0) {
          open.erase(task.number);
        }
      });
    }
    std::erase_if(tasks, [&open](const RingTask& t) { return !open.contains(t.record.number); });
  }

  static constexpr const char* kNoRecord = "no record begins here";
  std::string_view bytes_;
  const RingFileHeader& header_;
  RingContents& out_;
  std::vector<std::pair<uint64_t, std::string_view>> meta_;
};

}  // namespace

Result<RingOwner> read_ring_owner(std::string_view bytes) {
  const Result<RingFileHeader> header = read_header(bytes);
  if (!header.ok()) return header.status();
  return owner_of(*header);
}

RingOwner read_maker(std::string_view bytes) {
  if (bytes.size() < sizeof(RingFileHeader)) return {};
  auto header = load_le<RingFileHeader>(bytes.data());
  header.spool_path_bytes = 0;
  return owner_of(header);
}

Result<RingContents> parse_ring(std::string_view bytes) {
  const Result<RingFileHeader> header = read_header(bytes);
  if (!header.ok()) return header.status();
  RingContents out;
  out.owner = owner_of(*header);
  out.clocks = clocks_of(*header);
  out.own_records = std::min(header->own_records, kPastNumbers);
  std::copy(std::begin(header->lost), std::end(header->lost), out.dropped.begin());
  RingParser(bytes, *header, out).run();
  return out;
}

}  // namespace headrace::collect
