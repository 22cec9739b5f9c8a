#include "binding/process.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include "binding/activity.h"
#include "binding/failure.h"
#include "binding/flowcept_ids.h"
#include "binding/parents.h"
#include "binding/selection.h"
#include "binding/values.h"
#include "capture/recorder.h"
#include "capture/secrets.h"
#include "capture/workflow.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::Recorder;
using capture::WorkflowState;

constexpr const char* kWorkflow = "headrace.workflow";

// Under an event loop a workflow is its context's, not its thread's: others run there meanwhile.
struct OpenWorkflow {
  WorkflowState* state;
  ContextEntry context;
};

void add_role(Fields& fields, Role role, PyObject* dict) {
  if (PyDict_CheckExact(dict)) add_items(fields, role, dict, Interest::kExplicit);
}

// begin_workflow(name, used, tags, id="", attributes=None) -> handle or None. `id`: any text, as
// workflow_uuid takes it; empty: a new one.
PyObject* begin_workflow(PyObject*, PyObject* args) {
  PyObject* name = nullptr;
  PyObject* used = nullptr;
  PyObject* tags = nullptr;
  PyObject* id = nullptr;
  PyObject* attributes = Py_None;
  if (PyArg_ParseTuple(args, "UOO|UO:begin_workflow", &name, &used, &tags, &id, &attributes) == 0) {
    return nullptr;
  }
  if (!is_enabled()) Py_RETURN_NONE;
  if (Recorder::get() == nullptr) Py_RETURN_NONE;
  Fields fields;
  add_role(fields, Role::kUsed, used);
  if (tags != Py_None) add_tags(fields, tags);
  add_role(fields, Role::kAttribute, attributes);
  const Uuid uuid = id == nullptr ? Uuid{} : workflow_uuid(text_of(id));
  const bool in_loop = event_loop_is_running() && uuid.is_nil();
  WorkflowState* workflow = nullptr;
  if (in_loop) {
    const Place here = current_place();
    const bool is_ours = here.producer == Recorder::get()->producer();
    workflow =
        capture::begin_detached_workflow(text_of(name), fields, is_ours ? here.workflow_id : 0);
  } else {
    workflow = capture::begin_workflow(text_of(name), fields, uuid);
  }
  if (workflow == nullptr) Py_RETURN_NONE;
  auto* open = new (std::nothrow) OpenWorkflow{workflow, {}};
  if (open == nullptr) {
    quietly([&] { capture::end_workflow(workflow, TaskStatus::kFinished, fields); });
    Py_RETURN_NONE;
  }
  if (in_loop) open->context.enter(workflow);
  PyObject* handle = PyCapsule_New(open, kWorkflow, [](PyObject* capsule) {
    delete static_cast<OpenWorkflow*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
  });
  if (handle == nullptr) delete open;
  return handle;
}

// end_workflow(handle, exception, used, generated, tags, attributes=None)
PyObject* end_workflow(PyObject*, PyObject* args) {
  PyObject* handle = nullptr;
  PyObject* exception = nullptr;
  PyObject* used = nullptr;
  PyObject* generated = nullptr;
  PyObject* tags = nullptr;
  PyObject* attributes = Py_None;
  if (PyArg_ParseTuple(args, "OOOOO|O:end_workflow", &handle, &exception, &used, &generated, &tags,
                       &attributes) == 0) {
    return nullptr;
  }
  auto* open = static_cast<OpenWorkflow*>(PyCapsule_GetPointer(handle, kWorkflow));
  if (open == nullptr) return nullptr;
  WorkflowState* workflow = open->state;
  open->context.leave();
  if (PyCapsule_SetName(handle, "headrace.ended_workflow") < 0) return nullptr;
  Fields fields;
  add_role(fields, Role::kUsed, used);
  add_role(fields, Role::kGenerated, generated);
  add_role(fields, Role::kAttribute, attributes);
  if (tags != Py_None) add_tags(fields, tags);
  TaskStatus status = TaskStatus::kFinished;
  if (PyExceptionInstance_Check(exception)) {
    status = status_of_exception(exception);
    const Ref traceback = Ref::steal(PyException_GetTraceback(exception));
    if (status != TaskStatus::kFinished) add_exception(fields, exception, traceback.get());
  }
  // It may wait for a disk.
  Py_BEGIN_ALLOW_THREADS quietly([&] { capture::end_workflow(workflow, status, fields); });
  Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

PyObject* workflow_id(PyObject*, PyObject* handle) {
  const auto* open = static_cast<OpenWorkflow*>(PyCapsule_GetPointer(handle, kWorkflow));
  return open == nullptr ? nullptr : PyUnicode_FromString(open->state->id.text().c_str());
}

// workflow_uuid(text) -> the uuid of the workflow that a program named so
PyObject* workflow_uuid_of(PyObject*, PyObject* text) {
  if (!PyUnicode_Check(text)) {
    PyErr_SetString(PyExc_TypeError, "a workflow's id is a string");
    return nullptr;
  }
  return PyUnicode_FromString(workflow_uuid(text_of(text)).text().c_str());
}

// The uuid of the workflow that tasks begun here belong to, or None before there is one.
PyObject* current_workflow(PyObject*, PyObject*) {
  const std::string text = text_of(current_place());
  if (const size_t colon = text.find(':'); colon != 0 && colon != std::string::npos) {
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(colon));
  }
  Py_RETURN_NONE;
}

