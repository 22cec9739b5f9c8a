#include "binding/open_task.h"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "binding/activity.h"
#include "binding/failure.h"
#include "binding/parents.h"
#include "binding/scope_type.h"
#include "binding/tick_rate.h"
#include "binding/values.h"
#include "capture/finished_task.h"
#include "capture/recorder.h"
#include "capture/shared_word.h"
#include "capture/task.h"
#include "capture/workflow.h"
#include "spool/aside.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::TaskState;

struct OpenTaskObject {
  PyObject_HEAD TaskState* state;  // null once it has ended
  TaskRef task;
  std::string* place;
};

PyTypeObject* g_type = nullptr;

OpenTaskObject* cast(PyObject* self) { return reinterpret_cast<OpenTaskObject*>(self); }

// The tick of a Unix time not far from now: off by the error of the rate, some parts in a million
// once the process is a second old, of how long ago it is.
uint64_t ticks_at(int64_t unix_ns) {
  static const ClockReading first = read_clocks();
  constexpr int64_t kLongEnough_ns = 100'000'000;
  const ClockReading now = read_clocks();
  const int64_t span_ns = now.monotonic_ns - first.monotonic_ns;
  const double per_ns = span_ns > kLongEnough_ns ? static_cast<double>(now.ticks - first.ticks) /
                                                       static_cast<double>(span_ns)
                                                 : ticks_per_s / 1e9;
  const double since = static_cast<double>(now.realtime_ns - unix_ns) * per_ns;
  if (since >= static_cast<double>(now.ticks)) return 1;  // before the machine's clock began
  return now.ticks - static_cast<uint64_t>(static_cast<int64_t>(since));
}

// False, with an exception, for what is neither None nor an integer.
bool time_of(PyObject* object, std::optional<int64_t>* out) {
  if (object == Py_None) return true;
  const int64_t at_ns = PyLong_AsLongLong(object);
  if (at_ns == -1 && PyErr_Occurred() != nullptr) return false;
  *out = at_ns;
  return true;
}

// open_task(activity, parent, begin_ns) -> OpenTask or None
PyObject* open_task(PyObject*, PyObject* args) {
  PyObject* activity_name = nullptr;
  PyObject* parent = nullptr;
  PyObject* begin = nullptr;
  std::optional<int64_t> begin_ns;
  if (PyArg_ParseTuple(args, "UOO:open_task", &activity_name, &parent, &begin) == 0 ||
      !time_of(begin, &begin_ns)) {
    return nullptr;
  }
  if (!is_enabled()) Py_RETURN_NONE;
  Activity* activity = activity_of(activity_name);
  if (activity == nullptr) Py_RETURN_NONE;
  TaskState* state = nullptr;
  quietly([&] {
    if (!PyUnicode_Check(parent)) {
      state = begin_child(activity->id(), capture::Push::kDetached);
      return;
    }
    const std::optional<Place> place = parse_place(text_of(parent));
    const Visit visit(place.value_or(Place{}));
    state = begin_child(activity->id(), capture::Push::kDetached);
  });
  if (state == nullptr) Py_RETURN_NONE;
  if (begin_ns) {
    state->begin_ticks = ticks_at(*begin_ns);
    capture::store_release(state->slot->record.begin_ticks, state->begin_ticks);
  }
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) {
    capture::discard_task(state);
    return nullptr;
  }
  cast(self)->state = state;
  cast(self)->task = capture::reference(state);
  quietly([&] {
    const Place here{cast(self)->task, state->begin_ticks, state->workflow_id(), state->producer};
    cast(self)->place = new std::string(text_of(here));
  });
  return self;
}

