#include "collect/record_fold.h"

#include <algorithm>
#include <bit>

#include "collect/value_text.h"
#include "encode/nested.h"
#include "store/schema.h"

namespace headrace::collect {
namespace {

using store::Appender;
using store::Table;

// In a sample's flags in the store: another row stands for the record, which is one number.
constexpr uint8_t kStandsWithAnother = 128;
// DuckDB's TIMESTAMP_NS begins with the first whole day that 64 bits hold.
constexpr int64_t kFirstMoment_ns = -9'223'286'400'000'000'000;
constexpr uint64_t kPastNumbers = uint64_t{1} << kTaskNumberBits;

constexpr const char* kNoShape = "it refers to a shape that is not in the dictionary";
constexpr const char* kNoActivity = "it refers to an activity that is not in the dictionary";
constexpr const char* kNoParent = "it refers to a parent that is not in the dictionary";
constexpr const char* kNoSensor = "it refers to a sensor that is not in the dictionary";
constexpr const char* kNoName = "it refers to a name that is not in the dictionary";
constexpr const char* kNoClock = "there is no clock reading to date it by";
constexpr const char* kNoTime = "it did not run between the years 1970 and 2262";
constexpr const char* kShort = "it is shorter than its kind";
constexpr const char* kBadTail = "a value lies outside it";
constexpr const char* kBadValue = "a value's bytes are not of its type";

std::string as_typed(ValueTag tag, uint64_t cell, std::string_view tail) {
  switch (tag) {
    case ValueTag::kString: return "text:" + escaped_text(tail);
    case ValueTag::kTyped: return escaped_typed(tail);
    case ValueTag::kTime:
      return "datetime64:" + std::to_string(static_cast<int64_t>(cell)) + "[ns]";
    default: return "int:" + std::string(tail);
  }
}

}  // namespace

bool RecordFold::lacks_entry(const char* why) {
  return why == kNoShape || why == kNoActivity || why == kNoParent || why == kNoSensor ||
         why == kNoName || why == kNoClock;
}

const char* RecordFold::take(ProducerState& producer, const RecordView& record, uint32_t ring,
                             uint64_t number) {
  const Origin origin{producer, ring, number};
  if (producer.clocks().empty()) [[unlikely]]
    return kNoClock;
  const char* why = nullptr;
  switch (record.kind()) {
    case RecordKind::kTask: why = task(producer, record); break;
    case RecordKind::kWorkflow: why = workflow(origin, record); break;
    case RecordKind::kCampaign: why = campaign(origin, record); break;
    case RecordKind::kObject: why = object(origin, record); break;
    case RecordKind::kLog: why = log(origin, record); break;
    case RecordKind::kSample: why = sample(producer, record); break;
    case RecordKind::kSamples: why = samples(producer, record); break;
    case RecordKind::kGap: why = gap(producer, record); break;
    case RecordKind::kEdge:
      why = edge(producer, record);
      if (why == nullptr) count_edge_record(origin);
      break;
    case RecordKind::kClock:
    case RecordKind::kDictionary:
    case RecordKind::kProducer: return "it is of a kind that only describes others";
    default: keep_unknown(origin, record, true); return nullptr;
  }
  if (why == nullptr && (record.header().flags & kRecordIsExtended) != 0) {
    keep_unknown(origin, record, false);
  }
  return why;
}

void RecordFold::count_edge_record(const Origin& origin) {
  Appender* rows = writer_.rows(Table::kEdgeRecord);
  if (rows == nullptr || !rows->next_row().ok()) return;
  rows->set(0, origin.producer.id());
  rows->set(1, origin.ring);
  rows->set(2, origin.number);
}

void RecordFold::keep_unknown(const Origin& origin, const RecordView& record, bool whole) {
  Appender* rows = writer_.rows(Table::kUnknown);
  if (rows == nullptr || !rows->next_row().ok()) return;
  rows->set(0, origin.producer.id());
  rows->set(1, origin.ring);
  rows->set(2, origin.number);
  rows->set(3, static_cast<uint8_t>(record.kind()));
  rows->set(4, whole);
  rows->set_text(5, to_hex(record.bytes()));
  ++rows_;
}

template <typename Fixed>
const char* RecordFold::read_cells(const RecordView& record, const ShapePlan& shape) {
  const size_t count = shape.cells.size();
  if (record.header().cells != count) return "its cells do not match its shape";
  cells_.resize(count);
  tails_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    cells_[i] = record.cell<Fixed>(i);
    if (is_in_tail(shape.cells[i].tag) && !record.tail(cells_[i], &tails_[i])) return kBadTail;
  }
  return nullptr;
}

