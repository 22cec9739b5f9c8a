#include "collect/intake_spool.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/clock.h"
#include "capture/secrets.h"
#include "collect/earlier_segments.h"
#include "encode/nested.h"
#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kMostEntries = 1u << 20;  // a reader takes no more
constexpr size_t kMostEntryBytes = size_t{64} << 20;
constexpr std::string_view kRefusedName = "(name not kept: too many)";
constexpr size_t kFullPayload = 48 * 1024;
// The clock map counts in doubles from the reading before: so near, every ns is exact.
constexpr int kClockWindowBits = 51;
// Of a text that is cut: how much of it stays.
constexpr size_t kKeptBytes = 512;

std::string meta_record(RecordKind kind, uint8_t flags, uint32_t word_1, uint32_t word_2,
                        std::string_view bytes) {
  struct Fixed {
    RecordHeader header;
    uint32_t word_1;
    uint32_t word_2;
  } fixed{};
  static_assert(sizeof fixed == sizeof(DictionaryRecord) && sizeof fixed == sizeof(ProducerRecord));
  const size_t size = round_up_8(sizeof fixed + bytes.size());
  fixed.header = {static_cast<uint32_t>(size), kind, flags, 0};
  fixed.word_1 = word_1;
  fixed.word_2 = word_2;
  std::string out(reinterpret_cast<const char*>(&fixed), sizeof fixed);
  out += bytes;
  out.resize(size, '\0');
  return out;
}

// Cut to its last whole frame: what follows was never counted as written.
void give_final_name(const SegmentFile& file) {
  fs::path sealed = file.path;
  sealed.replace_extension(".seg");
  std::error_code error;
  uint64_t whole = 0;
  {
    const Result<FileBytes> bytes = FileBytes::open(file.path);
    if (!bytes.ok()) return;
    SegmentReader reader(bytes->view(), false);
    while (reader.next()) {
    }
    whole = reader.resume_offset();
  }
  if (whole < file.size_bytes) fs::resize_file(file.path, whole, error);
  static_cast<void>(FileSystem::current().rename(file.path.c_str(), sealed.c_str()));
}

Value cut(const Value& value) {
  std::string inner;
  NestedWriter map(inner);
  map.begin_map(4);
  map.string("type");
  map.string(value.tag == ValueTag::kNested ? "nested" : "text");
  map.string("reason");
  map.string("longer than a record");
  map.string("length");
  map.integer(static_cast<int64_t>(value.tail.size()));
  map.string("begins");
  map.bytes(std::string_view(value.tail).substr(0, kKeptBytes));
  return {ValueTag::kPlaceholder, 0, std::move(inner)};
}

}  // namespace

IntakeSpool::IntakeSpool(const Directory& directory, ProducerId producer,
                         std::vector<std::pair<std::string, std::string>> facts, Numbers numbers)
    : facts_(std::move(facts)), writer_(directory, producer, [this] { write_preamble(); }) {
  for (const SegmentFile& file : list_segments(directory)) {
    if (file.producer == producer && !file.sealed) give_final_name(file);
  }
  const EarlierSegments earlier = EarlierSegments::read(directory, producer);
  for (std::string_view records : earlier.meta()) {
    while (records.size() >= sizeof(RecordHeader)) {
      const auto size = std::max<size_t>(load_le<uint32_t>(records.data()), sizeof(RecordHeader));
      learn(records.substr(0, size));
      records.remove_prefix(std::min(size, records.size()));
    }
  }
  next_entry_ = static_cast<uint32_t>(entries_.size()) + 1;
  for (uint32_t ring = 0; ring < waiting_.size(); ++ring) {
    waiting_[ring].first_number = std::max(numbers[ring], earlier.past(ring));
  }
}

void IntakeSpool::learn(std::string_view meta) {
  const RecordView record(meta);
  DictionaryRecord fixed{};
  if (record.kind() != RecordKind::kDictionary || !record.fixed(&fixed)) return;
  const std::string_view bytes = meta.substr(sizeof fixed);
  if (fixed.id == 0 || fixed.id > kMostEntries || fixed.length_bytes > bytes.size()) return;
  if (entries_.size() < fixed.id) entries_.resize(fixed.id);
  std::string key(1, static_cast<char>(fixed.header.flags));
  key += bytes.substr(0, fixed.length_bytes);
  entry_bytes_ += key.size();
  ids_.emplace(key, fixed.id);
  entries_[fixed.id - 1] = std::move(key);
}

