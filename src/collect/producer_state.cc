#include "collect/producer_state.h"

#include <algorithm>
#include <charconv>

#include "collect/value_text.h"
#include "encode/nested.h"
#include "encode/sensor_entry.h"

namespace headrace::collect {
namespace {

// More entries than a producer may have (capture/dictionary.h) mean damage that a checksum missed.
constexpr uint32_t kMaxEntries = 1u << 20;

Uuid uuid_at(std::string_view bytes) {
  return Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data()));
}

// As what a value of this tag is kept; nothing for a tag that can be of no version.
std::optional<ValueTag> readable(ValueTag tag) {
  const auto number = static_cast<uint8_t>(tag);
  if (number < kFirstNewCellTag) return tag;
  if (number < kFirstNewTailTag) return ValueTag::kInt;
  if (number < kPastNewTailTags) return ValueTag::kBytes;
  return std::nullopt;
}

template <typename T>
std::optional<T> number_of(std::string_view text) {
  T out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// The last value of a name holds.
bool is_last_of_name(const ShapePlan& plan, size_t cell) {
  const ShapePlan::Cell& one = plan.cells[cell];
  return std::none_of(
      plan.cells.begin() + static_cast<ptrdiff_t>(cell) + 1, plan.cells.end(),
      [&one](const auto& other) { return other.role == one.role && other.name == one.name; });
}

}  // namespace

ProducerState::ProducerState(ProducerId uid, store::Writer& writer)
    : uid_(uid), id_(writer.producer(uid)), writer_(writer) {
  empty_shape_.placed = true;
}

void ProducerState::learn(const FrameView& frame, uint64_t order) {
  for_each_record(frame, [this, order](const RecordView& record, uint64_t) {
    switch (record.kind()) {
      case RecordKind::kClock: {
        ClockRecord clock{};
        if (!record.fixed(&clock)) return;
        clocks_.add(clock);
        return;
      }
      case RecordKind::kDictionary: return learn_entry(record);
      case RecordKind::kProducer: return learn_facts(record, order);
      default: return;  // of a newer version; it describes what we cannot read either
    }
  });
}

void ProducerState::learn_entries(const FrameView& frame) {
  for_each_record(frame, [this](const RecordView& record, uint64_t) {
    if (record.kind() == RecordKind::kDictionary) learn_entry(record);
  });
  for (const std::unique_ptr<Entry>& e : entries_) {
    if (e != nullptr) e->bad = false;
  }
}

void ProducerState::learn_entry(const RecordView& record) {
  DictionaryRecord fixed{};
  if (!record.fixed(&fixed) || fixed.id == 0 || fixed.id > kMaxEntries) return;
  const std::string_view bytes = record.bytes().substr(sizeof fixed);
  if (fixed.length_bytes > bytes.size()) return;
  if (entries_.size() < fixed.id) entries_.resize(fixed.id);
  std::unique_ptr<Entry>& entry = entries_[fixed.id - 1];
  if (entry != nullptr) return;  // repeated in every segment
  entry = std::make_unique<Entry>();
  entry->kind = static_cast<EntryKind>(fixed.header.flags);
  entry->bytes = bytes.substr(0, fixed.length_bytes);
}

void ProducerState::learn_facts(const RecordView& record, uint64_t order) {
  ProducerRecord fixed{};
  if (!record.fixed(&fixed)) return;
  const std::string_view bytes = record.bytes().substr(sizeof fixed);
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  if (fixed.length_bytes > bytes.size() || !split_map(bytes.substr(0, fixed.length_bytes), pairs)) {
    return;
  }
  store::ProducerFacts facts;
  facts.order = order;
  facts.json = "{";
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto& [key, value] = pairs[i];
    const auto later = std::find_if(pairs.begin() + static_cast<ptrdiff_t>(i) + 1, pairs.end(),
                                    [&key](const auto& other) { return other.first == key; });
    if (later != pairs.end()) continue;
    const Result<std::string> json = nested_to_json(value);
    if (!json.ok()) continue;
    if (facts.json.size() > 1) facts.json += ',';
    append_json_string(facts.json, key);
    facts.json += ':' + *json;
    if (value.size() < 5 || value[0] != static_cast<char>(ValueTag::kString)) continue;
    const std::string_view text = value.substr(5);
    if (key == "host") facts.hostname = as_utf8(text);
    if (key == "pid") facts.pid = number_of<int64_t>(text).value_or(0);
    if (key == "rank") facts.rank = number_of<int64_t>(text);
    if (key == "boot_id") facts.boot_id = as_utf8(text);
    if (key == "start_time_ticks") facts.start_time_ticks = number_of<int64_t>(text).value_or(0);
    if (key == "ended") {
      facts.ended = text == "clean";
      facts.lost = !facts.ended;
    }
    if (key == "records") facts.accepted = number_of<uint64_t>(text);
    if (key == "dropped") facts.dropped = number_of<uint64_t>(text);
  }
  facts.json += '}';
  if (facts_ && !facts.holds_over(*facts_)) return;
  facts_ = std::move(facts);
}

