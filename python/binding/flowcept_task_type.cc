#include "binding/flowcept_task_type.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/clock.h"
#include "binding/failure.h"
#include "binding/flowcept_ids.h"
#include "binding/parents.h"
#include "binding/scope_type.h"
#include "binding/task_type.h"
#include "binding/tick_rate.h"
#include "binding/values.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::TaskState;

// The arguments of the constructor, in their order.
enum Argument : uint8_t {
  kTaskId,
  kWorkflowId,
  kCampaignId,
  kActivityId,
  kAgentId,
  kSourceAgentId,
  kParentTaskId,
  kUsed,
  kData,
  kSubtype,
  kHostname,
  kTags,
  kAdapterId,
  kCustomMetadata,
  kGenerated,
  kStartedAt,
  kEndedAt,
  kStdout,
  kStderr,
  kStatus,
  kCaptureTelemetry,
  kArguments
};
constexpr std::array<const char*, kArguments> kArgumentNames = {"task_id",
                                                                "workflow_id",
                                                                "campaign_id",
                                                                "activity_id",
                                                                "agent_id",
                                                                "source_agent_id",
                                                                "parent_task_id",
                                                                "used",
                                                                "data",
                                                                "subtype",
                                                                "hostname",
                                                                "tags",
                                                                "adapter_id",
                                                                "custom_metadata",
                                                                "generated",
                                                                "started_at",
                                                                "ended_at",
                                                                "stdout",
                                                                "stderr",
                                                                "status",
                                                                "capture_telemetry"};
std::array<PyObject*, kArguments> g_names;  // interned

using Given = std::array<PyObject*, kArguments>;  // borrowed; null: not given, or None

struct FlowceptTaskObject {
  PyObject_HEAD TaskState* state;  // null once ended, or where capture is off
  TaskRef task;
  PyObject* task_id;  // as the program gave them, or null
  PyObject* workflow_id;
  PyObject* campaign_id;
  PyObject* agent_id;
  PyObject* activity_id;
  PyObject* custom_metadata;  // until it ends
  ContextEntry context;
  bool is_ended;
};

PyTypeObject* g_type = nullptr;
bool g_enabled = true;
PyObject* g_workflow_id = nullptr;  // of the running Flowcept; owned
PyObject* g_campaign_id = nullptr;

FlowceptTaskObject* cast(PyObject* self) { return reinterpret_cast<FlowceptTaskObject*>(self); }

// --- what is given ---

// The place of a keyword; kArguments if there is none of the name.
size_t argument_of(PyObject* keyword) {
  const auto at = std::find(g_names.begin(), g_names.end(), keyword);
  if (at != g_names.end()) return static_cast<size_t>(at - g_names.begin());
  for (size_t i = 0; i < kArguments; ++i) {
    if (PyUnicode_CompareWithASCIIString(keyword, kArgumentNames[i]) == 0) return i;
  }
  return kArguments;
}

// `allowed`: a bit for each argument that the call takes.
bool read_keywords(const char* function, Given& given, PyObject* const* values,
                   PyObject* keyword_names, uint32_t allowed) {
  const Py_ssize_t count = keyword_names == nullptr ? 0 : PyTuple_GET_SIZE(keyword_names);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* keyword = PyTuple_GET_ITEM(keyword_names, i);
    const size_t at = argument_of(keyword);
    if (at == kArguments || (allowed >> at & 1) == 0) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R", function,
                   keyword);
      return false;
    }
    if (given[at] != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument %R", function, keyword);
      return false;
    }
    given[at] = values[i] == Py_None ? nullptr : values[i];
  }
  return true;
}

bool too_many(const char* function, size_t most, size_t count) {
  if (count <= most) return false;
  PyErr_Format(PyExc_TypeError, "%s() takes at most %zu arguments (%zu given)", function, most,
               count);
  return true;
}

// True of a value that ends the task when the constructor gets it: not empty, not 0.
bool is_truthy(PyObject* value) {
  if (value == nullptr) return false;
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) drop_error();
  return truth != 0;
}

bool is_text(PyObject* value, const char* text) {
  return value != nullptr && PyUnicode_Check(value) &&
         PyUnicode_CompareWithASCIIString(value, text) == 0;
}

void add_values(Fields& fields, Role role, PyObject* values) {
  if (values == nullptr) return;
  if (PyDict_CheckExact(values)) return add_items(fields, role, values, Interest::kExplicit);
  if (PyDict_Check(values)) {
    const Ref copy = Ref::steal(PyDict_New());
    if (copy && PyDict_Update(copy.get(), values) == 0) {
      return add_items(fields, role, copy.get(), Interest::kExplicit);
    }
    drop_error();
  }
  static PyObject* other = PyUnicode_InternFromString("arg0");
  add_value(fields, role, name_of(other), values, Interest::kExplicit);
}

