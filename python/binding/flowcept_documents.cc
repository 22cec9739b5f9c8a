// docs: python/flowcept/documents.py makes the same document of any task. Here are those whose
// values are numbers, texts, lists and dicts, which most are; of the others the record itself is
// told.
#include "binding/flowcept_documents.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/id.h"
#include "binding/flowcept_ids.h"
#include "binding/segment_context.h"
#include "encode/nested.h"

namespace headrace::binding {
namespace {

// What of a buffer is asked for.
struct Wanted {
  int64_t since_ns = 0;
  std::string producer;         // whose every task is; and of others those of `ours`
  PyObject* places = nullptr;   // dict: workflow's uuid -> its JSON members
  PyObject* ours = nullptr;     // set of uuids of workflows
  std::string host;             // JSON
  PyObject* samples = nullptr;  // list of telemetry, in order: (ns, JSON)
};

struct Found {
  int64_t at_ns;
  uint32_t ring;
  uint64_t number;
  std::string producer;
  std::string document;   // empty: it takes more than is done here
  TaskRef parent;         // nil: none, or `document` says it
  size_t parent_at = 0;   // where in the document it is to stand
  std::string parent_id;  // that the program gave it
};

// The ids that programs gave their tasks. A parent's record stands behind those of its children.
using GivenIds = std::map<TaskRef, std::string>;

// Attributes that are members of the document; and those that stand in place of what is native.
constexpr std::array<std::string_view, 16> kMembers = {
    "subtype",    "group_id",      "agent_id",        "source_agent_id",
    "adapter_id", "address",       "custom_metadata", "stdout",
    "data",       "utc_timestamp", "submitted_at",    "dependencies",
    "dependents", "user",          "environment_id",  "workflow_name"};
constexpr std::array<std::string_view, 4> kPlaces = {"workflow_id", "campaign_id", "agent_id",
                                                     "source_agent_id"};

template <size_t count>
bool is_among(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_member(std::string& out, std::string_view key, std::string_view json) {
  if (json.empty()) return;
  if (out.size() > 1) out += ',';
  append_json_string(out, key);
  out += ':';
  out += json;
}

std::string id_text(const TaskRef& task) {
  return '"' + task_uuid(task.producer, task.number).text() + '"';
}

Ref text_object(const std::string& text) {
  return Ref::steal(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}

std::string seconds(int64_t ns) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, static_cast<double>(ns) / 1e9);
  return {text, end.ptr};
}

class Tasks {
 public:
  Tasks(const Wanted& wanted, std::vector<Found>& found, GivenIds& given, ProducerId producer)
      : wanted_(wanted), found_(found), given_(given), producer_(producer) {
    char text[32];
    std::snprintf(text, sizeof text, "%015llx", static_cast<unsigned long long>(producer));
    producer_text_ = text;
  }
  void operator()(const RecordView& view, uint32_t ring, uint64_t number) {
    if (context_.takes(view) || view.kind() != RecordKind::kTask) return;
    TaskRecord record;
    if (!view.fixed(&record)) return;
    const bool is_plain = read_fields(view, record.shape_id);
    if (!task_id_.empty()) given_[{producer_, record.number}] = task_id_;
    if ((record.header.flags & kTaskIsOpen) != 0) return;
    const int64_t end_ns = context_.time_ns(record.end_ticks);
    if (end_ns < wanted_.since_ns) return;
    std::string workflow = context_.uuid(record.workflow_id);
    if (workflow.size() > 2) workflow = workflow.substr(1, workflow.size() - 2);
    if (producer_text_ != wanted_.producer && !is_ours(workflow)) return;
    parent_at_ = 0;
    if (!is_plain || !task(record, workflow, end_ns)) document_.clear();
    found_.push_back(
        {end_ns, ring, number, producer_text_, document_, parent_of(record), parent_at_, ""});
  }

 private:
  bool task(const TaskRecord& record, const std::string& workflow, int64_t end_ns);
  bool is_ours(const std::string& workflow) const {
    const Ref key = text_object(workflow);
    return key && PySet_Contains(wanted_.ours, key.get()) == 1;
  }
  TaskRef parent_of(const TaskRecord& record) const;
  bool read_fields(const RecordView& view, uint32_t shape_id);
  bool read_field(const RecordView& view, const ShapeCell& cell, uint64_t bits);
  bool attribute(std::string_view name, std::string json);
  const std::string& activity(uint32_t id);
  std::string_view sample(int64_t at_ns) const;

