#include "binding/open_task.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <string>

#include "binding/activity_type.h"
#include "binding/failure.h"
#include "binding/moment.h"
#include "binding/task_form.h"
#include "binding/values.h"
#include "capture/finished_task.h"
#include "capture/recorder.h"
#include "capture/shared_word.h"

namespace headrace::binding {
namespace {

using capture::TaskState;

constexpr long kMostAttempts = 255;

PyTypeObject* g_type = nullptr;

// Of a place's text, or of a task's id. What names no task is under what the process itself runs
// under, as everything outside of its tasks is.
Place read_parent(std::string_view text) {
  Place place = parse_place(text).value_or(Place{});
  if (place.task.number == 0 && text.find(':') == std::string_view::npos) {
    if (const auto id = Uuid::parse(text)) place.task = split_task_uuid(*id);
  }
  const capture::Recorder* recorder = capture::Recorder::get();
  if (place.task.number == 0 && recorder != nullptr && !recorder->outer_task().is_nil()) {
    place.task = split_task_uuid(recorder->outer_task());
  }
  return place;
}

// The tasks of a graph come from one place, so the last one is kept, as long as its ids hold.
const Place& parent_of(std::string_view text) {
  struct Latest {
    std::string text;
    Place place;
    ProducerId producer = 0;
  };
  static auto& latest = *new Latest;  // under the interpreter's lock
  const capture::Recorder* recorder = capture::Recorder::get();
  const ProducerId producer = recorder == nullptr ? 0 : recorder->producer();
  if (latest.producer != producer || latest.text != text) {
    latest.producer = 0;
    latest.place = read_parent(text);
    latest.text = text;
    latest.producer = producer;
  }
  return latest.place;
}

// Only of a task of this process: after a fork the number is another's.
TaskNumber own_number(PyObject* id) {
  const std::optional<Uuid> uuid = Uuid::parse(text_of(id));
  const capture::Recorder* recorder = capture::Recorder::get();
  if (!uuid || recorder == nullptr) return 0;
  const TaskRef task = split_task_uuid(*uuid);
  return task.producer == recorder->producer() ? task.number : 0;
}

void begin(OpenTaskObject& open, const Beginning& how) {
  const Place* place = nullptr;
  Ref keep;
  if (PyUnicode_Check(how.parent)) place = &parent_of(text_of(how.parent, keep));
  if (!open.scope.begin(*how.activity, place, how.currency)) return;
  if (how.at_ticks) open.scope.set_begin(*how.at_ticks);
  TaskState* state = open.scope.state();
  if (how.drawn != 0) {
    state->number = how.drawn;
    capture::store_release(state->slot->record.number, how.drawn);
  }
  if (how.attempt > 0) {
    capture::set_attempt(state, static_cast<uint8_t>(std::min(how.attempt, kMostAttempts)));
  }
  open.place = {capture::reference(state), state->begin_ticks, state->workflow_id(),
                state->producer};
}

// open_task(activity, parent, begin, id, attempt, is_current, used, attributes, tags,
// reads_devices) -> OpenTask. An id that is not this process's gives one that records nothing.
PyObject* make_open_task(PyObject*, PyObject* args) {
  PyObject* activity = nullptr;
  PyObject* begin_at = nullptr;
  PyObject* id = nullptr;
  PyObject* used = nullptr;
  PyObject* attributes = nullptr;
  PyObject* tags = nullptr;
  int is_current = 0;
  int reads_devices = 0;
  Beginning how{};
  if (PyArg_ParseTuple(args, "OOOOlpOOOp:open_task", &activity, &how.parent, &begin_at, &id,
                       &how.attempt, &is_current, &used, &attributes, &tags, &reads_devices) == 0 ||
      !read_moment(begin_at, &how.at_ticks)) {
    return nullptr;
  }
  how.currency = is_current != 0 ? Currency::kHere : Currency::kNone;
  how.reads_devices = reads_devices != 0;
  how.activity = activity_given(activity);
  if (how.activity == nullptr && PyErr_Occurred() != nullptr) return nullptr;
  if (PyUnicode_Check(id) && is_enabled()) {
    how.drawn = own_number(id);
    if (how.drawn == 0) how.activity = nullptr;
  }
  PyObject* self = begin_open_task(how);
  if (self == nullptr) return nullptr;
  OpenTaskObject& open = *as_open_task(self);
  if (open.scope.state() == nullptr) return self;
  if (!add_mapping(open, Role::kUsed, used) || !add_mapping(open, Role::kAttribute, attributes)) {
    Py_DECREF(self);
    return nullptr;
  }
  if (tags != Py_None) quietly([&] { add_tags(open.scope.state()->fields, tags); });
  return self;
}

void dealloc(PyObject* self) {
  OpenTaskObject* open = as_open_task(self);
  // Whoever was to end it has forgotten it.
  if (open->scope.state() != nullptr) {
    const SavedError saved;
    open->scope.end(TaskStatus::kCancelled);
  }
  delete open->inside;
  open->scope.~OpenScope();
  Py_XDECREF(open->form);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// Named arguments of end(), in the order of its signature.
enum Argument : size_t {
  kStatus,
  kResult,
  kStored,
  kGenerated,
  kError,
  kEndNs,
  kAttributes,
  kTraceback
};
constexpr std::array<const char*, 8> kArguments = {"status", "result", "stored",     "generated",
                                                   "error",  "end_ns", "attributes", "traceback"};
using Arguments = std::array<PyObject*, kArguments.size()>;

// False, with an exception, for one that is unknown.
bool take(Arguments* out, PyObject* name, PyObject* value) {
  static const auto names = [] {
    Arguments made{};
    for (size_t i = 0; i < made.size(); ++i) made[i] = PyUnicode_InternFromString(kArguments[i]);
    return made;
  }();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name && PyUnicode_Compare(names[i], name) != 0) continue;
    (*out)[i] = value;
    return true;
  }
  PyErr_Format(PyExc_TypeError, "end() takes no argument %R", name);
  return false;
}

TaskStatus status_of_word(PyObject* word) {
  Ref keep;
  const std::string_view text = text_of(word, keep);
  if (text == "finished") return TaskStatus::kFinished;
  return text == "cancelled" ? TaskStatus::kCancelled : TaskStatus::kFailed;
}

// Adds what went wrong, and gives how it ended.
TaskStatus add_error(capture::Fields& fields, const Arguments& given) {
  PyObject* error = given[kError];
  const bool is_said = PyUnicode_Check(given[kStatus]) && PyUnicode_GET_LENGTH(given[kStatus]) > 0;
  TaskStatus status = is_said ? status_of_word(given[kStatus]) : TaskStatus::kFinished;
  if (PyExceptionInstance_Check(error)) {
    if (!is_said) status = status_of_exception(error);
    if (!is_said && status == TaskStatus::kFinished) return status;  // SystemExit(0)
    const Ref own = Ref::steal(PyException_GetTraceback(error));
    PyObject* traceback = given[kTraceback] != Py_None ? given[kTraceback] : own.get();
    quietly([&] { add_exception(fields, error, traceback); });
  } else if (PyUnicode_Check(error)) {
    if (!is_said) status = TaskStatus::kFailed;
    quietly([&] { add_value(fields, Role::kError, name_of("message"), error); });
  }
  return status;
}

PyObject* end_with(OpenTaskObject& open, const Arguments& given) {
  std::optional<uint64_t> end_ticks;
  if (open.scope.state() == nullptr) Py_RETURN_NONE;
  capture::Fields& fields = open.scope.state()->fields;
  if (!read_moment(given[kEndNs], &end_ticks) ||
      !add_mapping(open, Role::kGenerated, given[kGenerated]) ||
      !add_mapping(open, Role::kAttribute, given[kAttributes])) {
    const SavedError saved;
    open.scope.end(TaskStatus::kCancelled);
    return nullptr;
  }
  if (given[kStored] != Py_None && open.form != nullptr) {
    const SavedError saved;
    quietly([&] { form_of(open.form).add_stored(open, given[kStored], given[kResult]); });
  }
  if (given[kResult] != Py_None) {
    const SavedError saved;
    quietly([&] { open.scope.activity().add_result(fields, given[kResult]); });
  }
  const TaskStatus status = add_error(fields, given);
  const uint64_t begin_ticks = open.scope.state()->begin_ticks;
  open.scope.end(status, end_ticks ? std::max(*end_ticks, begin_ticks) : 0);
  Py_RETURN_NONE;
}

// end(status=None, *, result=None, stored=None, generated=None, error=None, end_ns=None,
// attributes=None, traceback=None)
PyObject* end(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  if (count > 1) {
    PyErr_SetString(PyExc_TypeError, "end() takes the status alone by position");
    return nullptr;
  }
  Arguments given{};
  given.fill(Py_None);
  if (count == 1) given[kStatus] = args[0];
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < named; ++i) {
    if (!take(&given, PyTuple_GET_ITEM(keywords, i), args[count + i])) return nullptr;
  }
  return end_with(*as_open_task(self), given);
}

