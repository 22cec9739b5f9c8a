#include "binding/scope_type.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <structmember.h>
#include <unordered_map>
#include <utility>

#include "binding/failure.h"
#include "binding/task_type.h"
#include "binding/values.h"
#include "capture/shared_word.h"

namespace headrace::binding {

using capture::Fields;
using capture::TaskState;

namespace {

bool is_in_loop() { return event_loop_is_running() && !is_in_generator(); }

capture::Push push_of(bool in_loop) {
  return in_loop ? capture::Push::kDetached : capture::Push::kCurrent;
}

}  // namespace

bool OpenScope::begin(Activity& activity) {
  if (!is_enabled()) return false;
  const bool in_loop = is_in_loop();
  return begun(activity, begin_child(activity.id(), push_of(in_loop)), in_loop);
}

bool OpenScope::begin(Activity& activity, const Place* place, Currency currency) {
  if (!is_enabled()) return false;
  const bool is_current = currency != Currency::kNone;
  const bool in_loop = currency == Currency::kHere && is_in_loop();
  const capture::Push push = is_current ? push_of(in_loop) : capture::Push::kDetached;
  TaskState* state =
      place != nullptr ? begin_at(activity.id(), *place, push) : begin_child(activity.id(), push);
  if (is_current) return begun(activity, state, in_loop);
  activity_ = &activity;
  state_ = state;
  if (state_ != nullptr) begin_ticks_ = state_->begin_ticks;
  return state_ != nullptr;
}

void OpenScope::set_begin(uint64_t at_ticks) {
  begin_ticks_ = state_->begin_ticks = std::min(at_ticks, state_->begin_ticks);
  capture::store_release(state_->slot->record.begin_ticks, begin_ticks_);
}

bool OpenScope::begun(Activity& activity, TaskState* state, bool in_loop) {
  activity_ = &activity;
  state_ = state;
  if (in_loop) context_.enter(state_);
  if (state_ == nullptr) return false;
  begin_ticks_ = state_->begin_ticks;
  // Under an event loop the thread does other work meanwhile.
  cpu_ = in_loop ? CpuReading{} : activity.cpu().begin();
  return true;
}

void OpenScope::end(TaskStatus status, uint64_t at_ticks) {
  context_.leave();
  activity_->cpu().add(state_->fields, cpu_, begin_ticks_);
  quietly([&] {
    const uint64_t end_ticks = capture::end_task(std::exchange(state_, nullptr), status, at_ticks);
    activity_->cpu().note(end_ticks - begin_ticks_);
  });
}

namespace {

Activity* activity_of_text(PyObject* name) {
  static auto& known = *new std::unordered_map<std::string, std::unique_ptr<Activity>>;
  // Names made of data ("epoch 17") are not collected for ever.
  constexpr size_t kMaxKnown = 4096;
  std::string text = text_of(name);
  auto found = known.find(text);
  if (found == known.end() && known.size() >= kMaxKnown) {
    text = "(too many activities)";
    found = known.find(text);
  }
  if (found == known.end()) {
    auto made = std::make_unique<Activity>(text, "", 0);
    found = known.emplace(std::move(text), std::move(made)).first;
  }
  return found->second.get();
}

}  // namespace

// By the string's address: the name of a block is mostly a constant of its code.
Activity* activity_of(PyObject* name) {
  struct Known {
    PyObject* name;  // owned
    Activity* activity;
  };
  static std::array<Known, 256> known{};
  Known& slot = known[(reinterpret_cast<uintptr_t>(name) >> 4) % known.size()];
  if (slot.name != name) {
    Activity* found = nullptr;
    quietly([&] { found = activity_of_text(name); });
    if (found == nullptr) return nullptr;
    slot.activity = found;
    Py_XSETREF(slot.name, Py_NewRef(name));
  }
  return slot.activity;
}

namespace {

struct ScopeObject {
  PyObject_HEAD PyObject* name;
  PyObject* used;  // a mapping or null
  PyObject* tags;
  PyObject* options;  // a dict, for when it decorates a function; null: none but name and tags
  bool is_owner;      // false: it only refers to a task that others end
  OpenScope own;
  TaskRef task;  // nil before it begins
};

PyTypeObject* g_type = nullptr;

ScopeObject* cast(PyObject* self) { return reinterpret_cast<ScopeObject*>(self); }

// A record keeps 40 KiB of text; values logged again and again stop being replaced before that.
constexpr size_t kMaxReplacedBytes = 24 * 1024;

// The open task that `scope` stands for, or null when it has ended or is not within reach: a task
// that others end is looked for among those open on this thread.
TaskState* find_open(const ScopeObject* scope) {
  if (scope->is_owner) return scope->own.state();
  TaskState* nearest = current_state();
  if (nearest != nullptr && capture::reference(nearest) == scope->task) return nearest;
  for (TaskState* at = capture::current_task(); at != nullptr; at = at->outer) {
    if (capture::reference(at) == scope->task) return at;
  }
  return nullptr;
}

PyObject* make_scope(PyObject* name, PyObject* used, PyObject* tags, PyObject* options,
                     bool owned) {
  const auto given = [](PyObject* object) { return object == Py_None ? nullptr : object; };
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  ScopeObject* scope = cast(self);
  scope->name = Py_XNewRef(name);
  scope->used = Py_XNewRef(given(used));
  scope->tags = Py_XNewRef(given(tags));
  scope->options = Py_XNewRef(options);
  scope->is_owner = owned;
  new (&scope->own) OpenScope;
  return self;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  ScopeObject* scope = cast(self);
  // Entered and never left: a generator with a `with` inside that was thrown away.
  if (scope->own.state() != nullptr) {
    const SavedError saved;
    scope->own.end(TaskStatus::kCancelled);
  }
  scope->own.~OpenScope();
  for (PyObject* member : {scope->name, scope->used, scope->tags, scope->options}) {
    Py_XDECREF(member);
  }
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->used);
  Py_VISIT(cast(self)->tags);
  Py_VISIT(cast(self)->options);
  return 0;
}

// Values by mapping, by keyword, or both. False, with an exception, when a mapping cannot be read.
bool add_given(Fields& fields, Role role, PyObject* args, PyObject* keywords) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
    PyObject* mapping = PyTuple_GET_ITEM(args, i);
    if (PyDict_CheckExact(mapping)) {
      add_items(fields, role, mapping, Interest::kExplicit);
      continue;
    }
    const Ref copy = Ref::steal(PyDict_New());
    if (!copy || PyDict_Update(copy.get(), mapping) < 0) return false;
    add_items(fields, role, copy.get(), Interest::kExplicit);
  }
  if (keywords != nullptr) add_items(fields, role, keywords, Interest::kExplicit);
  return true;
}