  const Wanted& wanted_;
  std::vector<Found>& found_;
  GivenIds& given_;
  const ProducerId producer_;
  std::string producer_text_;
  SegmentContext context_;
  std::unordered_map<uint32_t, std::string> activities_;
  std::string document_;
  std::string used_;
  std::string generated_;
  std::string tags_;
  std::string error_type_;
  std::string error_;
  std::string members_;
  std::string task_id_;
  std::string parent_;
  std::string started_;
  std::string ended_;
  size_t parent_at_ = 0;
};

// The activity's name as JSON; empty where there is none.
const std::string& Tasks::activity(uint32_t id) {
  auto found = activities_.find(id);
  if (found != activities_.end()) return found->second;
  std::string name;
  const Result<std::string> json = nested_to_json(context_.entry(id));
  constexpr std::string_view kBegin = "{\"name\":";
  if (json.ok() && json->starts_with(std::string(kBegin) + '"')) {
    size_t at = kBegin.size() + 1;
    while (at < json->size() && (*json)[at] != '"') at += (*json)[at] == '\\' ? 2 : 1;
    name = json->substr(kBegin.size(), at + 1 - kBegin.size());
  }
  return activities_.emplace(id, std::move(name)).first->second;
}

// -1, with an exception that the caller finds, where it is no sample.
int64_t sample_ns(PyObject* samples, Py_ssize_t i) {
  PyObject* one = PyList_GET_ITEM(samples, i);
  if (PyTuple_Check(one) && PyTuple_GET_SIZE(one) == 2 && PyLong_Check(PyTuple_GET_ITEM(one, 0))) {
    return PyLong_AsLongLong(PyTuple_GET_ITEM(one, 0));
  }
  PyErr_SetString(PyExc_TypeError, "a sample is (ns, text)");
  return -1;
}

// The last sample at or before a moment, else the first; empty where there is none.
std::string_view Tasks::sample(int64_t at_ns) const {
  Py_ssize_t first = 0;
  Py_ssize_t past = PyList_GET_SIZE(wanted_.samples);
  if (past == 0) return {};
  while (past - first > 1) {
    const Py_ssize_t middle = first + (past - first) / 2;
    (sample_ns(wanted_.samples, middle) <= at_ns ? first : past) = middle;
  }
  if (sample_ns(wanted_.samples, first) == -1) return {};
  Py_ssize_t size = 0;
  const char* text =
      PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(PyList_GET_ITEM(wanted_.samples, first), 1), &size);
  return text == nullptr ? std::string_view() : std::string_view(text, static_cast<size_t>(size));
}

TaskRef Tasks::parent_of(const TaskRecord& record) const {
  if (record.parent == 0 || !parent_.empty()) return {};
  if ((record.header.flags & kTaskParentIsForeign) == 0) return {producer_, record.parent};
  const std::string_view bytes = context_.entry(static_cast<uint32_t>(record.parent));
  if (bytes.size() < 16) return {};
  return split_task_uuid(Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data())));
}

bool Tasks::attribute(std::string_view name, std::string json) {
  if (is_among(kMembers, name)) return add_member(members_, name, json), true;
  for (const auto& [its, where] : {std::pair<std::string_view, std::string*>{"task_id", &task_id_},
                                   {"parent_task_id", &parent_},
                                   {"started_at", &started_},
                                   {"ended_at", &ended_}}) {
    if (name == its) return *where = std::move(json), true;
  }
  return false;
}

// False where a value is not of those that are done here; the task's id is read nevertheless.
bool Tasks::read_fields(const RecordView& view, uint32_t shape_id) {
  for (std::string* text : {&used_, &generated_, &tags_, &error_type_, &error_, &members_,
                            &task_id_, &parent_, &started_, &ended_}) {
    text->clear();
  }
  bool are_plain = true;
  const std::string_view shape = context_.entry(shape_id);
  for (size_t i = 0; i < view.header().cells && (i + 1) * sizeof(ShapeCell) <= shape.size(); ++i) {
    const auto cell = load_le<ShapeCell>(shape.data() + i * sizeof(ShapeCell));
    are_plain = read_field(view, cell, view.cell<TaskRecord>(i)) && are_plain;
  }
  return are_plain;
}

bool Tasks::read_field(const RecordView& view, const ShapeCell& cell, uint64_t bits) {
  std::string_view tail;
  if (is_in_tail(cell.tag) && !view.tail(bits, &tail)) return false;
  const Result<std::string> json = cell_to_json(cell.tag, bits, tail);
  if (!json.ok() || json->find("{\"$") != std::string::npos) return false;
  const std::string_view name = context_.entry(cell.name_id);
  if (name.starts_with('$')) return false;
  switch (cell.role) {
    case Role::kUsed:
      if (is_among(kPlaces, name)) return false;
      add_member(used_, name, *json);
      break;
    case Role::kGenerated: add_member(generated_, name, *json); break;
    case Role::kTag:
      if (*json != "true") break;
      if (!tags_.empty()) tags_ += ',';
      append_json_string(tags_, name);
      break;
    case Role::kError:
      if (name == "message") error_ = *json;
      if (name == "type") error_type_ = *json;
      break;
    case Role::kAttribute: return attribute(name, *json);
  }
  return true;
}