// call(function, *args, **keywords)
PyObject* call(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "call() takes a function");
    return nullptr;
  }
  const OpenTaskObject& open = *as_open_task(self);
  const auto rest = static_cast<size_t>(count - 1);
  if (open.scope.state() == nullptr) return PyObject_Vectorcall(*args, args + 1, rest, keywords);
  const Visit visit(open.place);
  return PyObject_Vectorcall(*args, args + 1, rest, keywords);
}

PyObject* enter(PyObject* self, PyObject*) {
  OpenTaskObject& open = *as_open_task(self);
  quietly([&] {
    if (open.inside == nullptr) open.inside = new std::vector<std::unique_ptr<Visit>>;
    const bool is_open = open.scope.state() != nullptr;
    open.inside->push_back(is_open ? std::make_unique<Visit>(open.place) : nullptr);
  });
  return Py_NewRef(self);
}

// __exit__(kind, error, traceback)
PyObject* exit(PyObject* self, PyObject* args) {
  PyObject* kind = nullptr;
  PyObject* error = nullptr;
  PyObject* traceback = nullptr;
  if (PyArg_UnpackTuple(args, "__exit__", 3, 3, &kind, &error, &traceback) == 0) return nullptr;
  OpenTaskObject& open = *as_open_task(self);
  if (open.inside != nullptr && !open.inside->empty()) {
    open.inside->pop_back();
    if (!open.inside->empty()) Py_RETURN_NONE;
  }
  Arguments given{};
  given.fill(Py_None);
  given[kError] = error;
  return end_with(open, given);
}