bool RecordFold::is_odd(const CellMove& move) const {
  if (move.tag == ValueTag::kTime) {
    const auto moment_ns = static_cast<int64_t>(cells_[move.cell]);
    return moment_ns < kFirstMoment_ns || moment_ns > ClockMap::kLast_ns;
  }
  const std::string_view tail = tails_[move.cell];
  if (move.tag == ValueTag::kString || move.tag == ValueTag::kTyped) return !is_utf8(tail);
  return move.tag == ValueTag::kBigInt && tail.size() > 38 && is_beyond_128_bits(tail);
}

bool RecordFold::has_odd_value(const ShapePlan& shape) const {
  return std::any_of(shape.moves.begin(), shape.moves.end(),
                     [this](const CellMove& move) { return is_odd(move); });
}

// Text that is not UTF-8, integers too wide for a column and moments that DuckDB cannot show are
// kept exactly, as typed text.
void RecordFold::retype_odd_values(const ShapePlan& from, ShapePlan& own) {
  own.cells = from.cells;
  own.references = from.references;
  rewritten_.clear();
  for (const CellMove& move : from.moves) {
    if (!is_odd(move)) continue;
    std::string_view& tail = tails_[move.cell];
    rewritten_.push_back(as_typed(move.tag, cells_[move.cell], tail));
    tail = rewritten_.back();
    own.cells[move.cell].tag = ValueTag::kTyped;
  }
}

const char* RecordFold::task(ProducerState& producer, const RecordView& record) {
  TaskRecord fixed{};
  if (!record.fixed(&fixed)) return kShort;
  const bool is_open = (fixed.header.flags & kTaskIsOpen) != 0;
  const uint32_t activity = producer.activity(fixed.activity_id);
  if (activity == 0) return kNoActivity;
  ShapePlan* shape = producer.placed(fixed.shape_id, fixed.activity_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<TaskRecord>(record, *shape); why != nullptr) return why;
  const uint32_t workflow = producer.workflow(fixed.workflow_id);
  if (workflow == 0 && fixed.workflow_id != 0) return kNoName;
  if (fixed.number == 0 || fixed.number >= kPastNumbers) return "its task number is impossible";
  if (fixed.status > TaskStatus::kLost) return "its status is unknown";
  uint32_t parent_producer = producer.id();
  uint64_t parent = fixed.parent;
  if ((fixed.header.flags & kTaskParentIsForeign) != 0) {
    const auto foreign = producer.task(static_cast<uint32_t>(fixed.parent));
    if (!foreign) return kNoParent;
    parent_producer = foreign->producer;
    parent = foreign->number;
  }
  if (parent >= kPastNumbers) return "its parent's number is impossible";

  const std::optional<ClockMap::Span> span =
      producer.clocks().span(fixed.begin_ticks, fixed.end_ticks);
  if (!span) return kNoTime;

  // Such a record gets a schema of its own.
  ShapePlan own;
  if (has_odd_value(*shape)) [[unlikely]] {
    retype_odd_values(*shape, own);
    producer.place(own, fixed.activity_id);
    shape = &own;
  }
  // What needs another form is checked before anything is written.
  for (const CellMove& move : shape->moves) {
    if (!is_in_tail(move.tag) || move.tag == ValueTag::kString) continue;
    text_.clear();
    if (!append_slot_text(text_, move.tag, tails_[move.cell])) return kBadValue;
  }

  if (columns_ != writer_.exclusive_columns()) [[unlikely]] {
    columns_ = writer_.exclusive_columns();
    tasks_rows_ = nullptr;
  }
  if (tasks_rows_ == nullptr || is_open) {
    Appender* rows = writer_.rows(is_open ? Table::kOpenTask : Table::kTask);
    if (rows == nullptr) return nullptr;
    if (!is_open) tasks_rows_ = rows;
  }
  Appender& rows = is_open ? *writer_.rows(Table::kOpenTask) : *tasks_rows_;
  if (!rows.next_row().ok()) return nullptr;
  namespace column = store::task_column;
  rows.set(column::kProducer, producer.id());
  rows.set(column::kSeq, static_cast<int64_t>(fixed.number));
  if (workflow != 0) rows.set(column::kWorkflow, workflow);
  rows.set(column::kActivity, activity);
  rows.set(column::kSchema, shape->schema);
  rows.set(column::kTs, span->begin_ns);
  if (fixed.end_ticks != 0) rows.set(column::kDur, span->elapsed_ns);
  rows.set(column::kStatus, static_cast<uint8_t>(fixed.status));
  rows.set(column::kAttempt, fixed.attempt);
  if (parent != 0) {
    rows.set(column::kParentProducer, parent_producer);
    rows.set(column::kParentSeq, static_cast<int64_t>(parent));
  }
  put_task_values(rows, *shape, producer.id(), fixed.number, is_open);
  if (shape->last_activity != activity) {
    writer_.note_use(shape->schema, activity);
    shape->last_activity = activity;
  }
  if (!shape->references.empty()) put_edges(*shape, {producer.id(), fixed.number, workflow, false});
  ++rows_;
  if (!is_open) {
    ++tasks_;
    ++batch_tasks_;
  }
  return nullptr;
}

