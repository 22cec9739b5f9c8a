// What is told as records.
#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "collect/intake_door.h"
#include "collect/told_secrets.h"
#include "collect/value_text.h"
#include "encode/nested.h"

namespace headrace::collect {
namespace {

// Values that live as long as the cells that refer to them.
class Cells {
 public:
  void add(Role role, std::string_view name, Value value) {
    own_.push_back(std::make_unique<NamedValue>(NamedValue{std::string(name), std::move(value)}));
    cells_.push_back({role, own_.back()->name, &own_.back()->value});
  }
  void add_text(Role role, std::string_view name, const std::string& text) {
    if (!text.empty()) add(role, name, Value::of(text));
  }
  void add(Role role, const Values& values) {
    for (const NamedValue& v : values.all)
      cells_.push_back({role, v.name, &v.value, v.is_inferred});
  }
  // Of an announcement: its edges come with its end.
  void drop_objects() {
    std::erase_if(cells_, [](const ToldCell& cell) {
      return cell.value->tag == ValueTag::kObject || cell.value->tag == ValueTag::kNested;
    });
  }
  const ToldCells& all() const { return cells_; }

 private:
  std::vector<std::unique_ptr<NamedValue>> own_;
  ToldCells cells_;
};

bool is_time(std::optional<int64_t> at_ns) { return at_ns.value_or(0) >= 0; }

void put(ByteWriter& out, const Values& values) {
  for (const NamedValue& v : values.all) {
    out.text(v.name);
    out.u8(static_cast<uint8_t>(v.value.tag));
    out.u64(v.value.cell);
    out.text(v.value.tail);
  }
  out.u8(0xFF);
}

std::string content_of(const WorkflowTold& told) {
  std::string bytes;
  ByteWriter out(bytes);
  for (const std::string* text : {&told.id, &told.name, &told.parent, &told.campaign}) {
    out.text(*text);
  }
  out.i64(told.begin_ns.value_or(-1));
  out.i64(told.end_ns.value_or(-1));
  out.u8(static_cast<uint8_t>(told.status));
  for (const Values* values : {&told.used, &told.generated, &told.tags, &told.attributes}) {
    put(out, *values);
  }
  return bytes;
}

std::string content_of(const ObjectTold& told) {
  std::string bytes;
  ByteWriter out(bytes);
  for (const std::string* text : {&told.id, &told.kind, &told.name, &told.path, &told.sha256,
                                  &told.version, &told.workflow}) {
    out.text(*text);
  }
  out.u64(told.size_bytes.value_or(UINT64_MAX));
  out.i64(told.at_ns.value_or(-1));
  put(out, told.attributes);
  return bytes;
}

// Empty when it is no SHA-256 in hex.
std::string digest_of(std::string_view hex) {
  if (hex.size() != 64) return {};
  std::string out;
  for (size_t i = 0; i < hex.size(); i += 2) {
    int byte = 0;
    for (const char c : hex.substr(i, 2)) {
      const char low = static_cast<char>(c | 0x20);
      const bool is_digit = c >= '0' && c <= '9';
      if (!is_digit && (low < 'a' || low > 'f')) return {};
      byte = byte * 16 + (is_digit ? c - '0' : low - 'a' + 10);
    }
    out += static_cast<char>(byte);
  }
  return out;
}

constexpr const char* kTooManyNames = "the source has more names than its dictionary holds";

}  // namespace

Status Intake::Door::write_task(const TaskTold& whole, bool is_open) {
  HEADRACE_RETURN_IF_ERROR(before_record());
  Cells cells;
  cells.add(Role::kUsed, whole.used);
  if (!whole.depends_on.empty()) {
    std::string list;
    NestedWriter writer(list);
    writer.begin_list(static_cast<uint32_t>(whole.depends_on.size()));
    for (const std::string& one : whole.depends_on) writer.object(result_of(one));
    cells.add(Role::kUsed, "depends_on", Value{ValueTag::kNested, 0, std::move(list)});
  }
  cells.add(Role::kGenerated, whole.generated);
  cells.add(Role::kTag, whole.tags);
  cells.add_text(Role::kError, "type", whole.error_type);
  cells.add_text(Role::kError, "message", whole.error_message);
  cells.add_text(Role::kError, "traceback", whole.error_traceback);
  cells.add(Role::kAttribute, whole.attributes);
  cells.add(Role::kAttribute, "foreign_id", Value::of(whole.id));
  cells.add_text(Role::kAttribute, "host", whole.host);
  cells.add_text(Role::kAttribute, "agent", whole.agent);
  if (is_open) cells.drop_objects();

  TaskRecord record{};
  record.header.kind = RecordKind::kTask;
  record.activity_id = spool_->activity(whole.activity);
  if (record.activity_id == 0) {
    record.activity_id = spool_->activity("(name not kept: too many)");
  }
  if (!whole.workflow.empty()) {
    record.workflow_id = spool_->uuid(EntryKind::kWorkflow, named("workflow", whole.workflow));
    if (record.workflow_id == 0) return exhausted(kTooManyNames);
  }
  record.number = number_of(whole.id);
  if (whole.parent_task) {
    record.parent = spool_->uuid(EntryKind::kTaskRef, *whole.parent_task);
    if (record.parent != 0) record.header.flags = kTaskParentIsForeign;
  } else if (!whole.parent.empty()) {
    record.parent = number_of(whole.parent);
  }
  record.begin_ticks = spool_->tick(whole.begin_ns ? *whole.begin_ns : *whole.end_ns);
  record.status = whole.status;
  record.attempt = whole.attempt;
  if (is_open) {
    record.header.flags |= kTaskIsOpen;
    return spool_->add(IntakeSpool::kAnnouncements, record, cells.all());
  }
  record.end_ticks = spool_->tick(whole.end_ns ? *whole.end_ns : *whole.begin_ns);
  HEADRACE_RETURN_IF_ERROR(spool_->add(IntakeSpool::kRing, record, cells.all()));
  for (const std::string& one : whole.depends_on) {
    if (told_.contains(told_edge(number_of(one), result_of(one), true, true, "result"))) continue;
    HEADRACE_RETURN_IF_ERROR(write_edge(one, result_of(one), true, false, "result", ""));
    ObjectRecord result{};
    result.header.kind = RecordKind::kObject;
    const auto id = result_of(one).bytes();
    std::copy(id.begin(), id.end(), result.object);
    result.kind_id = spool_->string("result");
    result.at_ticks = record.begin_ticks;
    Cells name;
    name.add(Role::kAttribute, "name", Value::of(one));
    HEADRACE_RETURN_IF_ERROR(spool_->add(IntakeSpool::kRing, result, name.all()));
  }
  return {};
}

Status Intake::Door::write_edge(std::string_view task, const Uuid& object, bool is_generated,
                                bool is_inferred, std::string_view name,
                                std::string_view workflow) {
  const TaskNumber number = number_of(task);
  if (is_known(told_edge(number, object, is_generated, !is_inferred, name))) return {};
  HEADRACE_RETURN_IF_ERROR(before_record());
  EdgeRecord record{};
  record.header.kind = RecordKind::kEdge;
  record.header.flags = is_inferred ? kEdgesAreInferred : uint8_t{0};
  record.task_id = spool_->uuid(EntryKind::kTaskRef, task_uuid(producer_, number));
  if (record.task_id == 0) return exhausted(kTooManyNames);
  if (!workflow.empty()) {
    record.workflow_id = spool_->uuid(EntryKind::kWorkflow, named("workflow", workflow));
  }
  record.at_ticks = spool_->tick(now_realtime_ns());
  Cells cells;
  cells.add(is_generated ? Role::kGenerated : Role::kUsed, name, Value::object(object));
  ++report_.edges;
  return spool_->add(IntakeSpool::kRing, record, cells.all());
}

Status Intake::Door::edge(const EdgeTold& told) {
  if (told.task.empty() || told.object.empty()) {
    return invalid_argument("an edge without its task or its object");
  }
  return write_edge(told.task, named("object", told.object), told.is_generated, told.is_inferred,
                    told.name.empty() ? told.object : told.name, "");
}

Status Intake::Door::workflow(const WorkflowTold& said) {
  uint64_t secrets = 0;
  const std::optional<WorkflowTold> clean = without_secrets(said, &secrets);
  const WorkflowTold& told = clean ? *clean : said;
  if (told.id.empty()) return invalid_argument("a workflow without an id");
  if (!is_time(told.begin_ns) || !is_time(told.end_ns)) {
    return invalid_argument("workflow " + told.id + " says a time before 1970");
  }
  if (is_known(told_key("workflow", content_of(told)))) return {};
  HEADRACE_RETURN_IF_ERROR(before_record());
  const Uuid id = named("workflow", told.id);
  WorkflowRecord record{};
  record.header.kind = RecordKind::kWorkflow;
  record.workflow_id = spool_->uuid(EntryKind::kWorkflow, id);
  if (record.workflow_id == 0) return exhausted(kTooManyNames);
  if (!told.parent.empty()) {
    record.parent_workflow_id = spool_->uuid(EntryKind::kWorkflow, named("workflow", told.parent));
  }
  if (!told.campaign.empty()) record.campaign_id = spool_->campaign(told.campaign);
  if (!told.name.empty()) record.name_id = spool_->string(told.name);
  const bool has_ended = told.end_ns.has_value();
  const int64_t at_ns = told.end_ns.value_or(now_realtime_ns());
  record.begin_ticks = spool_->tick(told.begin_ns.value_or(at_ns));
  record.end_ticks = has_ended ? spool_->tick(*told.end_ns) : 0;
  record.status = !has_ended                  ? TaskStatus::kRunning
                  : stage_of(told.status) < 2 ? TaskStatus::kFinished
                                              : told.status;
  const uint64_t end = told_key("workflow end", told.id);
  if (has_ended) {
    open_workflows_.erase(id);
    if (told_.insert(end).second) new_told_.push_back(end);
  } else if (!told_.contains(end)) {
    open_workflows_.insert(id);
  }
  Cells cells;
  cells.add(Role::kUsed, told.used);
  cells.add(Role::kGenerated, told.generated);
  cells.add(Role::kTag, told.tags);
  cells.add(Role::kAttribute, told.attributes);
  cells.add(Role::kAttribute, "foreign_id", Value::of(told.id));
  ++report_.workflows;
  report_.redacted += secrets;
  return spool_->add(IntakeSpool::kRing, record, cells.all());
}

Status Intake::Door::object(const ObjectTold& said) {
  uint64_t secrets = 0;
  const std::optional<ObjectTold> clean = without_secrets(said, &secrets);
  const ObjectTold& told = clean ? *clean : said;
  if (told.id.empty()) return invalid_argument("an object without an id");
  if (!is_time(told.at_ns)) return invalid_argument("object " + told.id + " is from before 1970");
  const std::string digest = digest_of(told.sha256);
  if (!told.sha256.empty() && digest.empty()) {
    return invalid_argument("object " + told.id + ": '" + told.sha256 + "' is no SHA-256");
  }
  if (is_known(told_key("object", content_of(told)))) return {};
  HEADRACE_RETURN_IF_ERROR(before_record());
  ObjectRecord record{};
  record.header.kind = RecordKind::kObject;
  const auto id = named("object", told.id).bytes();
  std::copy(id.begin(), id.end(), record.object);
  record.kind_id = spool_->string(told.kind.empty() ? "object" : told.kind);
  if (!told.workflow.empty()) {
    record.workflow_id = spool_->uuid(EntryKind::kWorkflow, named("workflow", told.workflow));
  }
  record.at_ticks = spool_->tick(told.at_ns.value_or(now_realtime_ns()));
  Cells cells;
  cells.add(Role::kAttribute, told.attributes);
  cells.add_text(Role::kAttribute, "name", told.name.empty() ? told.id : told.name);
  cells.add_text(Role::kAttribute, "path", told.path);
  if (!digest.empty()) cells.add(Role::kAttribute, "sha256", Value::bytes(digest));
  if (told.size_bytes) {
    cells.add(Role::kAttribute, "size_bytes", Value::of(static_cast<int64_t>(*told.size_bytes)));
  }
  cells.add_text(Role::kAttribute, "version", told.version);
  cells.add(Role::kAttribute, "foreign_id", Value::of(told.id));
  ++report_.objects;
  report_.redacted += secrets;
  return spool_->add(IntakeSpool::kRing, record, cells.all());
}

bool Intake::Door::is_known_row(TaskNumber task, const Uuid& workflow, int64_t at_ns,
                                LogStream stream, const ToldCells& cells) {
  if (rows_.empty()) return false;
  // As the fold writes it.
  std::string json;
  std::string text;
  for (const ToldCell& cell : cells) {
    if (cell.name == "text" && cell.value->tag == ValueTag::kString &&
        stream != LogStream::kMetric) {
      text = as_utf8(cell.value->tail);
      continue;
    }
    json += json.empty() ? "{" : ",";
    if (!append_json(json, ValueTag::kString, 0, cell.name)) return false;
    json += ':';
    if (!append_json(json, cell.value->tag, cell.value->cell, cell.value->tail)) return false;
  }
  if (!json.empty()) json += '}';
  const auto found =
      rows_.find(told_row(task, workflow, at_ns, static_cast<uint8_t>(stream), text, json));
  if (found == rows_.end()) return false;
  if (--found->second == 0) rows_.erase(found);
  ++report_.known;
  return true;
}

Status Intake::Door::write_log(const std::string& task, const std::string& workflow, int64_t at_ns,
                               LogStream stream, const ToldCells& cells) {
  if (task.empty() && workflow.empty()) {
    return invalid_argument("a row without its task and its workflow");
  }
  if (at_ns < 0) return invalid_argument("a row from before 1970");
  const TaskNumber number = task.empty() ? 0 : number_of(task);
  const Uuid of = workflow.empty() ? Uuid{} : named("workflow", workflow);
  if (is_known_row(number, of, at_ns, stream, cells)) return {};
  HEADRACE_RETURN_IF_ERROR(before_record());
  LogRecord record{};
  record.header.kind = RecordKind::kLog;
  record.header.flags = static_cast<uint8_t>(stream);
  record.task = number;
  if (!of.is_nil()) {
    record.workflow_id = spool_->uuid(EntryKind::kWorkflow, of);
    if (record.workflow_id == 0) return exhausted(kTooManyNames);
  }
  record.at_ticks = spool_->tick(at_ns);
  ++(stream == LogStream::kMetric ? report_.rows : report_.lines);
  return spool_->add(IntakeSpool::kRing, record, cells);
}

Status Intake::Door::row(const RowTold& said) {
  uint64_t secrets = 0;
  const std::optional<RowTold> clean = without_secrets(said, &secrets);
  const RowTold& told = clean ? *clean : said;
  if (told.values.empty() && !told.step) return invalid_argument("a row without values");
  Cells cells;
  if (told.step) cells.add(Role::kGenerated, "step", Value::of(*told.step));
  cells.add(Role::kGenerated, told.values);
  const uint64_t rows = report_.rows;
  HEADRACE_RETURN_IF_ERROR(
      write_log(told.task, told.workflow, told.at_ns, LogStream::kMetric, cells.all()));
  if (report_.rows > rows) report_.redacted += secrets;
  return {};
}

Status Intake::Door::line(const LineTold& said) {
  uint64_t secrets = 0;
  const std::optional<LineTold> clean = without_secrets(said, &secrets);
  const LineTold& told = clean ? *clean : said;
  if (told.stream != LogStream::kStdout && told.stream != LogStream::kStderr) {
    return invalid_argument("a line is of stdout or stderr");
  }
  Cells cells;
  cells.add(Role::kAttribute, "text", Value::of(told.text));
  const uint64_t lines = report_.lines;
  HEADRACE_RETURN_IF_ERROR(
      write_log(told.task, told.workflow, told.at_ns, told.stream, cells.all()));
  if (report_.lines > lines) report_.redacted += secrets;
  return {};
}

}  // namespace headrace::collect