void ProducerState::prepare() {
  clocks_.prepare();
  if (facts_) writer_.describe(id_, *facts_);
  for (const std::unique_ptr<Entry>& e : entries_) {
    if (e == nullptr || e->kind != EntryKind::kRing || e->bytes.size() < 8) continue;
    const auto ring = load_le<uint32_t>(e->bytes.data());
    const auto tid = load_le<uint32_t>(e->bytes.data() + 4);
    writer_.thread(id_, ring, tid, as_utf8(std::string_view(e->bytes).substr(8)));
  }
}

ProducerState::Entry* ProducerState::entry(uint32_t id, EntryKind kind) {
  if (id == 0 || id > entries_.size()) return nullptr;
  Entry* found = entries_[id - 1].get();
  return found == nullptr || found->kind != kind || found->bad ? nullptr : found;
}

const ProducerState::Entry* ProducerState::entry(uint32_t id, EntryKind kind) const {
  return const_cast<ProducerState*>(this)->entry(id, kind);
}

uint32_t ProducerState::activity(uint32_t id) {
  Entry* e = entry(id, EntryKind::kActivity);
  if (e == nullptr || e->number != 0) return e == nullptr ? 0 : e->number;
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  const Result<std::string> json = nested_to_json(e->bytes);
  e->bad = !json.ok() || !split_map(e->bytes, pairs);
  if (e->bad) return 0;
  std::string name;
  for (const auto& [key, value] : pairs) {
    if (key == "name" && value.size() >= 5 && value[0] == static_cast<char>(ValueTag::kString)) {
      name = is_utf8(value.substr(5)) ? value.substr(5) : escaped_text(value.substr(5));
    }
  }
  e->number = writer_.activity(name, *json);
  e->name = std::move(name);
  return e->number;
}

std::string_view ProducerState::activity_name(uint32_t id) const {
  const Entry* e = entry(id, EntryKind::kActivity);
  return e == nullptr ? std::string_view() : std::string_view(e->name);
}

std::optional<Uuid> ProducerState::workflow_uuid(uint32_t id) const {
  const Entry* e = entry(id, EntryKind::kWorkflow);
  if (e == nullptr || e->bytes.size() != 16) return std::nullopt;
  return uuid_at(e->bytes);
}

uint32_t ProducerState::workflow(uint32_t id) {
  Entry* e = entry(id, EntryKind::kWorkflow);
  if (e == nullptr || e->bytes.size() != 16) return 0;
  if (e->number == 0) e->number = writer_.workflow(uuid_at(e->bytes));
  return e->number;
}

std::optional<Uuid> ProducerState::campaign(uint32_t id) {
  const Entry* e = entry(id, EntryKind::kCampaign);
  if (e == nullptr || e->bytes.size() < 16) return std::nullopt;
  const Uuid uuid = uuid_at(e->bytes);
  writer_.campaign(uuid, as_utf8(std::string_view(e->bytes).substr(16)));
  return uuid;
}

uint32_t ProducerState::sensor(uint32_t id) {
  Entry* e = entry(id, EntryKind::kSensor);
  if (e == nullptr || e->number != 0) return e == nullptr ? 0 : e->number;
  Result<Sensor> sensor = decode_sensor(e->bytes);
  e->bad = !sensor.ok();
  if (e->bad) return 0;
  return e->number = writer_.sensor(id_, id, *sensor);
}

