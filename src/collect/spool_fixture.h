// For tests and benchmarks: makes the segments of a producer that never ran, record by record.
//
//   SpoolFixture producer(directory, 7);
//   producer.describe({{"host", "a"}, {"pid", "12"}});
//   uint32_t shape = producer.shape({{"lr", Role::kUsed, ValueTag::kFloat}});
//   producer.task({.activity = producer.activity("train"), .number = 1, .shape = shape,
//                  .cells = {cell_of(0.1)}});
//   producer.seal();
//
// Ticks are ns of a clock that reads kEpoch_ns at tick 0, so times are known exactly.
#pragma once

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "encode/frame.h"
#include "encode/nested.h"
#include "spool/directory.h"

namespace headrace::collect {

constexpr int64_t kEpoch_ns = 1'700'000'000'000'000'000;

// A cell's value, or the bytes of one in the tail.
struct CellValue {
  uint64_t cell = 0;
  std::string tail;
  bool in_tail = false;
};
inline CellValue cell_of(double v) { return {std::bit_cast<uint64_t>(v), {}, false}; }
inline CellValue cell_of(int64_t v) { return {static_cast<uint64_t>(v), {}, false}; }
inline CellValue cell_of(bool v) { return {uint64_t{v}, {}, false}; }
inline CellValue cell_of(std::string_view v) { return {0, std::string(v), true}; }
inline CellValue cell_of(const char* v) { return {0, std::string(v), true}; }
inline CellValue cell_of(const Uuid& id) {
  const auto b = id.bytes();
  return {0, std::string(reinterpret_cast<const char*>(b.data()), b.size()), true};
}

struct ShapeField {
  std::string name;
  Role role;
  ValueTag tag;
  uint8_t flags = 0;
};

class SpoolFixture {
 public:
  SpoolFixture(Directory directory, ProducerId producer)
      : directory_(std::move(directory)), producer_(producer) {
    clock(0);
  }

  struct Task {
    uint32_t activity = 0;
    uint32_t workflow = 0;
    uint64_t number = 0;
    uint64_t parent = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
    uint32_t shape = 0;
    std::vector<CellValue> cells = {};
    TaskStatus status = TaskStatus::kFinished;
    uint8_t flags = 0;
    uint32_t ring = 1;
  };
  struct Workflow {
    uint32_t workflow = 0;
    uint32_t parent = 0;
    uint32_t campaign = 0;
    uint32_t name = 0;
    uint64_t begin = 0;
    uint64_t end = 0;
    uint32_t shape = 0;
    std::vector<CellValue> cells = {};
    TaskStatus status = TaskStatus::kRunning;
    uint32_t ring = 1;
  };