// The ticks at a moment that the program tells in seconds since the epoch; 0 where it is no past
// moment of this boot.
uint64_t ticks_at(PyObject* seconds) {
  const double at_s = seconds == nullptr ? -1 : PyFloat_AsDouble(seconds);
  if (at_s == -1) return drop_error(), 0;
  const uint64_t now = ticks();
  const double ago = (static_cast<double>(now_realtime_ns()) / 1e9 - at_s) * ticks_per_s;
  return ago > 0 && ago < static_cast<double>(now) ? now - static_cast<uint64_t>(ago) : 0;
}

// --- begin ---

void begin(FlowceptTaskObject* task, const Given& given) {
  static PyObject* unnamed = PyUnicode_InternFromString("task");
  PyObject* name = given[kActivityId];
  Ref text;
  if (name != nullptr && !PyUnicode_CheckExact(name)) {
    text = Ref::steal(PyUnicode_Check(name) ? PyUnicode_FromObject(name) : PyObject_Str(name));
    if (!text) drop_error();
    name = text.get();
  }
  Activity* activity = activity_of(name == nullptr ? unnamed : name);
  if (activity == nullptr) return;
  const uint32_t activity_id = activity->id();
  if (activity_id == 0) return;
  PyObject* parent_id = given[kParentTaskId];
  TaskState* state = nullptr;
  const TaskRef parent = parent_id == nullptr ? TaskRef{} : task_named(parent_id);
  if (parent.number == 0) {
    state = begin_child(activity_id, capture::Push::kDetached);
  } else {
    state = capture::begin_task_under(activity_id, parent, capture::Push::kDetached);
  }
  if (state == nullptr) return;
  task->state = state;
  task->task = capture::reference(state);
  Fields& fields = state->fields;
  add_values(fields, Role::kUsed, given[kUsed]);
  for (const Argument plain : {kTaskId, kCampaignId, kAgentId, kSourceAgentId, kSubtype, kHostname,
                               kAdapterId, kCustomMetadata, kData}) {
    if (given[plain] != nullptr) add_attribute(fields, g_names[plain], given[plain]);
  }
  if (parent_id != nullptr && parent.number == 0) {
    add_attribute(fields, g_names[kParentTaskId], parent_id);
  }
  if (given[kTaskId] != nullptr) remember_task(given[kTaskId], task->task);
  if (PyObject* workflow = given[kWorkflowId];
      workflow != nullptr && PyUnicode_CheckExact(workflow)) {
    const NamedWorkflow named = workflow_named(workflow);
    if (named.id != 0) state->set_workflow_id(named.id);
    if (!named.is_uuid) add_attribute(fields, g_names[kWorkflowId], workflow);
  }
  if (given[kTags] != nullptr) add_tags(fields, given[kTags]);
  if (given[kCaptureTelemetry] == Py_False) {
    add_attribute(fields, g_names[kCaptureTelemetry], Py_False);
  }
  if (given[kStartedAt] != nullptr) {
    add_attribute(fields, g_names[kStartedAt], given[kStartedAt]);
    if (const uint64_t at = ticks_at(given[kStartedAt]); at != 0) {
      state->begin_ticks = at;
      capture::store_release(state->slot->record.begin_ticks, at);
    }
  }
}

// --- end ---

// The status that a program gave, as a text or Status; what only Flowcept has is kept beside.
TaskStatus status_given(Fields& fields, PyObject* status) {
  if (is_text(status, "ERROR")) return TaskStatus::kFailed;
  if (status != nullptr && !is_text(status, "FINISHED")) {
    add_attribute(fields, g_names[kStatus], status);
  }
  return TaskStatus::kFinished;
}