void RecordFold::put_task_values(Appender& rows, const ShapePlan& shape, uint32_t producer,
                                 uint64_t number, bool is_open) {
  Appender* to = &rows;
  size_t first_slot = store::task_column::kFirstSlot;
  uint16_t page = 0;
  for (const CellMove& move : shape.moves) {
    if (move.page != page) [[unlikely]] {
      to = writer_.rows(Table::kPage);
      if (to == nullptr || !to->next_row().ok()) return;
      page = move.page;
      first_slot = store::page_column::kFirstSlot;
      to->set(store::page_column::kProducer, producer);
      to->set(store::page_column::kSeq, static_cast<int64_t>(number));
      to->set(store::page_column::kSchema, shape.schema);
      to->set(store::page_column::kPage,
              static_cast<uint16_t>(is_open ? page + store::kAnnouncedPage : page));
    }
    const size_t column = first_slot + move.slot;
    const uint64_t cell = cells_[move.cell];
    switch (move.tag) {
      case ValueTag::kFloat: to->set(column, std::bit_cast<double>(cell)); break;
      case ValueTag::kInt:
      case ValueTag::kTime: to->set(column, static_cast<int64_t>(cell)); break;
      case ValueTag::kBool: to->set(column, cell != 0); break;
      case ValueTag::kString: to->set_text(column, tails_[move.cell]); break;
      default:
        text_.clear();
        append_slot_text(text_, move.tag, tails_[move.cell]);
        to->set_text(column, text_);
        break;
    }
  }
}

void RecordFold::put_edges(const ShapePlan& shape, const EdgeEnd& end) {
  for (const Reference& reference : shape.references) {
    const std::string_view tail = tails_[reference.cell];
    if (!reference.nested) {
      if (tail.size() != 16) continue;
      put_edge(reference, end, Uuid::from_bytes(reinterpret_cast<const uint8_t*>(tail.data())));
      continue;
    }
    objects_.clear();
    append_objects(objects_, tail);
    for (const Uuid& object : objects_) put_edge(reference, end, object);
  }
}

void RecordFold::put_edge(const Reference& reference, const EdgeEnd& end, const Uuid& object) {
  Appender* rows = writer_.rows(Table::kEdge);
  if (rows == nullptr || !rows->next_row().ok()) return;
  rows->set(0, uint8_t{reference.generated});
  rows->set(1, end.producer);
  if (end.task != 0) rows->set(2, static_cast<int64_t>(end.task));
  if (end.workflow != 0) rows->set(3, end.workflow);
  rows->set_uuid(4, object);
  rows->set_text(5, reference.name);
  rows->set(6, reference.exact && !end.inferred);
}