void dealloc(PyObject* self) {
  OpenTaskObject* open = cast(self);
  // Whoever was to end it has forgotten it.
  if (open->state != nullptr) {
    const SavedError saved;
    quietly(
        [&] { capture::end_task(std::exchange(open->state, nullptr), TaskStatus::kCancelled); });
  }
  delete open->place;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* add_values(PyObject* self, PyObject* values, Role role) {
  if (!PyDict_Check(values)) {
    PyErr_SetString(PyExc_TypeError, "values are a dict of names to values");
    return nullptr;
  }
  if (TaskState* state = cast(self)->state; state != nullptr) {
    quietly([&] {
      state->fields.replace_existing();
      add_items(state->fields, role, values, Interest::kExplicit);
    });
  }
  Py_RETURN_NONE;
}
PyObject* add_used(PyObject* self, PyObject* values) {
  return add_values(self, values, Role::kUsed);
}
PyObject* add_generated(PyObject* self, PyObject* values) {
  return add_values(self, values, Role::kGenerated);
}
PyObject* add_attributes(PyObject* self, PyObject* values) {
  return add_values(self, values, Role::kAttribute);
}
PyObject* add_task_tags(PyObject* self, PyObject* tags) {
  if (TaskState* state = cast(self)->state; state != nullptr) {
    quietly([&] { add_tags(state->fields, tags); });
  }
  Py_RETURN_NONE;
}

// log(values, at_ns)
PyObject* log(PyObject* self, PyObject* args) {
  PyObject* values = nullptr;
  PyObject* at = nullptr;
  std::optional<int64_t> at_ns;
  if (PyArg_ParseTuple(args, "O!O:log", &PyDict_Type, &values, &at) == 0 || !time_of(at, &at_ns)) {
    return nullptr;
  }
  if (const TaskState* state = cast(self)->state; state != nullptr) {
    quietly([&] {
      Fields fields;
      add_items(fields, Role::kGenerated, values, Interest::kExplicit);
      if (at_ns) {
        capture::log_values_at(state, LogStream::kMetric, fields, ticks_at(*at_ns));
      } else {
        capture::log_values(state, LogStream::kMetric, fields);
      }
    });
  }
  Py_RETURN_NONE;
}

Uuid entry_of(capture::Recorder& recorder, uint32_t id) {
  const std::string bytes = recorder.dictionary().bytes(id);
  return bytes.size() == 16 ? Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data()))
                            : Uuid{};
}

// The task's record with what begin_task and end_task do not set.
void write_other(TaskState* state, TaskStatus status, std::optional<int64_t> end_ns,
                 uint8_t attempt) {
  capture::Recorder* recorder = capture::Recorder::existing();
  // A fork child leaves its parent's tasks to the parent.
  if (recorder == nullptr || state->producer != recorder->producer()) {
    capture::discard_task(state);
    return;
  }
  capture::FinishedTask task;
  const TaskRecord& from = state->slot->record;
  task.number = state->number;
  task.activity_id = from.activity_id;
  if (from.parent != 0) {
    task.parent = (from.header.flags & kTaskParentIsForeign) != 0
                      ? entry_of(*recorder, static_cast<uint32_t>(from.parent))
                      : task_uuid(state->producer, from.parent);
  }
  task.begin_ticks = state->begin_ticks;
  task.end_ticks = std::max(end_ns ? ticks_at(*end_ns) : ticks(), task.begin_ticks);
  task.status = status;
  task.attempt = attempt;
  task.workflow = entry_of(*recorder, from.workflow_id);
  task.fields = state->fields;
  capture::discard_task(state);
  capture::record_finished_task(task);
}

// end(status, error, end_ns, attempt); an empty status: as the exception says
PyObject* end(PyObject* self, PyObject* args) {
  const char* word = nullptr;
  PyObject* error = nullptr;
  PyObject* end = nullptr;
  int attempt = 0;
  std::optional<int64_t> end_ns;
  if (PyArg_ParseTuple(args, "sOOi:end", &word, &error, &end, &attempt) == 0 ||
      !time_of(end, &end_ns)) {
    return nullptr;
  }
  TaskState* state = std::exchange(cast(self)->state, nullptr);
  if (state == nullptr) Py_RETURN_NONE;
  const std::string_view text = word;
  TaskStatus status = text == "failed"      ? TaskStatus::kFailed
                      : text == "cancelled" ? TaskStatus::kCancelled
                                            : TaskStatus::kFinished;
  if (PyExceptionInstance_Check(error)) {
    if (text.empty()) status = status_of_exception(error);
    const Ref traceback = Ref::steal(PyException_GetTraceback(error));
    quietly([&] { add_exception(state->fields, error, traceback.get()); });
  } else if (PyUnicode_Check(error)) {
    if (text.empty()) status = TaskStatus::kFailed;
    quietly([&] { add_value(state->fields, Role::kError, name_of("message"), error); });
  }
  quietly([&] {
    if (!end_ns && attempt == 0) {
      capture::end_task(state, status);
    } else {
      write_other(state, status, end_ns, static_cast<uint8_t>(std::clamp(attempt, 0, 255)));
    }
  });
  Py_RETURN_NONE;
}