bool Tasks::task(const TaskRecord& record, const std::string& workflow, int64_t end_ns) {
  const bool is_finished = record.status == TaskStatus::kFinished;
  const bool is_error =
      record.status == TaskStatus::kFailed || record.status == TaskStatus::kCancelled;
  if (!is_finished && !is_error) return false;
  const int64_t begin_ns = context_.time_ns(record.begin_ticks);
  std::string& out = document_;
  out = "{";
  add_member(out, "activity_id", activity(record.activity_id));
  const Ref key = text_object(workflow);
  PyObject* place = key ? PyDict_GetItemWithError(wanted_.places, key.get()) : nullptr;
  if (place != nullptr) {
    out += ',' + text_of(place);
  } else {
    add_member(out, "workflow_id", '"' + workflow + '"');
  }
  if (!used_.empty()) add_member(out, "used", '{' + used_ + '}');
  add_member(out, "started_at", started_.empty() ? seconds(begin_ns) : started_);
  add_member(out, "hostname", wanted_.host);
  add_member(out, "task_id", task_id_.empty() ? id_text({producer_, record.number}) : task_id_);
  add_member(out, "status", is_finished ? "\"FINISHED\"" : "\"ERROR\"");
  add_member(out, "ended_at", ended_.empty() ? seconds(end_ns) : ended_);
  if (!generated_.empty()) add_member(out, "generated", '{' + generated_ + '}');
  add_member(out, "parent_task_id", parent_);
  parent_at_ = out.size();
  if (!members_.empty()) out += ',' + members_;
  if (!tags_.empty()) add_member(out, "tags", '[' + tags_ + ']');
  add_member(out, "stderr", error_.empty() ? error_type_ : error_);
  add_member(out, "telemetry_at_start", sample(begin_ns));
  add_member(out, "telemetry_at_end", sample(end_ns));
  out += ",\"type\":\"task\"}\n";
  return true;
}

// --- the function ---

// Names each parent, where it has one of its own by that.
void name_parents(std::vector<Found>& found, const GivenIds& given) {
  for (Found& one : found) {
    if (one.parent.number == 0) continue;
    if (const auto known = given.find(one.parent); known != given.end()) {
      one.parent_id = known->second;
    } else if (const std::string* text = given_id(one.parent)) {
      append_json_string(one.parent_id, *text);
    }
    if (one.document.empty()) continue;
    one.document.insert(
        one.parent_at,
        ",\"parent_task_id\":" + (one.parent_id.empty() ? id_text(one.parent) : one.parent_id));
  }
}

PyObject* list_of(std::vector<Found>& found) {
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.at_ns < b.at_ns; });
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(found.size())));
  for (size_t i = 0; list && i < found.size(); ++i) {
    Found& one = found[i];
    PyObject* row =
        Py_BuildValue("Ls#IKy#s#", static_cast<long long>(one.at_ns), one.producer.data(),
                      static_cast<Py_ssize_t>(one.producer.size()), one.ring,
                      static_cast<unsigned long long>(one.number), one.document.data(),
                      static_cast<Py_ssize_t>(one.document.size()), one.parent_id.data(),
                      static_cast<Py_ssize_t>(one.parent_id.size()));
    if (row == nullptr) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), row);
    one.document = {};
  }
  return list.release();
}

// flowcept_tasks(directory, since_ns, producer, places, ours, host, samples, read, until)
//   -> [(at_ns, producer, ring, number, JSON line or b"", JSON id that its parent was given or "")]
PyObject* flowcept_tasks(PyObject*, PyObject* args) {
  PyObject* path = nullptr;
  PyObject* producer = nullptr;
  PyObject* host = nullptr;
  long long since_ns = 0;
  Wanted wanted;
  SpoolPart part;
  if (PyArg_ParseTuple(args, "OLUO!O!UO!O!O!:flowcept_tasks", &path, &since_ns, &producer,
                       &PyDict_Type, &wanted.places, &PySet_Type, &wanted.ours, &host, &PyList_Type,
                       &wanted.samples, &PyDict_Type, &part.read, &PyDict_Type, &part.until) == 0) {
    return nullptr;
  }
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path, &bytes) == 0) return nullptr;
  const Ref keep = Ref::steal(bytes);
  wanted.since_ns = since_ns;
  wanted.producer = text_of(producer);
  wanted.host = text_of(host);
  std::vector<Found> found;
  GivenIds given;
  // A file's time may be a little older than what it holds.
  constexpr int64_t kMarginNs = 1'000'000'000;
  const bool is_read = for_each_segment(
      PyBytes_AS_STRING(bytes), since_ns - kMarginNs, part,
      [&](const SegmentFile& file) { return Tasks(wanted, found, given, file.producer); });
  if (!is_read || PyErr_Occurred() != nullptr) return nullptr;
  name_parents(found, given);
  return list_of(found);
}

PyMethodDef g_functions[] = {{"flowcept_tasks", or_none<flowcept_tasks>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_flowcept_documents(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
