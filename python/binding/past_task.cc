#include "binding/past_task.h"

#include <optional>

#include "base/clock.h"
#include "base/id.h"
#include "binding/activity.h"
#include "binding/scope_type.h"
#include "binding/values.h"
#include "capture/finished_task.h"
#include "capture/recorder.h"

namespace headrace::binding {
namespace {

PyObject* now_ticks(PyObject*, PyObject*) { return PyLong_FromUnsignedLongLong(ticks()); }

PyObject* draw_task(PyObject*, PyObject*) {
  const capture::Recorder* recorder = is_enabled() ? capture::Recorder::get() : nullptr;
  const TaskNumber number = recorder == nullptr ? 0 : capture::draw_task_number();
  if (number == 0) Py_RETURN_NONE;
  return PyUnicode_FromString(task_uuid(recorder->producer(), number).text().c_str());
}

std::optional<Uuid> uuid_of(PyObject* text) {
  if (!PyUnicode_Check(text)) return std::nullopt;
  return Uuid::parse(text_of(text));
}

// Only a task of this process: after a fork the number is another's.
TaskNumber own_number(PyObject* id) {
  const std::optional<Uuid> uuid = uuid_of(id);
  const capture::Recorder* recorder = capture::Recorder::get();
  if (!uuid || recorder == nullptr) return 0;
  const TaskRef task = split_task_uuid(*uuid);
  return task.producer == recorder->producer() ? task.number : 0;
}

// record_task(id, activity, begin_ticks, end_ticks, parent, failed, used, generated, attributes)
PyObject* record_task(PyObject*, PyObject* args) {
  PyObject* id = nullptr;
  PyObject* name = nullptr;
  PyObject* parent = nullptr;
  PyObject* used = nullptr;
  PyObject* generated = nullptr;
  PyObject* attributes = nullptr;
  unsigned long long begin_ticks = 0;
  unsigned long long end_ticks = 0;
  int failed = 0;
  if (PyArg_ParseTuple(args, "OUKKOpO!O!O!:record_task", &id, &name, &begin_ticks, &end_ticks,
                       &parent, &failed, &PyDict_Type, &used, &PyDict_Type, &generated,
                       &PyDict_Type, &attributes) == 0) {
    return nullptr;
  }
  Activity* activity = activity_of(name);
  if (!is_enabled() || activity == nullptr) Py_RETURN_NONE;
  capture::FinishedTask task;
  task.number = own_number(id);
  if (task.number == 0) Py_RETURN_NONE;
  task.activity_id = activity->id();
  task.parent = uuid_of(parent).value_or(capture::Recorder::get()->outer_task());
  task.begin_ticks = begin_ticks;
  task.end_ticks = end_ticks;
  task.status = failed != 0 ? TaskStatus::kFailed : TaskStatus::kFinished;
  add_items(task.fields, Role::kUsed, used, Interest::kPassing);
  add_items(task.fields, Role::kGenerated, generated, Interest::kPassing);
  add_items(task.fields, Role::kAttribute, attributes, Interest::kPassing);
  capture::record_finished_task(task);
  Py_RETURN_NONE;
}

PyMethodDef g_functions[] = {
    {"ticks", now_ticks, METH_NOARGS, "ticks()\n--\n\nNow, on the clock that records carry."},
    {"draw_task", or_none<draw_task>, METH_NOARGS,
     "draw_task()\n--\n\nThe id of a task that is recorded later, for its children to name; None "
     "when\nnothing is recorded."},
    {"record_task", or_none<record_task>, METH_VARARGS,
     "record_task(id, activity, begin_ticks, end_ticks, parent, failed, used, generated, "
     "attributes, /)\n--\n\nRecords a task of draw_task that has ended. `parent`: a task's id; "
     "None: under what the process runs under."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_past_task_functions(PyObject* module) {
  return PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