PyObject* get_id(PyObject* self, void*) {
  const TaskRef task = cast(self)->task;
  return PyUnicode_FromString(task_uuid(task.producer, task.number).text().c_str());
}
PyObject* get_place(PyObject* self, void*) {
  const std::string* place = cast(self)->place;
  return PyUnicode_FromString(place == nullptr ? "" : place->c_str());
}

constexpr const char* kVisit = "headrace.visit";

// enter_place(text) -> what leave_place takes; on one thread, the last entered is left first
PyObject* enter_place(PyObject*, PyObject* text) {
  if (!PyUnicode_Check(text)) {
    PyErr_SetString(PyExc_TypeError, "a place is a string");
    return nullptr;
  }
  Visit* visit = nullptr;
  quietly([&] {
    if (!is_enabled()) return;
    if (const std::optional<Place> place = parse_place(text_of(text))) visit = new Visit(*place);
  });
  if (visit == nullptr) Py_RETURN_NONE;
  PyObject* capsule = PyCapsule_New(visit, kVisit, nullptr);
  if (capsule == nullptr) delete visit;
  return capsule;
}

PyObject* leave_place(PyObject*, PyObject* capsule) {
  if (capsule == Py_None) Py_RETURN_NONE;
  auto* visit = static_cast<Visit*>(PyCapsule_GetPointer(capsule, kVisit));
  if (visit == nullptr) return nullptr;
  if (PyCapsule_SetName(capsule, "headrace.left_place") < 0) return nullptr;
  delete visit;
  Py_RETURN_NONE;
}

// set_aside(from, bytes, reason): a piece that makes no sense, for the quarantine
PyObject* set_aside_piece(PyObject*, PyObject* args) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  PyObject* from = nullptr;
  PyObject* reason = nullptr;
  Py_buffer piece;
  if (PyArg_ParseTuple(args, "Uy*U:set_aside", &from, &piece, &reason) == 0) return nullptr;
  Status done;
  capture::Recorder* recorder = capture::Recorder::get();
  if (recorder != nullptr) {
    std::string word;
    for (const char c : text_of(from)) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '_';
      word += is_plain ? c : '_';
    }
    bool is_known = false;
    done = set_aside(
        recorder->directory(), recorder->producer(), word,
        std::string_view(static_cast<const char*>(piece.buf), static_cast<size_t>(piece.len))
            .substr(0, kMostBytes),
        text_of(reason), &is_known);
  }
  PyBuffer_Release(&piece);
  if (done.ok()) Py_RETURN_NONE;
  PyErr_SetString(PyExc_OSError, done.message().c_str());
  return nullptr;
}

PyGetSetDef g_getset[] = {{"id", get_id, nullptr, nullptr, nullptr},
                          {"place", get_place, nullptr, nullptr, nullptr},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {{"used", add_used, METH_O, nullptr},
                           {"generated", add_generated, METH_O, nullptr},
                           {"attributes", add_attributes, METH_O, nullptr},
                           {"tags", add_task_tags, METH_O, nullptr},
                           {"log", log, METH_VARARGS, nullptr},
                           {"end", end, METH_VARARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.OpenTask", sizeof(OpenTaskObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_slots};

PyMethodDef g_functions[] = {{"open_task", or_none<open_task>, METH_VARARGS, nullptr},
                             {"enter_place", or_none<enter_place>, METH_O, nullptr},
                             {"leave_place", leave_place, METH_O, nullptr},
                             {"set_aside", or_none<set_aside_piece>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_open_task_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "OpenTask", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