// Makes the process's own workflow where tasks begun here have none yet.
PyObject* ensure_workflow(PyObject*, PyObject*) {
  if (Recorder* recorder = Recorder::get(); is_enabled() && recorder != nullptr) {
    static_cast<void>(capture::current_workflow_id(*recorder));
  }
  Py_RETURN_NONE;
}

// The campaign that workflows begun here belong to; empty: none.
PyObject* current_campaign(PyObject*, PyObject*) {
  return PyUnicode_FromString(capture::current_campaign().c_str());
}

// enter_campaign(name, attributes, tags) -> the previous name
PyObject* enter_campaign(PyObject*, PyObject* args) {
  PyObject* name = nullptr;
  PyObject* attributes = nullptr;
  PyObject* tags = nullptr;
  if (PyArg_ParseTuple(args, "UOO:enter_campaign", &name, &attributes, &tags) == 0) return nullptr;
  Fields fields;
  quietly([&] {
    if (!is_enabled() || Recorder::get() == nullptr) return;
    add_role(fields, Role::kAttribute, attributes);
    if (tags != Py_None) add_tags(fields, tags);
  });
  std::string previous;
  quietly([&] { previous = capture::enter_campaign(text_of(name), fields); });
  return PyUnicode_FromString(previous.c_str());
}

PyObject* leave_campaign(PyObject*, PyObject* previous) {
  if (!PyUnicode_Check(previous)) {
    PyErr_SetString(PyExc_TypeError, "the previous campaign's name is a string");
    return nullptr;
  }
  capture::leave_campaign(text_of(previous));
  Py_RETURN_NONE;
}

PyObject* campaign_id(PyObject*, PyObject* name) {
  if (!PyUnicode_Check(name)) {
    PyErr_SetString(PyExc_TypeError, "a campaign's name is a string");
    return nullptr;
  }
  return PyUnicode_FromString(named_uuid("campaign", text_of(name)).text().c_str());
}

PyObject* name_workflow(PyObject*, PyObject* name) {
  if (!PyUnicode_Check(name)) {
    PyErr_SetString(PyExc_TypeError, "a workflow's name is a string");
    return nullptr;
  }
  capture::name_process_workflow(text_of(name));
  Py_RETURN_NONE;
}

PyObject* flush(PyObject*, PyObject*) {
  Recorder* recorder = Recorder::existing();
  if (recorder == nullptr) Py_RETURN_NONE;
  Py_BEGIN_ALLOW_THREADS recorder->flush();
  Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

PyObject* durable(PyObject*, PyObject* args, PyObject* named) {
  static const char* names[] = {"wait", nullptr};
  int wait = 0;
  if (PyArg_ParseTupleAndKeywords(args, named, "|$p:durable", const_cast<char**>(names), &wait) ==
      0) {
    return nullptr;
  }
  int64_t until_ns = 0;
  if (Recorder* recorder = Recorder::existing(); recorder != nullptr) {
    Py_BEGIN_ALLOW_THREADS;
    if (wait != 0) quietly([&] { static_cast<void>(recorder->wait_durable()); });
    until_ns = recorder->durable_until_ns();
    Py_END_ALLOW_THREADS;
  }
  return PyLong_FromLongLong(until_ns);
}

// describe(key, value): a fact about the process for its producer record.
PyObject* describe_process(PyObject*, PyObject* args) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  if (PyArg_ParseTuple(args, "UU:describe", &key, &value) == 0) return nullptr;
  if (Recorder* recorder = Recorder::get(); recorder != nullptr) {
    recorder->describe(text_of(key),
                       capture::without_secrets(text_of(value), capture::Redact::kSource));
  }
  Py_RETURN_NONE;
}