  uint32_t entry(EntryKind kind, const std::string& bytes) {
    const auto found = ids_.find({static_cast<int>(kind), bytes});
    if (found != ids_.end()) return found->second;
    const auto id = static_cast<uint32_t>(ids_.size() + 1);
    ids_[{static_cast<int>(kind), bytes}] = id;
    DictionaryRecord record{};
    const size_t size = round_up_8(sizeof record + bytes.size());
    record.header = {static_cast<uint32_t>(size), RecordKind::kDictionary,
                     static_cast<uint8_t>(kind), 0};
    record.id = id;
    record.length_bytes = static_cast<uint32_t>(bytes.size());
    std::string text(reinterpret_cast<const char*>(&record), sizeof record);
    text += bytes;
    text.resize(size, '\0');
    meta(std::move(text));
    return id;
  }
  uint32_t string(const std::string& text) { return entry(EntryKind::kString, text); }
  uint32_t activity(const std::string& name) {
    std::string bytes;
    NestedWriter map(bytes);
    map.begin_map(1);
    map.string("name");
    map.string(name);
    return entry(EntryKind::kActivity, bytes);
  }
  uint32_t workflow_id(const Uuid& id) { return entry(EntryKind::kWorkflow, cell_of(id).tail); }
  uint32_t task_ref(const Uuid& id) { return entry(EntryKind::kTaskRef, cell_of(id).tail); }
  uint32_t campaign_id(const Uuid& id, const std::string& name) {
    return entry(EntryKind::kCampaign, cell_of(id).tail + name);
  }
  uint32_t shape(const std::vector<ShapeField>& fields) {
    std::string bytes;
    for (const ShapeField& f : fields) {
      const ShapeCell cell{string(f.name), f.role, f.tag, f.flags, 0};
      bytes.append(reinterpret_cast<const char*>(&cell), sizeof cell);
    }
    return entry(EntryKind::kShape, bytes);
  }
  void describe(const std::vector<std::pair<std::string, std::string>>& facts) {
    std::string nested;
    NestedWriter map(nested);
    map.begin_map(static_cast<uint32_t>(facts.size()));
    for (const auto& [key, value] : facts) {
      map.string(key);
      map.string(value);
    }
    ProducerRecord record{};
    const size_t size = round_up_8(sizeof record + nested.size());
    record.header = {static_cast<uint32_t>(size), RecordKind::kProducer, 0, 0};
    record.length_bytes = static_cast<uint32_t>(nested.size());
    std::string text(reinterpret_cast<const char*>(&record), sizeof record);
    text += nested;
    text.resize(size, '\0');
    meta(std::move(text));
  }
  void clock(uint64_t ticks) {
    ClockRecord record{};
    record.header = {sizeof record, RecordKind::kClock,
                     static_cast<uint8_t>(TickSource::kMonotonicNs), 0};
    record.ticks = ticks;
    record.monotonic_ns = static_cast<int64_t>(ticks);
    record.realtime_ns = kEpoch_ns + static_cast<int64_t>(ticks);
    meta({reinterpret_cast<const char*>(&record), sizeof record});
  }

  void task(const Task& t) {
    TaskRecord record{};
    record.header.kind = RecordKind::kTask;
    record.header.flags = t.flags;
    record.activity_id = t.activity;
    record.workflow_id = t.workflow;
    record.number = t.number;
    record.parent = t.parent;
    record.begin_ticks = t.begin;
    record.end_ticks = t.end;
    record.shape_id = t.shape;
    record.status = t.status;
    add(t.ring, record, t.cells);
  }
  void workflow(const Workflow& w) {
    WorkflowRecord record{};
    record.header.kind = RecordKind::kWorkflow;
    record.workflow_id = w.workflow;
    record.parent_workflow_id = w.parent;
    record.campaign_id = w.campaign;
    record.name_id = w.name;
    record.begin_ticks = w.begin;
    record.end_ticks = w.end;
    record.shape_id = w.shape;
    record.status = w.status;
    add(w.ring, record, w.cells);
  }
  // Any record; its size and cell count are filled in. `extension`: what a newer version puts
  // behind.
  template <typename Fixed>
  void add(uint32_t ring, Fixed fixed, const std::vector<CellValue>& cells = {},
           std::string_view extension = {}) {
    std::string bytes(sizeof fixed + 8 * cells.size(), '\0');
    for (size_t i = 0; i < cells.size(); ++i) {
      uint64_t cell = cells[i].cell;
      if (cells[i].in_tail) {
        cell = pack(
            {static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(cells[i].tail.size())});
        bytes += cells[i].tail;
      }
      std::memcpy(bytes.data() + sizeof fixed + 8 * i, &cell, 8);
    }
    bytes += extension;
    bytes.resize(round_up_8(bytes.size()), '\0');
    fixed.header.size_bytes = static_cast<uint32_t>(bytes.size());
    fixed.header.cells = static_cast<uint16_t>(cells.size());
    std::memcpy(bytes.data(), &fixed, sizeof fixed);
    std::vector<std::string>& records = waiting_[ring];
    size_t total = bytes.size();
    for (const std::string& r : records) total += r.size();
    if (total > frame_bytes) flush();
    waiting_[ring].push_back(std::move(bytes));
  }
  // Leaves out the next `count` numbers of a ring, as a loss would.
  void skip(uint32_t ring, uint64_t count) {
    flush();
    next_[ring] += count;
  }