PyObject* get_id(PyObject* self, void*) {
  const TaskState* state = as_open_task(self)->scope.state();
  if (state == nullptr) Py_RETURN_NONE;
  const TaskRef task = as_open_task(self)->place.task;
  return PyUnicode_FromString(task_uuid(task.producer, task.number).text().c_str());
}

PyObject* get_place(PyObject* self, void*) {
  const TaskState* state = as_open_task(self)->scope.state();
  return PyUnicode_FromString(state == nullptr ? "" : text_of(as_open_task(self)->place).c_str());
}

// draw_task() -> the id of a task that is recorded later, or None
PyObject* draw_task(PyObject*, PyObject*) {
  const capture::Recorder* recorder = is_enabled() ? capture::Recorder::get() : nullptr;
  const TaskNumber number = recorder == nullptr ? 0 : capture::draw_task_number();
  if (number == 0) Py_RETURN_NONE;
  return PyUnicode_FromString(task_uuid(recorder->producer(), number).text().c_str());
}

template <typename Function>
PyCFunction as_method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyGetSetDef g_getset[] = {
    {"id", get_id, nullptr, "The task's id as text; None when it has ended or capture is off.",
     nullptr},
    {"place", get_place, nullptr,
     "The `parent` of what another process or thread records under this task; \"\" when it has "
     "ended or capture is off.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {
    {"used", as_method(open_task::used), METH_VARARGS | METH_KEYWORDS,
     "used(values=None, /, **more)\n--\n\nAdds values and objects that went in; a later value of a "
     "name replaces an earlier one."},
    {"generated", as_method(open_task::generated), METH_VARARGS | METH_KEYWORDS,
     "generated(values=None, /, **more)\n--\n\nAdds values and objects that came out."},
    {"attributes", as_method(open_task::attributes), METH_VARARGS | METH_KEYWORDS,
     "attributes(values=None, /, **more)\n--\n\nAdds facts about the run itself: worker, queue, "
     "bytes moved."},
    {"tag", as_method(open_task::tag), METH_VARARGS | METH_KEYWORDS,
     "tag(*labels, **values)\n--\n\nLabels the task."},
    {"log", as_method(open_task::log), METH_VARARGS | METH_KEYWORDS,
     "log(values=None, /, at_ns=None, **more)\n--\n\nRecords one row of metrics under the task, of "
     "now or of `at_ns` (Unix, or a now())."},
    {"use_objects", or_none<open_task::use_objects>, METH_VARARGS,
     "use_objects(name, objects, /)\n--\n\nAdds used objects beyond the 500 or so that one record "
     "has room for, as edges apart."},
    {"call", as_method(call), METH_FASTCALL | METH_KEYWORDS,
     "call(function, /, *args, **keywords)\n--\n\nCalls `function` with this task as the parent of "
     "what it records. What it raises is not\ntouched and does not end the task."},
    {"end", as_method(end), METH_FASTCALL | METH_KEYWORDS,
     "end(status=None, *, result=None, stored=None, generated=None, error=None, end_ns=None, "
     "attributes=None, traceback=None)\n--\n\nWrites the task's record; more calls do nothing."},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", exit, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_getset, g_getset},
    {Py_tp_methods, g_methods},
    {Py_tp_doc,
     const_cast<char*>(
         "A task that has begun; `end()` ends it, or leaving its `with` block.\n\nUnless it was "
         "begun as the current one, it is nobody's current task, so that begin and end may\nstand "
         "in different callbacks and threads; what runs inside `with task:` or `task.call(...)`\n"
         "becomes its child. One thread at a time. Forgotten without an end, it is cancelled.")},
    {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.OpenTask", sizeof(OpenTaskObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_slots};

PyMethodDef g_functions[] = {{"open_task", or_none<make_open_task>, METH_VARARGS, nullptr},
                             {"draw_task", or_none<draw_task>, METH_NOARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyObject* begin_open_task(const Beginning& how) {
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  OpenTaskObject& open = *as_open_task(self);
  new (&open.scope) OpenScope;
  open.reads_devices = how.reads_devices;
  if (how.activity != nullptr && is_enabled()) quietly([&] { begin(open, how); });
  return self;
}

void end_open_task(OpenTaskObject& open, PyObject* status, PyObject* result, PyObject* stored) {
  Arguments given{};
  given.fill(Py_None);
  given[kStatus] = status;
  given[kResult] = result;
  given[kStored] = stored;
  if (!Ref::steal(end_with(open, given))) drop_error();
}

bool add_open_task_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "OpenTask", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