PyObject* add_to_task(PyObject* self, PyObject* args, PyObject* keywords, Role role) {
  TaskState* state = find_open(cast(self));
  if (state != nullptr) {
    bool added = true;
    quietly([&] {
      state->fields.replace_existing();
      added = add_given(state->fields, role, args, keywords);
    });
    if (!added) return nullptr;
  } else if (cast(self)->task.number != 0 &&
             PyErr_WarnEx(PyExc_RuntimeWarning,
                          "headrace: the task has ended, or is another thread's; its values are "
                          "not recorded",
                          1) < 0) {
    return nullptr;
  }
  return Py_NewRef(self);
}

PyObject* add_used(PyObject* self, PyObject* args, PyObject* keywords) {
  return add_to_task(self, args, keywords, Role::kUsed);
}
PyObject* add_generated(PyObject* self, PyObject* args, PyObject* keywords) {
  return add_to_task(self, args, keywords, Role::kGenerated);
}

PyObject* add_tag(PyObject* self, PyObject* args, PyObject* keywords) {
  if (TaskState* state = find_open(cast(self)); state != nullptr) {
    quietly([&] {
      add_tags(state->fields, args);
      if (keywords != nullptr) add_items(state->fields, Role::kTag, keywords, Interest::kExplicit);
    });
  }
  return Py_NewRef(self);
}

// A row of the series; its values, the last ones so far, also become generated values of the task.
bool log_to(TaskState* state, PyObject* args, PyObject* keywords) {
  Fields fields;
  if (!add_given(fields, Role::kGenerated, args, keywords)) return false;
  if (state != nullptr) {
    state->fields.replace_existing();
    if (state->fields.bytes_after_fixed() < kMaxReplacedBytes) {
      add_given(state->fields, Role::kGenerated, args, keywords);
    }
  }
  capture::log_values(state, LogStream::kMetric, fields);
  return true;
}

PyObject* log_method(PyObject* self, PyObject* args, PyObject* keywords) {
  TaskState* state = find_open(cast(self));
  bool logged = true;
  quietly([&] { logged = state == nullptr || log_to(state, args, keywords); });
  return logged ? Py_NewRef(self) : nullptr;
}