void add_end(FlowceptTaskObject* task, const Given& given, TaskStatus* status) {
  Fields& fields = task->state->fields;
  if (given[kCustomMetadata] != nullptr || given[kData] != nullptr) fields.replace_existing();
  add_values(fields, Role::kGenerated, given[kGenerated]);
  if (given[kStatus] != nullptr) {
    *status = status_given(fields, given[kStatus]);
  } else if (is_truthy(given[kStderr])) {
    *status = TaskStatus::kFailed;
  }
  add_attribute(fields, g_names[kStdout], given[kStdout]);
  if (PyObject* error = given[kStderr]; error != nullptr) {
    static PyObject* message = PyUnicode_InternFromString("message");
    if (*status == TaskStatus::kFailed && PyUnicode_Check(error)) {
      Ref keep;
      fields.add_string(Role::kError, name_of(message).id, text_of(error, keep));
    } else {
      add_attribute(fields, g_names[kStderr], error);
    }
  }
  add_attribute(fields, g_names[kEndedAt], given[kEndedAt]);
  if (is_truthy(given[kData])) add_attribute(fields, g_names[kData], given[kData]);
  if (PyObject* more = given[kCustomMetadata]; more != nullptr) {
    Ref all = Ref::share(more);
    if (task->custom_metadata != nullptr && PyDict_Check(task->custom_metadata) &&
        PyDict_Check(more)) {
      all = Ref::steal(PyDict_Copy(task->custom_metadata));
      if (!all || PyDict_Update(all.get(), more) < 0) drop_error();
    }
    if (all) add_attribute(fields, g_names[kCustomMetadata], all.get());
  }
}

void end_state(FlowceptTaskObject* task, TaskStatus status, uint64_t at_ticks = 0) {
  task->context.leave();
  Py_CLEAR(task->custom_metadata);  // which alone may refer back to the task
  capture::end_task(std::exchange(task->state, nullptr), status, at_ticks);
}

void end_with(FlowceptTaskObject* task, const Given& given) {
  task->is_ended = true;
  if (task->state == nullptr) return;
  TaskStatus status = TaskStatus::kFinished;
  quietly([&] { add_end(task, given, &status); });
  quietly(
      [&] { end_state(task, status, given[kEndedAt] == nullptr ? 0 : ticks_at(given[kEndedAt])); });
}

// --- the object ---

// Memory of objects that are gone, for the next ones.
std::array<PyObject*, 8> g_free;
size_t g_free_count = 0;

PyObject* allocate(PyTypeObject* type) {
  if (type != g_type || g_free_count == 0) return type->tp_alloc(type, 0);
  PyObject* self = PyObject_Init(g_free[--g_free_count], type);
  cast(self)->state = nullptr;
  cast(self)->task = {};
  cast(self)->is_ended = false;
  return self;
}

void give_back(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  if (type == g_type && g_free_count < g_free.size()) {
    g_free[g_free_count++] = self;
  } else {
    type->tp_free(self);
  }
  Py_DECREF(type);
}

PyObject* make(PyTypeObject* type, const Given& given) {
  PyObject* self = allocate(type);
  if (self == nullptr) return nullptr;
  FlowceptTaskObject* task = cast(self);
  new (&task->context) ContextEntry;
  task->task_id = Py_XNewRef(given[kTaskId]);
  task->workflow_id = Py_XNewRef(given[kWorkflowId]);
  task->campaign_id = Py_XNewRef(given[kCampaignId]);
  task->agent_id = Py_XNewRef(given[kAgentId]);
  task->activity_id = Py_XNewRef(given[kActivityId]);
  task->custom_metadata = Py_XNewRef(given[kCustomMetadata]);
  if (!g_enabled || !is_enabled()) {
    task->is_ended = !g_enabled;
    return self;
  }
  quietly([&] { begin(task, given); });
  if (is_truthy(given[kGenerated]) || is_truthy(given[kEndedAt]) || is_truthy(given[kStdout]) ||
      given[kStderr] != nullptr) {
    Given ending{};
    for (const Argument end : {kGenerated, kEndedAt, kStdout, kStderr, kStatus}) {
      ending[end] = given[end];
    }
    end_with(task, ending);
  }
  return self;
}

constexpr uint32_t kAll = (uint32_t{1} << kArguments) - 1;

PyObject* vectorcall(PyObject* type, PyObject* const* args, size_t count_and_flag,
                     PyObject* keyword_names) {
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  if (too_many("FlowceptTask", kArguments, count)) return nullptr;
  Given given{};
  for (size_t i = 0; i < count; ++i) given[i] = args[i] == Py_None ? nullptr : args[i];
  if (!read_keywords("FlowceptTask", given, args + count, keyword_names, kAll)) return nullptr;
  return make(reinterpret_cast<PyTypeObject*>(type), given);
}

// For classes that derive from it.
PyObject* make_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  const auto count = static_cast<size_t>(PyTuple_GET_SIZE(args));
  if (too_many("FlowceptTask", kArguments, count)) return nullptr;
  Given given{};
  for (size_t i = 0; i < count; ++i) {
    PyObject* value = PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(i));
    given[i] = value == Py_None ? nullptr : value;
  }
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (keywords != nullptr && PyDict_Next(keywords, &at, &key, &value) != 0) {
    const Ref one = Ref::steal(PyTuple_Pack(1, key));
    if (!one || !read_keywords("FlowceptTask", given, &value, one.get(), kAll)) return nullptr;
  }
  return make(type, given);
}