  // How many numbers its rings have given out, those left out included.
  uint64_t drawn() {
    flush();
    uint64_t out = 0;
    for (const auto& [ring, next] : next_) out += next;
    return out;
  }

  // Every frame so far: meta frames first, then the others in the order they were made.
  struct Frame {
    FrameHeader header;
    std::string payload;
  };
  const std::vector<Frame>& meta_frames() const { return meta_; }
  const std::vector<Frame>& frames() {
    flush();
    return frames_;
  }
  ProducerId producer() const { return producer_; }

  // Writes what is there into the next segment, with all meta frames, and forgets the data frames.
  std::filesystem::path seal() { return write(frames(), ".seg"); }
  // The same as a segment that is still being written; called again it grows.
  std::filesystem::path write_open() { return write(frames(), ".open", Keep::kSegment); }
  // What stays after a write: nothing, the frames for another segment, or the segment to grow.
  enum class Keep : uint8_t { kNothing, kFrames, kSegment };
  std::filesystem::path write(const std::vector<Frame>& data, const std::string& ending,
                              Keep keep = Keep::kNothing) {
    std::string bytes;
    for (const Frame& f : meta_) place(bytes, f);
    for (const Frame& f : data) place(bytes, f);
    char name[64];
    std::snprintf(name, sizeof name, "%015llx-%06llu", static_cast<unsigned long long>(producer_),
                  static_cast<unsigned long long>(ordinal_));
    std::filesystem::create_directories(directory_.spool());
    const auto path = directory_.spool() / (name + ending);
    std::ofstream(path, std::ios::binary) << bytes;
    if (ending == ".seg")
      std::filesystem::remove(directory_.spool() / (std::string(name) + ".open"));
    if (keep == Keep::kNothing) frames_.clear();
    if (keep != Keep::kSegment) ++ordinal_;
    return path;
  }
  size_t frame_bytes = 4096;
  uint8_t frame_version = kFrameVersion;

 private:
  void place(std::string& out, const Frame& frame) const {
    const size_t size = sizeof(FrameHeader) + frame.payload.size();
    if (out.size() / kGridBytes != (out.size() + size - 1) / kGridBytes) {
      out.resize((out.size() / kGridBytes + 1) * kGridBytes, '\0');
    }
    FrameHeader header = frame.header;
    header.version = frame_version;
    append_frame(out, header, frame.payload);
  }
  void meta(std::string record) {
    FrameHeader header;
    header.flags = kFrameIsMeta;
    header.producer = producer_;
    header.ring = kMetaRing;
    header.records = 1;
    if (!meta_.empty() && meta_.back().payload.size() + record.size() < frame_bytes) {
      meta_.back().payload += record;
      ++meta_.back().header.records;
      return;
    }
    meta_.push_back({header, std::move(record)});
  }
  void flush() {
    for (auto& [ring, records] : waiting_) {
      if (records.empty()) continue;
      FrameHeader header;
      header.producer = producer_;
      header.ring = ring;
      header.records = static_cast<uint32_t>(records.size());
      header.first_number = next_[ring];
      next_[ring] += records.size();
      std::string payload;
      for (const std::string& r : records) payload += r;
      records.clear();
      frames_.push_back({header, std::move(payload)});
    }
  }

  Directory directory_;
  ProducerId producer_;
  uint64_t ordinal_ = 0;
  std::map<std::pair<int, std::string>, uint32_t> ids_;
  std::vector<Frame> meta_;
  std::vector<Frame> frames_;
  std::map<uint32_t, std::vector<std::string>> waiting_;
  std::map<uint32_t, uint64_t> next_;
};

}  // namespace headrace::collect