uint32_t IntakeSpool::entry(EntryKind kind, std::string_view bytes) {
  std::string key(1, static_cast<char>(kind));
  key += bytes;
  const auto found = ids_.find(key);
  if (found != ids_.end()) return found->second;
  const bool is_full = entries_.size() + 16 >= kMostEntries ||
                       entry_bytes_ + key.size() > kMostEntryBytes ||
                       key.size() > kMaxRecordBytes - sizeof(DictionaryRecord) - 8;
  if (is_full) {
    return kind == EntryKind::kString && bytes != kRefusedName ? string(kRefusedName) : 0;
  }
  entry_bytes_ += key.size();
  entries_.push_back(key);
  const auto id = static_cast<uint32_t>(entries_.size());
  ids_.emplace(std::move(key), id);
  return id;
}

uint32_t IntakeSpool::activity(std::string_view name) {
  std::string bytes;
  NestedWriter map(bytes);
  map.begin_map(1);
  map.string("name");
  map.string(name.substr(0, 4096));
  return entry(EntryKind::kActivity, bytes);
}

uint32_t IntakeSpool::uuid(EntryKind kind, const Uuid& id) {
  const auto bytes = id.bytes();
  return entry(kind, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

uint32_t IntakeSpool::campaign(std::string_view name) {
  const auto id = named_uuid("campaign", name).bytes();
  std::string bytes(reinterpret_cast<const char*>(id.data()), id.size());
  return entry(EntryKind::kCampaign, bytes.append(name.substr(0, 4096)));
}

uint64_t IntakeSpool::tick(int64_t unix_ns) {
  const int64_t window = unix_ns >> kClockWindowBits << kClockWindowBits;
  if (clocks_.insert(window).second) new_clocks_.push_back(window);
  return static_cast<uint64_t>(unix_ns);
}

uint32_t IntakeSpool::shape(const ToldCells& cells) {
  if (cells.empty()) return 0;
  std::string bytes;
  bytes.reserve(cells.size() * sizeof(ShapeCell));
  for (const ToldCell& cell : cells) {
    ShapeCell one{};
    one.name_id = string(cell.name.substr(0, 4096));
    one.role = cell.role;
    one.tag = cell.value->tag;
    one.flags = cell.is_inferred ? kCellIsInferred : uint8_t{0};
    bytes.append(reinterpret_cast<const char*>(&one), sizeof one);
  }
  return entry(EntryKind::kShape, bytes);
}

Status IntakeSpool::add(uint32_t ring, std::string record, size_t shape_at, const ToldCells& told) {
  ToldCells cells = told;
  bool is_cut = cells.size() > kMaxCells / 2;
  if (is_cut) cells.resize(kMaxCells / 2);
  // Values with secrets taken out, and cut ones, live here until the record is made.
  std::vector<std::optional<Value>> own(cells.size());
  size_t tail_bytes = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    const Value& value = *cells[i].value;
    std::string clean;
    if (value.tag == ValueTag::kString && capture::may_hold_secret(value.tail) &&
        capture::take_out_secrets(value.tail, &clean)) {
      own[i] = Value{ValueTag::kString, 0, std::move(clean)};
      cells[i].value = &*own[i];
    }
    tail_bytes += cells[i].value->tail.size();
  }
  while (record.size() + 8 * cells.size() + tail_bytes + 8 > kMaxRecordBytes) {
    const auto longest =
        std::max_element(cells.begin(), cells.end(), [](const ToldCell& a, const ToldCell& b) {
          return a.value->tail.size() < b.value->tail.size();
        });
    const size_t at = static_cast<size_t>(longest - cells.begin());
    Value shorter = longest->value->tail.size() > 2 * kKeptBytes ? cut(*longest->value) : Value();
    tail_bytes -= longest->value->tail.size();
    tail_bytes += shorter.tail.size();
    own[at] = std::move(shorter);
    longest->value = &*own[at];
    is_cut = true;
  }
  if (is_cut) ++shortened_;
  const uint32_t shape_id = shape(cells);
  if (shape_id == 0) cells.clear();
  std::string cell_bytes;
  std::string tail;
  const size_t tail_begins = record.size() + 8 * cells.size();
  for (const ToldCell& cell : cells) {
    uint64_t word = cell.value->cell;
    if (is_in_tail(cell.value->tag)) {
      word = pack({static_cast<uint32_t>(tail_begins + tail.size()),
                   static_cast<uint32_t>(cell.value->tail.size())});
      tail += cell.value->tail;
    }
    cell_bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  store_le(record.data() + shape_at, shape_id);
  record += cell_bytes;
  record += tail;
  record.resize(round_up_8(record.size()), '\0');
  store_le(record.data() + offsetof(RecordHeader, size_bytes),
           static_cast<uint32_t>(record.size()));
  store_le(record.data() + offsetof(RecordHeader, cells), static_cast<uint16_t>(cells.size()));

  if (waiting_[ring].payload.size() + record.size() > kMaxPayloadBytes ||
      waiting_[ring].payload.size() > kFullPayload) {
    HEADRACE_RETURN_IF_ERROR(write(ring, Ended::kNo));
  }
  waiting_[ring].payload += record;
  ++waiting_[ring].records;
  return {};
}

IntakeSpool::Numbers IntakeSpool::numbers() const {
  return {waiting_[0].first_number + waiting_[0].records,
          waiting_[1].first_number + waiting_[1].records};
}

std::string IntakeSpool::description(uint64_t records, Ended ended) const {
  std::string nested;
  NestedWriter map(nested);
  map.begin_map(static_cast<uint32_t>(facts_.size() + 1 + (redacted_ > 0 ? 1 : 0) +
                                      (ended == Ended::kYes ? 1 : 0)));
  const auto say = [&map](std::string_view key, std::string_view value) {
    map.string(key);
    map.string(value);
  };
  for (const auto& [key, value] : facts_) say(key, value);
  say("records", std::to_string(records));
  if (redacted_ > 0) say("redacted_values", std::to_string(redacted_));
  if (ended == Ended::kYes) say("ended", "clean");
  return meta_record(RecordKind::kProducer, 0, static_cast<uint32_t>(nested.size()), 0, nested);
}

void IntakeSpool::write_new_entries() {
  while (next_entry_ <= entries_.size()) {
    std::string payload;
    uint32_t records = 0;
    for (; next_entry_ <= entries_.size(); ++next_entry_) {
      const std::string& key = entries_[next_entry_ - 1];
      if (key.empty()) continue;  // a hole that damage left
      const std::string_view bytes = std::string_view(key).substr(1);
      std::string record = meta_record(RecordKind::kDictionary, static_cast<uint8_t>(key.front()),
                                       next_entry_, static_cast<uint32_t>(bytes.size()), bytes);
      if (payload.size() + record.size() > kMaxPayloadBytes) break;
      payload += record;
      ++records;
    }
    if (records > 0) writer_.write_meta(payload, records);
  }
}

void IntakeSpool::write_clocks(bool all) {
  std::string payload;
  uint32_t records = 0;
  const auto put = [&](int64_t at_ns) {
    ClockRecord clock{};
    clock.header = {sizeof clock, RecordKind::kClock,
                    static_cast<uint8_t>(TickSource::kMonotonicNs), 0};
    clock.ticks = static_cast<uint64_t>(at_ns);
    clock.monotonic_ns = at_ns;
    clock.realtime_ns = at_ns;
    if (payload.size() + sizeof clock > kMaxPayloadBytes) {
      writer_.write_meta(payload, records);
      payload.clear();
      records = 0;
    }
    payload.append(reinterpret_cast<const char*>(&clock), sizeof clock);
    ++records;
  };
  if (all) {
    for (const int64_t at_ns : clocks_) put(at_ns);
  } else {
    for (const int64_t at_ns : new_clocks_) put(at_ns);
  }
  if (records > 0) writer_.write_meta(payload, records);
  new_clocks_.clear();
}

// Each segment begins with all of it, so that it decodes alone.
void IntakeSpool::write_preamble() {
  said_.clear();
  write_clocks(true);
  next_entry_ = 1;
  write_new_entries();
}

Status IntakeSpool::write(uint32_t ring, Ended ended) {
  Waiting& waiting = waiting_[ring];
  if (waiting.records == 0) return {};
  HEADRACE_RETURN_IF_ERROR(writer_.open());
  write_clocks(false);
  write_new_entries();
  const Waiting& other = waiting_[1 - ring];
  const uint64_t records = waiting.first_number + waiting.records + other.first_number;
  std::string said = description(records, ended);
  writer_.write_meta(said, 1);
  FrameHeader header;
  header.ring = ring;
  header.records = waiting.records;
  header.first_number = waiting.first_number;
  HEADRACE_RETURN_IF_ERROR(writer_.write(header, waiting.payload));
  said_ = std::move(said);
  waiting.first_number += waiting.records;
  waiting.records = 0;
  waiting.payload.clear();
  return {};
}

Status IntakeSpool::flush(Ended ended) {
  const bool has_rows = waiting_[kRing].records > 0;
  HEADRACE_RETURN_IF_ERROR(write(kAnnouncements, has_rows ? Ended::kNo : ended));
  HEADRACE_RETURN_IF_ERROR(write(kRing, ended));
  // What was said last, in the middle, may not be what holds now.
  const uint64_t records = waiting_[0].first_number + waiting_[1].first_number;
  std::string now = description(records, ended);
  if (said_.empty() || said_ == now) return {};
  writer_.write_meta(now, 1);
  said_ = std::move(now);
  return writer_.seal();
}

Status IntakeSpool::sync() { return is_power_safe() ? writer_.sync() : Status(); }

Status IntakeSpool::seal() { return writer_.seal(); }

}  // namespace headrace::collect