const char* RecordFold::cells_to_json(const ShapePlan& shape) {
  json_.resize(shape.cells.size());
  for (size_t i = 0; i < shape.cells.size(); ++i) {
    json_[i].clear();
    if (!append_json(json_[i], shape.cells[i].tag, cells_[i], tails_[i])) return kBadValue;
  }
  return nullptr;
}

void RecordFold::put_values(const Origin& origin, const Uuid& owner, int64_t ts,
                            const ShapePlan& shape) {
  for (size_t i = 0; i < shape.cells.size(); ++i) {
    Appender* rows = writer_.rows(Table::kValue);
    if (rows == nullptr || !rows->next_row().ok()) return;
    rows->set_uuid(0, owner);
    rows->set(1, origin.producer.id());
    rows->set(2, origin.ring);
    rows->set(3, origin.number);
    rows->set(4, ts);
    rows->set(5, static_cast<uint16_t>(i));
    rows->set(6, static_cast<uint8_t>(shape.cells[i].role));
    rows->set_text(7, shape.cells[i].name);
    rows->set(8, static_cast<uint8_t>(shape.cells[i].tag));
    rows->set_text(9, json_[i]);
    ++rows_;
  }
}

const char* RecordFold::workflow(const Origin& origin, const RecordView& record) {
  WorkflowRecord fixed{};
  ProducerState& producer = origin.producer;
  if (!record.fixed(&fixed)) return kShort;
  ShapePlan* shape = producer.shape(fixed.shape_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<WorkflowRecord>(record, *shape); why != nullptr) return why;
  if (const char* why = cells_to_json(*shape); why != nullptr) return why;
  const std::optional<Uuid> id = producer.workflow_uuid(fixed.workflow_id);
  const std::optional<Uuid> parent = producer.workflow_uuid(fixed.parent_workflow_id);
  const std::optional<std::string> name = producer.text(fixed.name_id);
  if (!id || (!parent && fixed.parent_workflow_id != 0) || (!name && fixed.name_id != 0)) {
    return kNoName;
  }
  const std::optional<Uuid> campaign = producer.campaign(fixed.campaign_id);
  if (!campaign && fixed.campaign_id != 0) return kNoName;
  if (fixed.status > TaskStatus::kLost) return "its status is unknown";
  const std::optional<ClockMap::Span> span =
      producer.clocks().span(fixed.begin_ticks, fixed.end_ticks);
  if (!span) return kNoTime;
  Appender* rows = writer_.rows(Table::kWorkflowRecord);
  if (rows == nullptr || !rows->next_row().ok()) return nullptr;
  rows->set_uuid(0, *id);
  rows->set(1, producer.id());
  rows->set(2, origin.ring);
  rows->set(3, origin.number);
  if (name) rows->set_text(4, *name);
  if (parent) rows->set_uuid(5, *parent);
  if (campaign) rows->set_uuid(6, *campaign);
  rows->set(7, span->begin_ns);
  if (fixed.end_ticks != 0) rows->set(8, span->end_ns());
  rows->set(9, static_cast<uint8_t>(fixed.status));
  ++rows_;
  const uint32_t number = producer.workflow(fixed.workflow_id);
  if (parent) static_cast<void>(producer.workflow(fixed.parent_workflow_id));
  put_values(origin, *id, span->end_ns(), *shape);
  put_edges(*shape, {producer.id(), 0, number, false});
  writer_.touch_workflow(*id);
  return nullptr;
}

const char* RecordFold::campaign(const Origin& origin, const RecordView& record) {
  CampaignRecord fixed{};
  ProducerState& producer = origin.producer;
  if (!record.fixed(&fixed)) return kShort;
  ShapePlan* shape = producer.shape(fixed.shape_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<CampaignRecord>(record, *shape); why != nullptr) return why;
  if (const char* why = cells_to_json(*shape); why != nullptr) return why;
  const std::optional<Uuid> id = producer.campaign(fixed.campaign_id);
  if (!id) return kNoName;
  Appender* rows = writer_.rows(Table::kCampaignRecord);
  if (rows == nullptr || !rows->next_row().ok()) return nullptr;
  const int64_t ts = producer.clocks().realtime_ns(fixed.at_ticks);
  rows->set_uuid(0, *id);
  rows->set(1, producer.id());
  rows->set(2, origin.ring);
  rows->set(3, origin.number);
  rows->set(4, ts);
  put_values(origin, *id, ts, *shape);
  writer_.touch_campaign(*id);
  return nullptr;
}