PyObject* enter(PyObject* self, PyObject*) {
  ScopeObject* scope = cast(self);
  if (!scope->is_owner || scope->own.state() != nullptr) {
    PyErr_SetString(PyExc_RuntimeError,
                    "this task is open already; make one with headrace.task(name)");
    return nullptr;
  }
  if (scope->options != nullptr) {
    PyErr_SetString(PyExc_TypeError,
                    "outputs, args, results, sample and min_duration belong to a decorated "
                    "function; a block says itself what it records");
    return nullptr;
  }
  Activity* activity = activity_of(scope->name);
  if (activity != nullptr && scope->own.begin(*activity)) {
    TaskState* state = scope->own.state();
    scope->task = capture::reference(state);
    quietly([&] {
      if (scope->used != nullptr && PyDict_CheckExact(scope->used)) {
        add_items(state->fields, Role::kUsed, scope->used, Interest::kExplicit);
      } else if (scope->used != nullptr) {
        const Ref args = Ref::steal(PyTuple_Pack(1, scope->used));
        if (!args || !add_given(state->fields, Role::kUsed, args.get(), nullptr)) PyErr_Clear();
      }
      if (scope->tags != nullptr) add_tags(state->fields, scope->tags);
    });
  }
  return Py_NewRef(self);
}

PyObject* leave(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  ScopeObject* scope = cast(self);
  TaskState* state = scope->own.state();
  if (state == nullptr) Py_RETURN_FALSE;
  TaskStatus status = TaskStatus::kFinished;
  if (count == 3 && args[0] != Py_None) {
    // The interpreter may hand over a class and no instance.
    if (PyExceptionInstance_Check(args[1])) {
      status = status_of_exception(args[1]);
      const bool closed = PyErr_GivenExceptionMatches(args[1], PyExc_GeneratorExit) != 0;
      if (status != TaskStatus::kFinished && !closed) {
        quietly(
            [&] { add_exception(state->fields, args[1], args[2] == Py_None ? nullptr : args[2]); });
      }
    } else {
      status = TaskStatus::kFailed;
    }
  }
  scope->own.end(status);
  Py_RETURN_FALSE;
}

// @headrace.task("name"), with what else was given.
PyObject* decorate(PyObject* self, PyObject* args, PyObject* keywords) {
  PyObject* function = nullptr;
  static const char* names[] = {"function", nullptr};
  if (PyArg_ParseTupleAndKeywords(args, keywords, "O:task", const_cast<char**>(names), &function) ==
      0) {
    return nullptr;
  }
  const ScopeObject* scope = cast(self);
  if (scope->used != nullptr) {
    PyErr_SetString(PyExc_TypeError,
                    "used= belongs to `with headrace.task(...)`; a function's arguments are used "
                    "values by themselves");
    return nullptr;
  }
  TaskOptions options = options_of(scope->options);
  options.name = scope->name;
  options.tags = scope->tags;
  return make_task(function, options);
}

PyObject* get_id(PyObject* self, void*) {
  const TaskRef task = cast(self)->task;
  if (task.number == 0) Py_RETURN_NONE;
  std::string text;
  quietly([&] { text = task_uuid(task.producer, task.number).text(); });
  if (text.empty()) return PyErr_NoMemory();
  return PyUnicode_FromString(text.c_str());
}

PyObject* repr(PyObject* self) {
  const Ref id = Ref::steal(get_id(self, nullptr));
  return PyUnicode_FromFormat("<headrace.TaskScope %S>", id.get());
}