bool parse_status(const char* text, TaskStatus* out) {
  for (const TaskStatus status :
       {TaskStatus::kFinished, TaskStatus::kFailed, TaskStatus::kCancelled}) {
    if (name_of(status) != text) continue;
    *out = status;
    return true;
  }
  PyErr_SetString(PyExc_ValueError, "a status is finished, failed or cancelled");
  return false;
}

// stop(status, exception): ends the process's own workflow and writes everything out.
PyObject* stop(PyObject*, PyObject* args) {
  const char* text = nullptr;
  PyObject* exception = nullptr;
  TaskStatus status = TaskStatus::kFinished;
  if (PyArg_ParseTuple(args, "sO:stop", &text, &exception) == 0 || !parse_status(text, &status)) {
    return nullptr;
  }
  if (Recorder::existing() == nullptr) Py_RETURN_NONE;
  Fields fields;
  if (PyExceptionInstance_Check(exception)) {
    const Ref traceback = Ref::steal(PyException_GetTraceback(exception));
    add_exception(fields, exception, traceback.get());
  }
  Py_BEGIN_ALLOW_THREADS quietly([&] { capture::end_process_workflow(status, fields); });
  capture::stop_capture(status);
  Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

// Python's own atexit does not know the exit code; exit() does. Registered as late as possible,
// so that it runs first of what follows the interpreter.
PyObject* stop_at_exit(PyObject*, PyObject*) {
#ifdef __GLIBC__
  static const int once = on_exit(
      [](int code, void*) {
        capture::stop_capture(code == 0 ? TaskStatus::kFinished : TaskStatus::kFailed);
      },
      nullptr);
  (void)once;
#endif
  Py_RETURN_NONE;
}

PyObject* capture_stats(PyObject*, PyObject*) {
  capture::CaptureCounters counters;
  if (Recorder* recorder = Recorder::existing(); recorder != nullptr) {
    Py_BEGIN_ALLOW_THREADS counters = recorder->counters();
    Py_END_ALLOW_THREADS
  }
  const LeftOut left_out = LeftOut::now();
  return Py_BuildValue(
      "{s:K,s:K,s:K,s:K,s:d,s:K,s:K,s:K,s:K,s:K,s:K}", "records",
      static_cast<unsigned long long>(counters.records), "dropped",
      static_cast<unsigned long long>(counters.dropped), "bytes",
      static_cast<unsigned long long>(counters.bytes), "segments",
      static_cast<unsigned long long>(counters.segments), "drain_cpu_s",
      static_cast<double>(counters.drain_cpu_ns) / 1e9, "producer_drains",
      static_cast<unsigned long long>(counters.producer_drains), "unreadable_values",
      static_cast<unsigned long long>(unreadable_values()), "sampled_out",
      static_cast<unsigned long long>(left_out.sampled_out), "too_short",
      static_cast<unsigned long long>(left_out.too_short), "redacted_values",
      static_cast<unsigned long long>(capture::redactions.by_name.load()), "redacted_texts",
      static_cast<unsigned long long>(capture::redactions.in_text.load()));
}

// What options left out, by activity, as the text of a process's fact; empty: nothing.
PyObject* left_out(PyObject*, PyObject*) {
  return PyUnicode_FromString(LeftOut::now().by_activity.c_str());
}

PyObject* set_enabled(PyObject*, PyObject* on) {
  const int truth = PyObject_IsTrue(on);
  if (truth < 0) return nullptr;
  enabled.store(truth != 0, std::memory_order_relaxed);
  Py_RETURN_NONE;
}

// True when tasks are recorded now. Makes the recorder if there is none.
PyObject* is_capturing(PyObject*, PyObject*) {
  return PyBool_FromLong(is_enabled() && Recorder::get() != nullptr);
}

PyObject* use_directory(PyObject*, PyObject* path) {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path, &bytes) == 0) return nullptr;
  const Ref keep = Ref::steal(bytes);
  const Status status = Recorder::use_directory(PyBytes_AS_STRING(bytes));
  if (status.ok()) Py_RETURN_NONE;
  PyErr_SetString(PyExc_RuntimeError, status.message().c_str());
  return nullptr;
}

// The folder that is written to, or None before the first event.
PyObject* directory(PyObject*, PyObject*) {
  const Recorder* recorder = Recorder::existing();
  if (recorder == nullptr) Py_RETURN_NONE;
  return PyUnicode_DecodeFSDefault(recorder->directory().root.c_str());
}

