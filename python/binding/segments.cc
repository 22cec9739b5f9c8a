// Every record of a spool as text: for tests, documents and people who want to look.
#include <cstdio>
#include <string>
#include <utility>

#include "base/clock.h"
#include "binding/process.h"
#include "binding/segment_context.h"
#include "binding/tick_rate.h"
#include "encode/nested.h"
#include "encode/record.h"

namespace headrace::binding {
namespace {

void add(std::string& out, std::string_view key, const std::string& json) {
  if (out.back() != '{') out += ',';
  append_json_string(out, key);
  out += ':';
  out += json;
}
void add_text(std::string& out, std::string_view key, std::string_view text) {
  std::string json;
  append_json_string(json, text);
  add(out, key, json);
}

std::string json_of(const Result<std::string>& value) {
  return value.ok() ? *value : "{\"$corrupt\":true}";
}

// The records of one segment; what a record refers to stands before it in the same file.
class SegmentText {
 public:
  SegmentText(std::string& out, ProducerId producer) : out_(out), producer_(producer) {}
  void record(const RecordView& view, uint32_t ring, uint64_t number);

 private:
  void task(const RecordView& view);
  void workflow(const RecordView& view);
  void object(const RecordView& view);
  void log(const RecordView& view);
  // ns since the epoch, where the clock of that boot is known.
  void add_time(std::string_view key, uint64_t ticks);
  template <typename Fixed>
  void fields(const RecordView& view, uint32_t shape_id);
  std::string_view entry(uint32_t id) const { return context_.entry(id); }
  std::string uuid(uint32_t id) const { return context_.uuid(id); }
  std::string task_id(uint64_t number) const {
    return '"' + task_uuid(producer_, number).text() + '"';
  }