std::optional<ProducerState::ForeignTask> ProducerState::task(uint32_t id) {
  Entry* e = entry(id, EntryKind::kTaskRef);
  if (e == nullptr || e->bytes.size() != 16) return std::nullopt;
  const TaskRef ref = split_task_uuid(uuid_at(e->bytes));
  if (e->number == 0) e->number = writer_.producer(ref.producer);
  return ForeignTask{e->number, ref.number};
}

std::optional<std::string> ProducerState::text(uint32_t id) const {
  const Entry* e = entry(id, EntryKind::kString);
  if (e == nullptr) return std::nullopt;
  return is_utf8(e->bytes) ? e->bytes : escaped_text(e->bytes);
}

ShapePlan* ProducerState::shape(uint32_t id) {
  if (id == 0) return &empty_shape_;
  Entry* e = entry(id, EntryKind::kShape);
  if (e == nullptr || e->shape) return e == nullptr ? nullptr : e->shape.get();
  const size_t count = e->bytes.size() / sizeof(ShapeCell);
  e->bad = e->bytes.size() % sizeof(ShapeCell) != 0 || count > kMaxCells;
  auto plan = std::make_unique<ShapePlan>();
  for (size_t i = 0; i < count && !e->bad; ++i) {
    const auto cell = load_le<ShapeCell>(e->bytes.data() + i * sizeof(ShapeCell));
    std::optional<std::string> name = text(cell.name_id);
    const std::optional<ValueTag> tag = readable(cell.tag);
    e->bad = !name || !tag;
    if (!e->bad) {
      plan->cells.push_back({std::min(cell.role, Role::kAttribute), *tag,
                             (cell.flags & kCellIsInferred) == 0, std::move(*name)});
    }
  }
  if (e->bad) return nullptr;
  for (size_t i = 0; i < count; ++i) {
    const ShapePlan::Cell& cell = plan->cells[i];
    const bool is_nested = cell.tag == ValueTag::kNested;
    if (cell.role > Role::kGenerated || (cell.tag != ValueTag::kObject && !is_nested)) continue;
    plan->references.push_back({static_cast<uint16_t>(i), cell.role == Role::kGenerated, is_nested,
                                cell.exact, cell.name});
  }
  e->shape = std::move(plan);
  return e->shape.get();
}

ShapePlan* ProducerState::placed(uint32_t id, uint32_t activity) {
  ShapePlan* plan = shape(id);
  if (plan == nullptr) return nullptr;
  if (!plan->placed) {
    place(*plan, activity);
  } else if (plan->columns != writer_.exclusive_columns()) {
    find_slots(*plan);
  }
  return plan;
}

void ProducerState::place(ShapePlan& plan, uint32_t activity) {
  plan.placed = true;
  std::vector<store::Field> fields;
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    const ShapePlan::Cell& cell = plan.cells[i];
    if (!is_last_of_name(plan, i)) continue;
    store::Field field;
    field.role = cell.role;
    field.type = cell.tag;
    field.key = cell.name;
    fields.push_back(std::move(field));
  }
  plan.schema = writer_.schema(std::move(fields), activity_name(activity));
  find_slots(plan);
}

// The schema may have been made from the same fields in another order.
void ProducerState::find_slots(ShapePlan& plan) {
  plan.moves.clear();
  plan.columns = writer_.exclusive_columns();
  if (plan.schema == 0) return;
  for (const store::Field& placed : writer_.layout(plan.schema).fields) {
    if (placed.slot == store::kNoSlot) continue;
    for (size_t i = 0; i < plan.cells.size(); ++i) {
      const ShapePlan::Cell& cell = plan.cells[i];
      if (cell.role != placed.role || cell.tag != placed.type || cell.name != placed.key) continue;
      if (!is_last_of_name(plan, i)) continue;
      plan.moves.push_back({static_cast<uint16_t>(i), placed.page, placed.slot, placed.type});
      break;
    }
  }
  std::stable_sort(plan.moves.begin(), plan.moves.end(),
                   [](const CellMove& a, const CellMove& b) { return a.page < b.page; });
}

}  // namespace headrace::collect