// The id of this process's records, as read_segments prints it, or None before the first event.
PyObject* producer(PyObject*, PyObject*) {
  const Recorder* recorder = Recorder::existing();
  if (recorder == nullptr) Py_RETURN_NONE;
  char text[32];
  std::snprintf(text, sizeof text, "%015llx",
                static_cast<unsigned long long>(recorder->producer()));
  return PyUnicode_FromString(text);
}

PyObject* set_describe_function(PyObject*, PyObject* function) {
  set_describe(function);
  Py_RETURN_NONE;
}

PyObject* set_traceback_function(PyObject*, PyObject* function) {
  set_traceback_text(function);
  Py_RETURN_NONE;
}

PyObject* set_is_from_signal_function(PyObject*, PyObject* function) {
  set_is_from_signal(function);
  Py_RETURN_NONE;
}

PyObject* set_content_hash_function(PyObject*, PyObject* function) {
  set_content_hash(function);
  Py_RETURN_NONE;
}

// redact_text(text) -> the text as it may be recorded or printed
PyObject* redact_text(PyObject*, PyObject* text) {
  if (!PyUnicode_Check(text)) {
    PyErr_SetString(PyExc_TypeError, "a text is a string");
    return nullptr;
  }
  const std::string out = capture::without_secrets(text_of(text));
  return PyUnicode_DecodeUTF8(out.data(), static_cast<Py_ssize_t>(out.size()), "surrogatepass");
}

// add_redaction_rule(rule) -> whether it is one
PyObject* add_redaction_rule(PyObject*, PyObject* rule) {
  if (!PyUnicode_Check(rule)) {
    PyErr_SetString(PyExc_TypeError, "a rule is a string");
    return nullptr;
  }
  const bool added = capture::add_redaction_rule(text_of(rule));
  forget_secrecies();
  return PyBool_FromLong(added);
}

PyMethodDef g_functions[] = {
    {"begin_workflow", or_none<begin_workflow>, METH_VARARGS, nullptr},
    {"end_workflow", or_none<end_workflow>, METH_VARARGS, nullptr},
    {"workflow_id", or_none<workflow_id>, METH_O, nullptr},
    {"workflow_uuid", or_none<workflow_uuid_of>, METH_O, nullptr},
    {"current_workflow", or_none<current_workflow>, METH_NOARGS, nullptr},
    {"ensure_workflow", or_none<ensure_workflow>, METH_NOARGS, nullptr},
    {"current_campaign", or_none<current_campaign>, METH_NOARGS, nullptr},
    {"enter_campaign", enter_campaign, METH_VARARGS, nullptr},
    {"leave_campaign", or_none<leave_campaign>, METH_O, nullptr},
    {"campaign_id", campaign_id, METH_O, nullptr},
    {"name_workflow", or_none<name_workflow>, METH_O, nullptr},
    {"flush", or_none<flush>, METH_NOARGS,
     "flush()\n--\n\nReturns when everything recorded so far is in the spool."},
    {"describe", or_none<describe_process>, METH_VARARGS, nullptr},
    {"durable", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(durable)),
     METH_VARARGS | METH_KEYWORDS,
     "durable(*, wait=False)\n--\n\nThe moment, in ns since the epoch, before which everything "
     "recorded survives a power cut;\n0 when nothing is synced (HEADRACE_DURABILITY=2 does).\n\n"
     "With wait=True that moment is moved beyond this call first."},
    {"stop", or_none<stop>, METH_VARARGS, nullptr},
    {"stop_at_exit", stop_at_exit, METH_NOARGS, nullptr},
    {"capture_stats", capture_stats, METH_NOARGS,
     "capture_stats()\n--\n\nWhat capture did and cost in this process, by name."},
    {"left_out", left_out, METH_NOARGS, nullptr},
    {"set_enabled", set_enabled, METH_O, nullptr},
    {"is_capturing", is_capturing, METH_NOARGS, nullptr},
    {"use_directory", use_directory, METH_O, nullptr},
    {"directory", directory, METH_NOARGS, nullptr},
    {"producer", producer, METH_NOARGS, nullptr},
    {"set_describe", set_describe_function, METH_O, nullptr},
    {"set_traceback_text", set_traceback_function, METH_O, nullptr},
    {"set_is_from_signal", set_is_from_signal_function, METH_O, nullptr},
    {"set_content_hash", set_content_hash_function, METH_O, nullptr},
    {"redact_text", redact_text, METH_O, nullptr},
    {"add_redaction_rule", add_redaction_rule, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_process_functions(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