const char* RecordFold::object(const Origin& origin, const RecordView& record) {
  ObjectRecord fixed{};
  ProducerState& producer = origin.producer;
  if (!record.fixed(&fixed)) return kShort;
  ShapePlan* shape = producer.shape(fixed.shape_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<ObjectRecord>(record, *shape); why != nullptr) return why;
  if (const char* why = cells_to_json(*shape); why != nullptr) return why;
  const std::optional<std::string> kind = producer.text(fixed.kind_id);
  const std::optional<Uuid> workflow = producer.workflow_uuid(fixed.workflow_id);
  if (!kind || (!workflow && fixed.workflow_id != 0)) return kNoName;
  Appender* rows = writer_.rows(Table::kObjectRecord);
  if (rows == nullptr || !rows->next_row().ok()) return nullptr;
  const Uuid id = Uuid::from_bytes(fixed.object);
  const int64_t ts = producer.clocks().realtime_ns(fixed.at_ticks);
  rows->set_uuid(0, id);
  rows->set(1, producer.id());
  rows->set(2, origin.ring);
  rows->set(3, origin.number);
  rows->set_text(4, *kind);
  if (workflow) rows->set_uuid(5, *workflow);
  rows->set(6, ts);
  ++rows_;
  put_values(origin, id, ts, *shape);
  writer_.touch_object(id);
  return nullptr;
}

const char* RecordFold::log(const Origin& origin, const RecordView& record) {
  LogRecord fixed{};
  ProducerState& producer = origin.producer;
  if (!record.fixed(&fixed)) return kShort;
  ShapePlan* shape = producer.shape(fixed.shape_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<LogRecord>(record, *shape); why != nullptr) return why;
  const uint8_t stream = known_flags(fixed.header.flags);
  if (stream > static_cast<uint8_t>(LogStream::kExposure)) {
    return "its stream is unknown";
  }
  if (fixed.task >= kPastNumbers) return "its task number is impossible";
  const uint32_t workflow = producer.workflow(fixed.workflow_id);
  if (workflow == 0 && fixed.workflow_id != 0) return kNoName;
  if (stream == static_cast<uint8_t>(LogStream::kExposure)) {
    return exposure(origin, fixed, *shape, workflow);
  }
  text_.clear();
  std::optional<std::string> line;
  for (size_t i = 0; i < shape->cells.size(); ++i) {
    const ShapePlan::Cell& cell = shape->cells[i];
    if (cell.name == "text" && cell.tag == ValueTag::kString &&
        stream != static_cast<uint8_t>(LogStream::kMetric)) {
      line = as_utf8(tails_[i]);
      continue;
    }
    text_ += text_.empty() ? "{" : ",";
    if (!append_json(text_, ValueTag::kString, 0, cell.name)) return kBadValue;
    text_ += ':';
    if (!append_json(text_, cell.tag, cells_[i], tails_[i])) return kBadValue;
  }
  if (!text_.empty()) text_ += '}';
  Appender* rows = writer_.rows(Table::kLog);
  if (rows == nullptr || !rows->next_row().ok()) return nullptr;
  if (workflow != 0) rows->set(0, workflow);
  rows->set(1, producer.id());
  if (fixed.task != 0) rows->set(2, static_cast<int64_t>(fixed.task));
  rows->set(3, producer.clocks().realtime_ns(fixed.at_ticks));
  rows->set(4, stream);
  if (line) rows->set_text(5, *line);
  if (!text_.empty()) rows->set_text(6, text_);
  ++rows_;
  return nullptr;
}

