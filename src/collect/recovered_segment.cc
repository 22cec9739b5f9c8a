#include "collect/recovered_segment.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "collect/value_text.h"
#include "encode/frame.h"
#include "encode/nested.h"
#include "encode/sample_block.h"

namespace headrace::collect {
namespace {

constexpr uint32_t kMaxEntries = 1u << 20;  // as in capture/dictionary.h
constexpr std::string_view kRecovered = "recovered";

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// Calls `see` with each record of whole records.
template <typename See>
void each_record(std::string_view bytes, See&& see) {
  while (bytes.size() >= sizeof(RecordHeader)) {
    const uint32_t size = load_le<uint32_t>(bytes.data());
    see(RecordView(bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
}

std::string_view facts_in(const RecordView& record) {
  ProducerRecord fixed{};
  if (record.kind() != RecordKind::kProducer || !record.fixed(&fixed)) return {};
  const std::string_view rest = record.bytes().substr(sizeof fixed);
  return fixed.length_bytes <= rest.size() ? rest.substr(0, fixed.length_bytes)
                                           : std::string_view();
}

class SegmentMaker {
 public:
  SegmentMaker(const RingContents& ring, const EarlierSegments& earlier)
      : ring_(ring), earlier_(earlier) {}

  RecoveredSegment make(const std::string& ended_by) {
    for (const std::string_view payload : earlier_.meta()) add_meta(payload);
    for (const std::string_view payload : ring_.meta) add_meta(payload);
    for (const ClockRecord& clock : ring_.clocks) {
      add_meta({reinterpret_cast<const char*>(&clock), sizeof clock});
    }
    std::vector<std::string> announced;  // makes the shapes that it needs
    for (const RingTask& task : ring_.open_tasks) announced.push_back(announcement(task));
    add_facts(ended_by);
    flush_meta();
    for (const RingChunk& chunk : ring_.chunks) {
      if (chunk.records == 0) continue;
      place({.ring = chunk.ring, .records = chunk.records, .first_number = chunk.first_number},
            chunk.payload);
      out_.records += chunk.records;
    }
    next_own_ = std::max(ring_.own_records, earlier_.past(0));
    for (const RingChunk& chunk : ring_.chunks) {
      if (chunk.ring == 0) next_own_ = std::max(next_own_, chunk.past());
    }
    add_gaps();
    add_first_drops();
    place_waiting();
    for (const std::string& record : announced) add_own(record);
    flush_own();
    out_.open_tasks = announced.size();
    return std::move(out_);
  }

 private:
  void place(FrameHeader header, std::string_view payload) {
    header.producer = ring_.owner.producer;
    const size_t left = kGridBytes - out_.bytes.size() % kGridBytes;
    if (sizeof header + payload.size() > left) out_.bytes.append(left, '\0');
    append_frame(out_.bytes, header, payload);
  }

  // --- what describes ---
  void add_meta(std::string_view records) {
    each_record(records, [this](const RecordView& record) {
      note_entry(record);
      if (const std::string_view facts = facts_in(record); !facts.empty()) last_facts_ = facts;
      add_meta_record(record.bytes());
    });
  }
  void add_meta_record(std::string_view record) {
    if (meta_.size() + record.size() > kMaxPayloadBytes) flush_meta();
    meta_ += record;
    ++meta_records_;
  }
  void flush_meta() {
    if (meta_records_ == 0) return;
    place({.flags = kFrameIsMeta, .ring = kMetaRing, .records = meta_records_}, meta_);
    meta_.clear();
    meta_records_ = 0;
  }
  void note_entry(const RecordView& record) {
    DictionaryRecord fixed{};
    if (record.kind() != RecordKind::kDictionary || !record.fixed(&fixed)) return;
    const std::string_view rest = record.bytes().substr(sizeof fixed);
    if (fixed.id > kMaxEntries || fixed.length_bytes > rest.size()) return;
    last_entry_ = std::max(last_entry_, fixed.id);
    if (static_cast<EntryKind>(fixed.header.flags) == EntryKind::kShape) {
      shapes_.try_emplace(std::string(rest.substr(0, fixed.length_bytes)), fixed.id);
    }
  }
  // The id of a shape, with a new entry after all others where there is none; 0 when the dictionary
  // is full.
  uint32_t shape_id(const std::vector<ShapeCell>& shape) {
    if (shape.empty()) return 0;
    std::string bytes(reinterpret_cast<const char*>(shape.data()),
                      shape.size() * sizeof(ShapeCell));
    const auto found = shapes_.find(bytes);
    if (found != shapes_.end()) return found->second;
    if (last_entry_ >= kMaxEntries) return 0;
    DictionaryRecord fixed{};
    fixed.header = {static_cast<uint32_t>(sizeof fixed + bytes.size()), RecordKind::kDictionary,
                    static_cast<uint8_t>(EntryKind::kShape), 0};
    fixed.id = ++last_entry_;
    fixed.length_bytes = static_cast<uint32_t>(bytes.size());
    add_meta_record(std::string(reinterpret_cast<const char*>(&fixed), sizeof fixed) + bytes);
    shapes_.emplace(std::move(bytes), last_entry_);
    return last_entry_;
  }

  // What the producer said of itself last, and how it ended.
  void add_facts(const std::string& ended_by) {
    Pairs known;
    if (!split_map(last_facts_.empty() ? earlier_.last_facts() : last_facts_, known)) known.clear();
    std::vector<std::pair<std::string, std::string>> more;
    if (known.empty()) {
      const RingOwner& owner = ring_.owner;
      more = {{"host", owner.hostname},
              {"pid", std::to_string(owner.pid)},
              {"boot_id", owner.boot_id},
              {"start_time_ticks", std::to_string(owner.start_time_ticks)}};
    }
    if (ring_.owner.state != capture::RingState::kStopped) {
      more.emplace_back("ended", "abruptly");
      if (!ended_by.empty()) more.emplace_back("ended_by", ended_by);
      if (!ring_.clocks.empty()) {
        more.emplace_back("last_seen_ns", std::to_string(ring_.clocks.back().realtime_ns));
      }
    }
    uint64_t records = 0;
    for (const RingChunk& chunk : ring_.chunks) records += chunk.records;
    more.emplace_back(kRecovered, std::to_string(records));
    more.emplace_back("open_tasks", std::to_string(ring_.open_tasks.size()));
    std::string nested;
    NestedWriter map(nested);
    map.begin_map(static_cast<uint32_t>(known.size() + more.size()));
    for (const auto& [key, value] : known) {
      map.string(key);
      nested += value;
    }
    for (const auto& [key, value] : more) {
      map.string(key);
      map.string(value);
    }
    ProducerRecord fixed{};
    const size_t size = round_up_8(sizeof fixed + nested.size());
    if (size > kMaxRecordBytes) return;
    fixed.header = {static_cast<uint32_t>(size), RecordKind::kProducer, 0, 0};
    fixed.length_bytes = static_cast<uint32_t>(nested.size());
    std::string record(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    record += nested;
    record.resize(size, '\0');
    add_meta_record(record);
  }

  // --- records of ring 0 ---
  void add_own(std::string_view record) {
    if (own_.size() + record.size() > kMaxPayloadBytes) flush_own();
    own_ += record;
    ++own_count_;
  }
  void flush_own() {
    if (own_count_ == 0) return;
    place({.ring = 0, .records = own_count_, .first_number = next_own_}, own_);
    next_own_ += own_count_;
    own_.clear();
    own_count_ = 0;
  }

  void add_gaps() {
    for (size_t i = 0; i < ring_.chunks.size(); ++i) {
      const RingChunk& chunk = ring_.chunks[i];
      const bool is_first = i == 0 || ring_.chunks[i - 1].ring != chunk.ring;
      const bool is_last = i + 1 == ring_.chunks.size() || ring_.chunks[i + 1].ring != chunk.ring;
      uint64_t past = earlier_.past(chunk.ring);
      if (!is_first) past = std::max(past, ring_.chunks[i - 1].past());
      // What came before the first chunk left may be in segments that were not read here.
      if (!is_first || past != 0 || chunk.sequence == 0) {
        add_gap(chunk, past, chunk.first_number, chunk.hole_reason);
      }
      if (is_last) {
        add_gap(chunk, chunk.past(), chunk.past() + chunk.dropped_after, chunk.drop_reason);
      }
    }
  }
  void add_first_drops() {
    for (const RingFirstDrops& drops : ring_.first_drops) {
      RingChunk chunk;
      chunk.ring = drops.ring;
      chunk.drained_past = drops.drained_past;
      add_gap(chunk, 0, drops.dropped, drops.reason);
    }
  }
  // Of the numbers from `first` to `past` those that are not told yet.
  void add_gap(const RingChunk& chunk, uint64_t first, uint64_t past, GapReason reason) {
    // A hole without a reason was no drop: its chunk was damaged.
    if (reason == GapReason{}) return;
    first = std::max(first, chunk.drained_past);
    for (uint64_t told = 0; first < past && (told = told_gap(chunk.ring, first)) > 0;) {
      first += std::min(told, past - first);
    }
    if (first >= past) return;
    GapRecord gap{};
    gap.header = {sizeof gap, RecordKind::kGap, static_cast<uint8_t>(reason), 0};
    gap.ring = chunk.ring;
    gap.first_number = first;
    gap.count = past - first;
    gap.at_ticks = ring_.clocks.empty() ? 0 : ring_.clocks.back().ticks;
    add_own({reinterpret_cast<const char*>(&gap), sizeof gap});
  }
  // By the process itself: in a segment, or in its own ring, which it did not come to drain.
  uint64_t told_gap(uint32_t ring, uint64_t first_number) const {
    uint64_t told = earlier_.told_gap(ring, first_number);
    for (const RingChunk& chunk : ring_.chunks) {
      if (chunk.ring != 0 || told > 0) break;
      each_record(chunk.payload, [&](const RecordView& record) {
        GapRecord gap{};
        if (record.kind() == RecordKind::kGap && record.fixed(&gap) && gap.ring == ring &&
            gap.first_number == first_number) {
          told = gap.count;
        }
      });
    }
    return told;
  }

  // As the record that they were to become, unless the process came to commit or to drop that. It
  // has the ring's next number: the process gives out none any more.
  void place_waiting() {
    const RingWaiting& waiting = ring_.waiting;
    std::vector<PlainSample> samples = waiting.samples;
    if (samples.empty()) return;
    const uint64_t number = numbers_given(waiting.ring);
    if (waiting.record_past != 0 && waiting.record_past <= number) return;
    SampleBlockWriter blocks(samples.size());
    const std::string_view block = blocks.write(samples);
    SamplesRecord fixed{};
    const size_t size = round_up_8(sizeof fixed + block.size());
    fixed.header = {static_cast<uint32_t>(size), RecordKind::kSamples, 0, 0};
    fixed.samples = static_cast<uint32_t>(samples.size());
    fixed.block_bytes = static_cast<uint32_t>(block.size());
    std::string record(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    record += block;
    record.resize(size, '\0');
    place({.ring = waiting.ring, .records = 1, .first_number = number}, record);
    out_.waiting_samples = samples.size();
  }
  // As far as the ring file and the segments read here can tell.
  uint64_t numbers_given(uint32_t ring) const {
    uint64_t past = earlier_.past(ring);
    for (const RingChunk& chunk : ring_.chunks) {
      if (chunk.ring != ring) continue;
      past = std::max({past, chunk.past() + chunk.dropped_after, chunk.drained_past});
    }
    for (const RingFirstDrops& drops : ring_.first_drops) {
      if (drops.ring == ring) past = std::max(past, drops.dropped);
    }
    return past;
  }

  std::string announcement(const RingTask& task) {
    TaskRecord fixed = task.record;
    fixed.shape_id = shape_id(task.shape);
    const size_t count = fixed.shape_id != 0 ? task.shape.size() : 0;
    const size_t tail_from = sizeof fixed + 8 * count;
    size_t tail_bytes = 0;
    std::string cells;
    for (size_t i = 0; i < count; ++i) {
      uint64_t cell = task.cells[i];
      if (is_in_tail(task.shape[i].tag)) {
        TailSpan span = unpack_span(cell);
        tail_bytes = std::max<size_t>(tail_bytes, span.offset + span.length);
        span.offset += static_cast<uint32_t>(tail_from);
        cell = pack(span);
      }
      cells.append(reinterpret_cast<const char*>(&cell), sizeof cell);
    }
    const size_t size = round_up_8(tail_from + tail_bytes);
    fixed.header.size_bytes = static_cast<uint32_t>(size);
    fixed.header.kind = RecordKind::kTask;
    fixed.header.flags =
        static_cast<uint8_t>((fixed.header.flags & kTaskParentIsForeign) | kTaskIsOpen);
    fixed.header.cells = static_cast<uint16_t>(count);
    fixed.end_ticks = 0;
    fixed.status = TaskStatus::kRunning;
    std::string out(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    out += cells;
    out += task.tail.substr(0, tail_bytes);
    out.resize(size, '\0');
    return out;
  }

  const RingContents& ring_;
  const EarlierSegments& earlier_;
  RecoveredSegment out_;
  std::string meta_;
  uint32_t meta_records_ = 0;
  uint32_t last_entry_ = 0;
  std::map<std::string, uint32_t> shapes_;
  std::string_view last_facts_;
  std::string own_;
  uint32_t own_count_ = 0;
  uint64_t next_own_ = 0;
};

}  // namespace

RecoveredSegment make_segment(const RingContents& ring, const EarlierSegments& earlier,
                              const std::string& ended_by) {
  return SegmentMaker(ring, earlier).make(ended_by);
}

bool is_recovered(const EarlierSegments& earlier) {
  Pairs facts;
  if (!split_map(earlier.last_facts(), facts)) return false;
  for (const auto& [key, value] : facts) {
    if (key == kRecovered) return true;
  }
  return false;
}

}  // namespace headrace::collect