int init(PyObject*, PyObject*, PyObject*) { return 0; }  // all is done when it is made

void dealloc(PyObject* self) {
  FlowceptTaskObject* task = cast(self);
  if (task->state != nullptr) {  // thrown away without an end
    const SavedError saved;
    quietly([&] { end_state(task, TaskStatus::kCancelled); });
  }
  task->context.~ContextEntry();
  for (PyObject* member : {task->task_id, task->workflow_id, task->campaign_id, task->agent_id,
                           task->activity_id, task->custom_metadata}) {
    Py_XDECREF(member);
  }
  give_back(self);
}

PyObject* enter(PyObject* self, PyObject*) {
  FlowceptTaskObject* task = cast(self);
  if (task->state != nullptr) {
    if (event_loop_is_running() && !is_in_generator()) {
      task->context.enter(task->state);
    } else {
      capture::make_current(task->state);
    }
  }
  return Py_NewRef(self);
}

PyObject* leave(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  FlowceptTaskObject* task = cast(self);
  task->is_ended = true;
  if (task->state == nullptr) Py_RETURN_NONE;
  TaskStatus status = TaskStatus::kFinished;
  if (count == 3 && args[0] != Py_None) {
    status = TaskStatus::kFailed;
    if (PyExceptionInstance_Check(args[1])) {
      status = status_of_exception(args[1]);
      quietly([&] {
        if (status != TaskStatus::kFinished) {
          add_exception(task->state->fields, args[1], args[2] == Py_None ? nullptr : args[2]);
        }
      });
    }
  }
  quietly([&] { end_state(task, status); });
  Py_RETURN_NONE;
}

PyObject* end(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* keyword_names) {
  constexpr std::array kOrder = {kGenerated, kEndedAt,        kStdout, kStderr,
                                 kData,      kCustomMetadata, kStatus};
  if (too_many("end", kOrder.size(), static_cast<size_t>(count))) return nullptr;
  Given given{};
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    given[kOrder[i]] = args[i] == Py_None ? nullptr : args[i];
  }
  uint32_t allowed = 0;
  for (const Argument argument : kOrder) allowed |= uint32_t{1} << argument;
  if (!read_keywords("end", given, args + count, keyword_names, allowed)) return nullptr;
  end_with(cast(self), given);
  Py_RETURN_NONE;
}

// A message: it has no duration.
PyObject* send(PyObject* self, PyObject*) {
  FlowceptTaskObject* task = cast(self);
  if (task->is_ended) Py_RETURN_NONE;
  task->is_ended = true;
  if (task->state == nullptr) Py_RETURN_NONE;
  static PyObject* is_message = PyUnicode_InternFromString("is_message");
  quietly([&] { add_attribute(task->state->fields, is_message, Py_True); });
  quietly([&] { end_state(task, TaskStatus::kFinished); });
  Py_RETURN_NONE;
}

// Further fields of a document, under their own names.
PyObject* add_attributes(PyObject* self, PyObject* fields) {
  TaskState* state = cast(self)->state;
  if (state != nullptr && PyDict_CheckExact(fields)) {
    quietly([&] {
      state->fields.replace_existing();
      add_items(state->fields, Role::kAttribute, fields, Interest::kExplicit);
    });
  }
  Py_RETURN_NONE;
}

PyObject* get_id(PyObject* self, PyObject*) {
  const FlowceptTaskObject* task = cast(self);
  if (task->task_id != nullptr) return Py_NewRef(task->task_id);
  if (task->task.number == 0) Py_RETURN_NONE;
  std::string text;
  quietly([&] { text = task_uuid(task->task.producer, task->task.number).text(); });
  return PyUnicode_FromString(text.c_str());
}

PyObject* given_or(PyObject* given, PyObject* otherwise) {
  if (given != nullptr) return Py_NewRef(given);
  return Py_NewRef(otherwise == nullptr ? Py_None : otherwise);
}
PyObject* get_workflow_id(PyObject* self, PyObject*) {
  return given_or(cast(self)->workflow_id, g_workflow_id);
}
PyObject* get_campaign_id(PyObject* self, PyObject*) {
  return given_or(cast(self)->campaign_id, g_campaign_id);
}
PyObject* get_agent_id(PyObject* self, PyObject*) {
  return given_or(cast(self)->agent_id, nullptr);
}
PyObject* get_ended(PyObject* self, void*) { return PyBool_FromLong(cast(self)->is_ended); }