  std::string& out_;
  const ProducerId producer_;
  SegmentContext context_;
  std::string line_;
};

template <typename Fixed>
void SegmentText::fields(const RecordView& view, uint32_t shape_id) {
  const std::string_view shape = entry(shape_id);
  std::string by_role[5];
  for (std::string& one : by_role) one = "{";
  for (size_t i = 0; i < view.header().cells && (i + 1) * sizeof(ShapeCell) <= shape.size(); ++i) {
    const auto cell = load_le<ShapeCell>(shape.data() + i * sizeof(ShapeCell));
    const uint64_t bits = view.cell<Fixed>(i);
    std::string_view tail;
    if (is_in_tail(cell.tag) && !view.tail(bits, &tail)) continue;
    const auto role = static_cast<size_t>(cell.role);
    if (role < 5)
      add(by_role[role], entry(cell.name_id), json_of(cell_to_json(cell.tag, bits, tail)));
  }
  for (size_t role = 0; role < 5; ++role) {
    if (by_role[role] != "{") add(line_, name_of(static_cast<Role>(role)), by_role[role] + '}');
  }
}

void SegmentText::add_time(std::string_view key, uint64_t at_ticks) {
  if (const int64_t ns = context_.time_ns(at_ticks); ns != 0) add(line_, key, std::to_string(ns));
}

void SegmentText::task(const RecordView& view) {
  TaskRecord record;
  if (!view.fixed(&record)) return;
  add_text(line_, "kind", "task");
  add(line_, "task_id", task_id(record.number));
  const bool is_foreign = (record.header.flags & kTaskParentIsForeign) != 0;
  add(line_, "parent_task_id",
      record.parent == 0 ? "null"
      : is_foreign       ? uuid(static_cast<uint32_t>(record.parent))
                         : task_id(record.parent));
  add(line_, "workflow_id", uuid(record.workflow_id));
  add(line_, "activity", json_of(nested_to_json(entry(record.activity_id))));
  add_text(line_, "status", name_of(record.status));
  add(line_, "is_open", (record.header.flags & kTaskIsOpen) != 0 ? "true" : "false");
  add(line_, "begin_ticks", std::to_string(record.begin_ticks));
  add(line_, "end_ticks", std::to_string(record.end_ticks));
  add_time("begin_ns", record.begin_ticks);
  add_time("end_ns", record.end_ticks);
  add(line_, "attempt", std::to_string(record.attempt));
  fields<TaskRecord>(view, record.shape_id);
}

void SegmentText::workflow(const RecordView& view) {
  WorkflowRecord record;
  if (!view.fixed(&record)) return;
  add_text(line_, "kind", "workflow");
  add(line_, "workflow_id", uuid(record.workflow_id));
  add(line_, "parent_workflow_id", uuid(record.parent_workflow_id));
  const std::string_view campaign = entry(record.campaign_id);
  add(line_, "campaign_id", uuid(record.campaign_id));
  if (campaign.size() > 16) add_text(line_, "campaign", campaign.substr(16));
  add_text(line_, "name", entry(record.name_id));
  add_text(line_, "status", name_of(record.status));
  add(line_, "is_open", record.end_ticks == 0 ? "true" : "false");
  add_time("begin_ns", record.begin_ticks);
  add_time("end_ns", record.end_ticks);
  fields<WorkflowRecord>(view, record.shape_id);
}

void SegmentText::object(const RecordView& view) {
  ObjectRecord record;
  if (!view.fixed(&record)) return;
  add_text(line_, "kind", "object");
  add(line_, "object_id", '"' + Uuid::from_bytes(record.object).text() + '"');
  add_text(line_, "object_kind", entry(record.kind_id));
  add_time("at_ns", record.at_ticks);
  add(line_, "workflow_id", uuid(record.workflow_id));
  fields<ObjectRecord>(view, record.shape_id);
}

void SegmentText::log(const RecordView& view) {
  LogRecord record;
  if (!view.fixed(&record)) return;
  add_text(line_, "kind", "log");
  add(line_, "task_id", record.task == 0 ? "null" : task_id(record.task));
  add(line_, "workflow_id", uuid(record.workflow_id));
  add(line_, "stream", std::to_string(record.header.flags));
  add_time("at_ns", record.at_ticks);
  fields<LogRecord>(view, record.shape_id);
}

void SegmentText::record(const RecordView& view, uint32_t ring, uint64_t number) {
  if (context_.takes(view)) return;
  line_ = "{";
  switch (view.kind()) {
    case RecordKind::kTask: task(view); break;
    case RecordKind::kWorkflow: workflow(view); break;
    case RecordKind::kObject: object(view); break;
    case RecordKind::kLog: log(view); break;
    case RecordKind::kCampaign: {
      CampaignRecord record;
      if (!view.fixed(&record)) return;
      add_text(line_, "kind", "campaign");
      add(line_, "campaign_id", uuid(record.campaign_id));
      if (entry(record.campaign_id).size() > 16) {
        add_text(line_, "name", entry(record.campaign_id).substr(16));
      }
      fields<CampaignRecord>(view, record.shape_id);
      break;
    }
    case RecordKind::kGap: {
      GapRecord record;
      if (!view.fixed(&record)) return;
      add_text(line_, "kind", "gap");
      add(line_, "of_ring", std::to_string(record.ring));
      add(line_, "first_number", std::to_string(record.first_number));
      add(line_, "count", std::to_string(record.count));
      break;
    }
    case RecordKind::kProducer: {
      ProducerRecord record;
      if (!view.fixed(&record)) return;
      add_text(line_, "kind", "producer");
      const std::string_view bytes = view.bytes().substr(sizeof record);
      if (record.length_bytes <= bytes.size()) {
        add(line_, "facts", json_of(nested_to_json(bytes.substr(0, record.length_bytes))));
      }
      break;
    }
    default: return;
  }
  char producer[32];
  std::snprintf(producer, sizeof producer, "%015llx", static_cast<unsigned long long>(producer_));
  add_text(line_, "producer", producer);
  add(line_, "ring", std::to_string(ring));
  add(line_, "number", std::to_string(number));
  out_ += line_;
  out_ += "}\n";
}

PyObject* read_segments(PyObject*, PyObject* args) {
  PyObject* path = nullptr;
  long long since_ns = 0;
  int with_tasks = 1;
  SpoolPart part;
  if (PyArg_ParseTuple(args, "O|LpO!O!:read_segments", &path, &since_ns, &with_tasks, &PyDict_Type,
                       &part.read, &PyDict_Type, &part.until) == 0) {
    return nullptr;
  }
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path, &bytes) == 0) return nullptr;
  const Ref keep = Ref::steal(bytes);
  std::string out;
  const bool is_read = for_each_segment(
      PyBytes_AS_STRING(bytes), since_ns, part, [&out, with_tasks](const SegmentFile& file) {
        return [text = SegmentText(out, file.producer), with_tasks](
                   const RecordView& view, uint32_t ring, uint64_t number) mutable {
          if (with_tasks != 0 || view.kind() != RecordKind::kTask) text.record(view, ring, number);
        };
      });
  if (!is_read) return nullptr;
  return PyUnicode_DecodeUTF8(out.data(), static_cast<Py_ssize_t>(out.size()), nullptr);
}

PyMethodDef g_functions[] = {{"read_segments", read_segments, METH_VARARGS,
                              "read_segments(directory, since_ns=0, with_tasks=True, read={}, "
                              "until={})\n--\n\nThe records of a spool, one JSON object a line; "
                              "without files last written\nbefore since_ns. `read`: {name of a "
                              "segment: bytes that an earlier call\nhas read}; only segments that "
                              "have grown are read, whole, and noted there. With\n`until`, the "
                              "same of another call, not beyond what that has read."},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_segment_functions(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