PyCFunction cast_function(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyGetSetDef g_getset[] = {
    {"id", get_id, nullptr, "The task's id as text; None before it begins.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(leave)), METH_FASTCALL,
     nullptr},
    {"used", cast_function(add_used), METH_VARARGS | METH_KEYWORDS,
     "Records values that went into the task."},
    {"generated", cast_function(add_generated), METH_VARARGS | METH_KEYWORDS,
     "Records values that came out of the task; a later value of a name replaces an earlier one."},
    {"log", cast_function(log_method), METH_VARARGS | METH_KEYWORDS,
     "Records one row of a series of values."},
    {"tag", cast_function(add_tag), METH_VARARGS | METH_KEYWORDS, "Labels the task."},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_call, reinterpret_cast<void*>(decorate)},
                         {Py_tp_repr, reinterpret_cast<void*>(repr)},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.TaskScope", sizeof(ScopeObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      g_slots};

// --- functions ---

PyDoc_STRVAR(g_task_doc,
             "task(function)\n"
             "task(*, name=None, outputs=None, tags=None, args=None, results=None, sample=None,\n"
             "     min_duration=None)\n"
             "task(name, /, *, used=None, tags=None, ...)\n--\n\n"
             "Captures the calls of a function as tasks, or a block:\n\n"
             "    @headrace.task\n    def train(lr, epochs): ...\n\n"
             "    with headrace.task('epoch', used={'n': n}) as t:\n"
             "        t.generated(loss=loss)\n\n"
             "Arguments are recorded as used values before the call, what is returned as\n"
             "generated values: a dict by its keys, a tuple by the names in outputs, anything\n"
             "else as 'result' or the one name in outputs. An exception makes the task failed\n"
             "and goes on unchanged.\n\n"
             "args: False or the names of the arguments to record. results: False records none.\n"
             "sample: record one call of n (an int) or with a probability (a float).\n"
             "min_duration: seconds; shorter calls leave no record. What is left out is counted.");

PyObject* task_of_any(PyObject* args, PyObject* keywords) {
  static const char* names[] = {"",     "name",    "used",   "outputs",      "tags",
                                "args", "results", "sample", "min_duration", nullptr};
  PyObject* first = nullptr;
  PyObject* used = Py_None;
  TaskOptions options{Py_None, Py_None, Py_None, Py_None, Py_None, Py_None, Py_None};
  if (PyArg_ParseTupleAndKeywords(args, keywords, "|O$OOOOOOOO:task", const_cast<char**>(names),
                                  &first, &options.name, &used, &options.outputs, &options.tags,
                                  &options.args, &options.results, &options.sample,
                                  &options.min_duration) == 0) {
    return nullptr;
  }
  if (options.name != Py_None && !PyUnicode_Check(options.name)) {
    PyErr_SetString(PyExc_TypeError, "name must be a string");
    return nullptr;
  }
  if (used != Py_None && !PyMapping_Check(used)) {
    PyErr_SetString(PyExc_TypeError, "used must be a mapping of names to values");
    return nullptr;
  }
  if (first != nullptr && !PyUnicode_Check(first)) return make_task(first, options);
  PyObject* name = first != nullptr ? first : options.name;
  // As most blocks have none of them, they have no dict either.
  const bool is_plain = options.outputs == Py_None && options.args == Py_None &&
                        options.results == Py_None && options.sample == Py_None &&
                        options.min_duration == Py_None;
  const Ref others = is_plain ? Ref() : Ref::steal(dict_of(options));
  if (!is_plain && !others) return nullptr;
  return make_scope(name == Py_None ? nullptr : name, used, options.tags, others.get(), true);
}

// Most blocks are task("name") and task("name", used=...): they are read without a tuple and a
// dict.
PyObject* task(PyObject*, PyObject* const* args, Py_ssize_t count, PyObject* keyword_names) {
  static PyObject* used = PyUnicode_InternFromString("used");
  if (count == 1 && PyUnicode_CheckExact(args[0])) {
    if (keyword_names == nullptr) return make_scope(args[0], nullptr, nullptr, nullptr, true);
    if (PyTuple_GET_SIZE(keyword_names) == 1 && PyTuple_GET_ITEM(keyword_names, 0) == used &&
        PyDict_CheckExact(args[1])) {
      return make_scope(args[0], args[1], nullptr, nullptr, true);
    }
  }
  const Ref tuple = Ref::steal(PyTuple_New(count));
  const Ref dict = Ref::steal(keyword_names != nullptr ? PyDict_New() : nullptr);
  if (!tuple || (keyword_names != nullptr && !dict)) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(args[i]));
  for (Py_ssize_t i = 0; keyword_names != nullptr && i < PyTuple_GET_SIZE(keyword_names); ++i) {
    PyObject* name = PyTuple_GET_ITEM(keyword_names, i);
    if (PyDict_SetItem(dict.get(), name, args[count + i]) < 0) return nullptr;
  }
  return task_of_any(tuple.get(), dict.get());
}

PyObject* log(PyObject*, PyObject* args, PyObject* keywords) {
  bool logged = true;
  quietly([&] {
    if (!is_enabled() || capture::Recorder::get() == nullptr) return;
    logged = log_to(current_state(), args, keywords);
  });
  if (!logged) return nullptr;
  Py_RETURN_NONE;
}

PyObject* current_task(PyObject*, PyObject*) {
  const TaskRef task = current_reference();
  if (task.number == 0) Py_RETURN_NONE;
  PyObject* self = make_scope(nullptr, nullptr, nullptr, nullptr, false);
  if (self != nullptr) cast(self)->task = task;
  return self;
}

PyMethodDef g_functions[] = {
    {"task", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(task)),
     METH_FASTCALL | METH_KEYWORDS, g_task_doc},
    {"log", cast_function(log), METH_VARARGS | METH_KEYWORDS,
     "log(*mappings, **values)\n--\n\nRecords one row of a series under the current task: "
     "log(step=1, loss=0.5). The last\nvalues also become generated values of the task."},
    {"current_task", current_task, METH_NOARGS,
     "current_task()\n--\n\nThe task that runs here, or None."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_scope_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "TaskScope", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