const char* RecordFold::sample(ProducerState& producer, const RecordView& record) {
  SampleRecord fixed{};
  if (!record.fixed(&fixed)) return kShort;
  const uint32_t sensor = producer.sensor(fixed.sensor_id);
  if (sensor == 0) return kNoSensor;
  put_sample(producer, sensor, {fixed.sensor_id, fixed.header.flags, fixed.at_ticks, fixed.raw});
  return nullptr;
}

const char* RecordFold::samples(ProducerState& producer, const RecordView& record) {
  if (!read_samples_record(record, &samples_)) return kBadValue;
  for (const PlainSample& one : samples_) {
    if (producer.sensor(one.sensor_id) == 0) return kNoSensor;
  }
  // In the order of their times, in which rows take a quarter less room than by sensor.
  std::stable_sort(samples_.begin(), samples_.end(),
                   [](const auto& a, const auto& b) { return a.at_ticks < b.at_ticks; });
  uint8_t stands_with_another = 0;
  for (const PlainSample& one : samples_) {
    put_sample(producer, producer.sensor(one.sensor_id), one, stands_with_another);
    stands_with_another = kStandsWithAnother;
  }
  return nullptr;
}

void RecordFold::put_sample(ProducerState& producer, uint32_t sensor, const PlainSample& sample,
                            uint8_t more_flags) {
  Appender* rows = writer_.rows(Table::kSample);
  if (rows == nullptr || !rows->next_row().ok()) return;
  rows->set(0, sensor);
  rows->set(1, producer.clocks().realtime_ns(sample.at_ticks));
  rows->set(2, static_cast<int64_t>(sample.raw));
  rows->set(3, static_cast<uint8_t>(known_flags(sample.flags) | more_flags));
  ++rows_;
}

const char* RecordFold::gap(ProducerState& producer, const RecordView& record) {
  GapRecord fixed{};
  if (!record.fixed(&fixed)) return kShort;
  const char* reason = nullptr;
  switch (static_cast<GapReason>(known_flags(fixed.header.flags))) {
    case GapReason::kWriteFailed: reason = "write failed"; break;
    case GapReason::kPoolExhausted: reason = "no memory"; break;
    case GapReason::kTooLarge: reason = "too large"; break;
    case GapReason::kSamplesShed: reason = "samples not taken"; break;
    case GapReason::kValuesElided: reason = "values not kept"; break;
    case GapReason::kNamesRefused: reason = "names not kept"; break;
    default: reason = "unknown"; break;
  }
  if (fixed.first_number >= kPastNumbers || fixed.count >= kPastNumbers) {
    return "its numbers are impossible";
  }
  Appender* rows = writer_.rows(Table::kGap);
  if (rows == nullptr || !rows->next_row().ok()) return nullptr;
  rows->set(0, producer.id());
  // What was given up before it had a number is no hole in any ring.
  if (takes_numbers(static_cast<GapReason>(known_flags(fixed.header.flags)))) {
    rows->set(1, fixed.ring);
    rows->set(2, fixed.first_number);
  }
  rows->set(3, fixed.count);
  rows->set_text(4, reason);
  rows->set(5, producer.clocks().realtime_ns(fixed.at_ticks));
  return nullptr;
}

const char* RecordFold::edge(ProducerState& producer, const RecordView& record) {
  EdgeRecord fixed{};
  if (!record.fixed(&fixed)) return kShort;
  const ShapePlan* shape = producer.shape(fixed.shape_id);
  if (shape == nullptr) return kNoShape;
  if (const char* why = read_cells<EdgeRecord>(record, *shape); why != nullptr) return why;
  const auto task = producer.task(fixed.task_id);
  if (!task) return "it refers to a task that is not in the dictionary";
  if (task->number == 0 || task->number >= kPastNumbers) return "its task number is impossible";
  const uint32_t workflow = producer.workflow(fixed.workflow_id);
  if (workflow == 0 && fixed.workflow_id != 0) return kNoName;
  const bool inferred = (fixed.header.flags & kEdgesAreInferred) != 0;
  put_edges(*shape, {task->producer, task->number, workflow, inferred});
  ++rows_;
  return nullptr;
}

}  // namespace headrace::collect