PyObject* repr(PyObject* self) {
  const Ref id = Ref::steal(get_id(self, nullptr));
  const Ref workflow = Ref::steal(get_workflow_id(self, nullptr));
  PyObject* activity = cast(self)->activity_id;
  return PyUnicode_FromFormat("FlowceptTask(task_id=%R, workflow_id=%R, activity_id=%R)", id.get(),
                              workflow.get(), activity == nullptr ? Py_None : activity);
}

template <typename Function>
PyCFunction method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef g_methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {"end", method(end), METH_FASTCALL | METH_KEYWORDS,
     "end(generated=None, ended_at=None, stdout=None, stderr=None, data=None, "
     "custom_metadata=None, status=None)\n--\n\n"
     "Ends the task, once: ERROR with a stderr, else FINISHED, or as status says."},
    {"send", send, METH_NOARGS, "send()\n--\n\nEnds it as a message: without a duration."},
    {"_add_attributes", add_attributes, METH_O, nullptr},
    {"get_id", get_id, METH_NOARGS, nullptr},
    {"get_workflow_id", get_workflow_id, METH_NOARGS, nullptr},
    {"get_campaign_id", get_campaign_id, METH_NOARGS, nullptr},
    {"get_agent_id", get_agent_id, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyGetSetDef g_getset[] = {{"_ended", get_ended, nullptr, nullptr, nullptr},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyDoc_STRVAR(g_doc,
             "FlowceptTask(task_id=None, workflow_id=None, campaign_id=None, activity_id=None,\n"
             "             agent_id=None, source_agent_id=None, parent_task_id=None, used=None,\n"
             "             data=None, subtype=None, hostname=None, tags=None, adapter_id=None,\n"
             "             custom_metadata=None, generated=None, started_at=None, ended_at=None,\n"
             "             stdout=None, stderr=None, status=None, capture_telemetry=None)\n--\n\n"
             "A task from here to end(), send() or the end of its `with` block, which an\n"
             "exception makes ERROR. Given generated, ended_at, stdout or stderr it ends at once.");
PyType_Slot g_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_new, reinterpret_cast<void*>(make_new)},
                         {Py_tp_init, reinterpret_cast<void*>(init)},
                         {Py_tp_repr, reinterpret_cast<void*>(repr)},
                         {Py_tp_methods, g_methods},
                         {Py_tp_getset, g_getset},
                         {Py_tp_doc, const_cast<char*>(g_doc)},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.FlowceptTask", sizeof(FlowceptTaskObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, g_slots};

// --- functions ---

// set_flowcept(enabled, workflow_id, campaign_id)
PyObject* set_flowcept(PyObject*, PyObject* args) {
  int enabled = 1;
  PyObject* workflow_id = nullptr;
  PyObject* campaign_id = nullptr;
  if (PyArg_ParseTuple(args, "pOO:set_flowcept", &enabled, &workflow_id, &campaign_id) == 0) {
    return nullptr;
  }
  g_enabled = enabled != 0;
  Py_XSETREF(g_workflow_id, Py_NewRef(workflow_id));
  Py_XSETREF(g_campaign_id, Py_NewRef(campaign_id));
  Py_RETURN_NONE;
}

// flowcept_task(function, name, outputs, result_name, tags, attributes): hr.task with attributes,
// and results that outputs do not name under `result_name`.
PyObject* flowcept_task(PyObject*, PyObject* args) {
  PyObject* function = nullptr;
  TaskOptions options;
  if (PyArg_ParseTuple(args, "OOOOOO:flowcept_task", &function, &options.name, &options.outputs,
                       &options.result_name, &options.tags, &options.attributes) == 0) {
    return nullptr;
  }
  return make_task(function, options);
}

PyMethodDef g_functions[] = {{"set_flowcept", set_flowcept, METH_VARARGS, nullptr},
                             {"flowcept_task", flowcept_task, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool flowcept_is_enabled() { return g_enabled; }

PyObject* flowcept_current_workflow() { return g_workflow_id == nullptr ? Py_None : g_workflow_id; }

bool add_flowcept_task_type(PyObject* module) {
  for (size_t i = 0; i < kArguments; ++i) {
    g_names[i] = PyUnicode_InternFromString(kArgumentNames[i]);
    if (g_names[i] == nullptr) return false;
  }
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  if (g_type == nullptr) return false;
  g_type->tp_vectorcall = vectorcall;
  return PyModule_AddObjectRef(module, "FlowceptTask", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
