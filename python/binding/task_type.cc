// The one file that knows how CPython calls and lays out an object: vectorcall at an offset, the
// method-descriptor flag, instance dict and weak references at offsets (3.10 to 3.13 alike).
#include "binding/task_type.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <structmember.h>

#include "binding/activity.h"
#include "binding/failure.h"
#include "binding/parents.h"
#include "binding/resumable.h"
#include "binding/selection.h"
#include "binding/signature.h"
#include "binding/values.h"

namespace headrace::binding {
namespace {

using capture::end_task;
using capture::Push;
using capture::TaskState;

enum class Kind : uint8_t { kFunction, kGenerator, kCoroutine, kAsyncGenerator };

struct TaskObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* function;
  PyObject* dict;
  PyObject* weak_references;
  Activity* activity;
  Signature* signature;
  Selection* selection;  // null: every call is recorded
  PyObject* options;     // a dict: what it was made with, to be made again elsewhere
  PyObject* attributes;  // a dict, or null
  Kind kind;
};

PyTypeObject* g_type = nullptr;

TaskObject* cast(PyObject* self) { return reinterpret_cast<TaskObject*>(self); }

// --- the call ---

// PyObject_Vectorcall without its check of the result, which the caller of `call` makes anyway.
inline PyObject* call_function(PyObject* function, PyObject* const* args, size_t count_and_flag,
                               PyObject* keyword_names) {
  const PyTypeObject* type = Py_TYPE(function);
  if (PyType_HasFeature(Py_TYPE(function), Py_TPFLAGS_HAVE_VECTORCALL) != 0) [[likely]] {
    const char* at = reinterpret_cast<const char*>(function) + type->tp_vectorcall_offset;
    vectorcallfunc enter = nullptr;
    std::memcpy(&enter, at, sizeof enter);
    if (enter != nullptr) [[likely]]
      return enter(function, args, count_and_flag, keyword_names);
  }
  return PyObject_Vectorcall(function, args, count_and_flag, keyword_names);
}

inline void add_begin(TaskObject* task, capture::Fields& fields, PyObject* const* args,
                      size_t count, PyObject* keyword_names) {
  task->signature->add_arguments(fields, args, count, keyword_names);
  if (task->attributes != nullptr) {
    add_items(fields, Role::kAttribute, task->attributes, Interest::kExplicit);
  }
}

[[gnu::noinline]] PyObject* failed(const TaskObject* task, TaskState* state) {
  if (task->activity->tags() != nullptr) {
    quietly([&] { add_tags(state->fields, task->activity->tags()); });
  }
  TaskStatus status = TaskStatus::kFailed;
  quietly([&] { status = add_raised(state->fields); });
  quietly([&] { end_task(state, status); });
  return nullptr;
}

PyObject* call(PyObject* self, PyObject* const* args, size_t count_and_flag,
               PyObject* keyword_names) {
  TaskObject* task = cast(self);
  if (!is_enabled()) return call_function(task->function, args, count_and_flag, keyword_names);
  TaskState* state = begin_child(task->activity->id(), Push::kCurrent);
  if (state == nullptr) [[unlikely]]
    return call_function(task->function, args, count_and_flag, keyword_names);
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  quietly([&] { add_begin(task, state->fields, args, count, keyword_names); });
  const CpuReading reading = task->activity->cpu().begin();
  const uint64_t begin_ticks = state->begin_ticks;
  // The function may drop the last reference to its own task.
  const Ref hold = Ref::share(self);
  PyObject* result = call_function(task->function, args, count_and_flag, keyword_names);
  if (result == nullptr) [[unlikely]]
    return failed(task, state);
  quietly([&] { task->activity->add_result(state->fields, result); });
  quietly([&] {
    task->activity->cpu().add(state->fields, reading, begin_ticks);
    task->activity->cpu().note(end_task(state, TaskStatus::kFinished) - begin_ticks);
  });
  return result;
}

// The same where not every call leaves a record. What failed does, if it was begun, and what became
// a parent: its children name it.
PyObject* call_selected(PyObject* self, PyObject* const* args, size_t count_and_flag,
                        PyObject* keyword_names) {
  TaskObject* task = cast(self);
  const Ref hold = Ref::share(self);
  TaskState* state = is_enabled() && task->selection->takes()
                         ? begin_child(task->activity->id(), Push::kCurrent)
                         : nullptr;
  if (state == nullptr) return call_function(task->function, args, count_and_flag, keyword_names);
  const Watched watched(state);
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  quietly([&] { add_begin(task, state->fields, args, count, keyword_names); });
  const CpuReading reading = task->activity->cpu().begin();
  const uint64_t begin_ticks = state->begin_ticks;
  PyObject* result = call_function(task->function, args, count_and_flag, keyword_names);
  if (result == nullptr) {
    quietly([&] { task->selection->add_counts(state->fields); });
    return failed(task, state);
  }
  const uint64_t duration_ticks = ticks() - begin_ticks;
  if (!watched.is_referenced() && task->selection->is_too_short(duration_ticks)) {
    capture::discard_task(state);
    return result;
  }
  quietly([&] { task->activity->add_result(state->fields, result); });
  quietly([&] {
    task->activity->cpu().add(state->fields, reading, begin_ticks);
    task->selection->add_counts(state->fields);
    task->activity->cpu().note(duration_ticks);
    end_task(state, TaskStatus::kFinished);
  });
  return result;
}

// Calling makes the coroutine or generator; its task ends when that ends.
PyObject* call_resumable(PyObject* self, PyObject* const* args, size_t count_and_flag,
                         PyObject* keyword_names) {
  TaskObject* task = cast(self);
  const Ref hold = Ref::share(self);
  PyObject* inner = PyObject_Vectorcall(task->function, args, count_and_flag, keyword_names);
  if (inner == nullptr || !is_enabled()) return inner;
  if (task->selection != nullptr && !task->selection->takes()) return inner;
  TaskState* state = begin_child(task->activity->id(), Push::kDetached);
  if (state == nullptr) return inner;
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  quietly([&] { add_begin(task, state->fields, args, count, keyword_names); });
  if (task->selection != nullptr) quietly([&] { task->selection->add_counts(state->fields); });
  switch (task->kind) {
    case Kind::kGenerator: return wrap_generator(inner, state, self, task->activity);
    case Kind::kCoroutine: return wrap_coroutine(inner, state, self, task->activity);
    default: return wrap_async_generator(inner, state, self, task->activity);
  }
}

// --- the object ---

Kind kind_of(int code_flags) {
  if ((code_flags & CO_ASYNC_GENERATOR) != 0) return Kind::kAsyncGenerator;
  if ((code_flags & CO_COROUTINE) != 0) return Kind::kCoroutine;
  if ((code_flags & CO_GENERATOR) != 0) return Kind::kGenerator;
  return Kind::kFunction;
}

// "train" of "main.<locals>.train"; "Trainer.step" stays.
std::string activity_name(PyObject* function) {
  Ref name = Ref::steal(PyObject_GetAttrString(function, "__qualname__"));
  if (!name || !PyUnicode_Check(name.get())) {
    PyErr_Clear();
    name = Ref::steal(PyObject_GetAttrString(function, "__name__"));
  }
  if (!name || !PyUnicode_Check(name.get())) {
    PyErr_Clear();
    return Py_TYPE(function)->tp_name;
  }
  std::string text = text_of(name.get());
  constexpr std::string_view kLocals = "<locals>.";
  if (const size_t at = text.rfind(kLocals); at != std::string::npos) {
    text.erase(0, at + kLocals.size());
  }
  return text;
}

// What functools.update_wrapper copies, so that tools see the function.
bool copy_attributes(PyObject* from, PyObject* to) {
  for (const char* name : {"__module__", "__name__", "__qualname__", "__doc__", "__annotations__",
                           "__type_params__"}) {
    const Ref value = Ref::steal(PyObject_GetAttrString(from, name));
    if (!value) {
      PyErr_Clear();
      continue;
    }
    if (PyDict_SetItemString(to, name, value.get()) < 0) return false;
  }
  const Ref dict = Ref::steal(PyObject_GetAttrString(from, "__dict__"));
  if (!dict)
    PyErr_Clear();
  else if (PyDict_CheckExact(dict.get()) && PyDict_Update(to, dict.get()) < 0)
    return false;
  return PyDict_SetItemString(to, "__wrapped__", from) == 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  TaskObject* task = cast(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(task->function);
  Py_VISIT(task->dict);
  Py_VISIT(task->options);
  Py_VISIT(task->attributes);
  return task->signature != nullptr ? task->signature->traverse(visit, arg) : 0;
}

int clear(PyObject* self) {
  // The function stays: a call may be under way, and it takes part in no cycle without the dict.
  Py_CLEAR(cast(self)->dict);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  TaskObject* task = cast(self);
  if (task->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  Py_XDECREF(task->dict);
  Py_XDECREF(task->options);
  Py_XDECREF(task->attributes);
  delete task->selection;
  delete task->signature;
  delete task->activity;
  Py_XDECREF(task->function);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  if (instance == nullptr || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
}

PyObject* repr(PyObject* self) {
  return PyUnicode_FromFormat("<headrace task '%s' of %R>", cast(self)->activity->name().c_str(),
                              cast(self)->function);
}

// Whether the name of the function leads back to this task, as it does for a function of a module.
bool is_found_by_name(PyObject* self, PyObject* module_name, PyObject* qualified_name) {
  if (!PyUnicode_Check(module_name) || !PyUnicode_Check(qualified_name)) return false;
  PyObject* modules = PyImport_GetModuleDict();
  Ref at = Ref::share(PyDict_GetItemWithError(modules, module_name));
  const Ref dot = Ref::steal(PyUnicode_FromString("."));
  const Ref parts =
      Ref::steal(at && dot ? PyUnicode_Split(qualified_name, dot.get(), -1) : nullptr);
  if (!parts) return PyErr_Clear(), false;
  for (Py_ssize_t i = 0; at && i < PyList_GET_SIZE(parts.get()); ++i) {
    at = Ref::steal(PyObject_GetAttr(at.get(), PyList_GET_ITEM(parts.get(), i)));
  }
  PyErr_Clear();
  return at.get() == self;
}

// (task, (function,), {options, __dict__}): makes it again around a copy of its function.
PyObject* reduce_by_value(PyObject* self, PyObject*) {
  const Ref module = Ref::steal(PyImport_ImportModule("headrace._capture"));
  const Ref make_again =
      Ref::steal(module ? PyObject_GetAttrString(module.get(), "remake_task") : nullptr);
  if (!make_again) return nullptr;
  return Py_BuildValue("O(OO)", make_again.get(), cast(self)->function, cast(self)->options);
}

// By its qualified name, as functions are; what no name leads to by value, which picklers that
// can copy a function (cloudpickle's) make use of.
PyObject* reduce(PyObject* self, PyObject*) {
  Ref module = Ref::steal(PyObject_GetAttrString(cast(self)->function, "__module__"));
  Ref name = Ref::steal(PyObject_GetAttrString(cast(self)->function, "__qualname__"));
  PyErr_Clear();
  if (module && name && is_found_by_name(self, module.get(), name.get())) return name.release();
  return reduce_by_value(self, nullptr);
}

PyObject* itself(PyObject* self, PyObject*) { return Py_NewRef(self); }

PyObject* get_activity(PyObject* self, void*) {
  return PyUnicode_FromString(cast(self)->activity->name().c_str());
}

// What a library looks at to tell a coroutine function: its own marker, found where it is loaded.
PyObject* coroutine_marker(PyObject* self, void* where) {
  const char* const* module_and_name = static_cast<const char* const*>(where);
  if (cast(self)->kind == Kind::kCoroutine) {
    PyObject* modules = PyImport_GetModuleDict();
    PyObject* module = PyDict_GetItemString(modules, module_and_name[0]);
    if (module != nullptr) return PyObject_GetAttrString(module, module_and_name[1]);
  }
  PyErr_SetString(PyExc_AttributeError, module_and_name[2]);
  return nullptr;
}
const char* const kAsyncioMarker[] = {"asyncio.coroutines", "_is_coroutine", "_is_coroutine"};
const char* const kInspectMarker[] = {"inspect", "_is_coroutine_mark", "_is_coroutine_marker"};

// What inspect and others take a function by.
PyObject* of_function(PyObject* self, void* name) {
  return PyObject_GetAttrString(cast(self)->function, static_cast<const char*>(name));
}
char g_code[] = "__code__";
char g_defaults[] = "__defaults__";
char g_keyword_defaults[] = "__kwdefaults__";
char g_globals[] = "__globals__";
char g_closure[] = "__closure__";

PyMemberDef g_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(TaskObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TaskObject, weak_references), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(TaskObject, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef g_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {"activity", get_activity, nullptr, "The name its tasks are recorded under.", nullptr},
    {g_code, of_function, nullptr, nullptr, g_code},
    {g_defaults, of_function, nullptr, nullptr, g_defaults},
    {g_keyword_defaults, of_function, nullptr, nullptr, g_keyword_defaults},
    {g_globals, of_function, nullptr, nullptr, g_globals},
    {g_closure, of_function, nullptr, nullptr, g_closure},
    {"_is_coroutine", coroutine_marker, nullptr, nullptr,
     const_cast<char**>(const_cast<const char**>(kAsyncioMarker))},
    {"_is_coroutine_marker", coroutine_marker, nullptr, nullptr,
     const_cast<char**>(const_cast<const char**>(kInspectMarker))},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr},
                           {"reduce_by_value", reduce_by_value, METH_NOARGS, nullptr},
                           // As functions are: copies of one are the one.
                           {"__copy__", itself, METH_NOARGS, nullptr},
                           {"__deepcopy__", itself, METH_O, nullptr},
                           {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(clear)},
                         {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                         {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                         {Py_tp_repr, reinterpret_cast<void*>(repr)},
                         {Py_tp_members, g_members},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.Task", sizeof(TaskObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                          Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      g_slots};

PyObject* wrap_method(PyTypeObject* type, PyObject* method, const TaskOptions& options) {
  const Ref function = Ref::steal(PyObject_GetAttrString(method, "__func__"));
  if (!function) return nullptr;
  const Ref task = Ref::steal(make_task(function.get(), options));
  return task ? PyObject_CallOneArg(as_object(type), task.get()) : nullptr;
}

// functools.partialmethod is no callable: it makes one of its function where it is looked up.
bool is_partial_method(PyObject* function) {
  return std::strcmp(Py_TYPE(function)->tp_name, "partialmethod") == 0 &&
         PyObject_HasAttrString(function, "func") != 0;
}

PyObject* wrap_partial_method(PyObject* method, const TaskOptions& options) {
  const Ref function = Ref::steal(PyObject_GetAttrString(method, "func"));
  const Ref args = Ref::steal(function ? PyObject_GetAttrString(method, "args") : nullptr);
  const Ref keywords = Ref::steal(args ? PyObject_GetAttrString(method, "keywords") : nullptr);
  if (!keywords || !PyTuple_Check(args.get())) return nullptr;
  const Ref task = Ref::steal(make_task(function.get(), options));
  if (!task) return nullptr;
  const Ref first = Ref::steal(PyTuple_Pack(1, task.get()));
  const Ref all = Ref::steal(first ? PySequence_Concat(first.get(), args.get()) : nullptr);
  return all ? PyObject_Call(as_object(Py_TYPE(method)), all.get(), keywords.get()) : nullptr;
}

bool set_options(TaskObject* task, const TaskOptions& options) {
  task->options = dict_of(options);
  if (task->options == nullptr || !task->activity->set_outputs(options.outputs) ||
      !task->signature->choose(options.args)) {
    return false;
  }
  if (options.results != nullptr && options.results != Py_None) {
    const int recorded = PyObject_IsTrue(options.results);
    if (recorded < 0) return false;
    task->activity->set_results(recorded != 0);
  }
  if (options.tags != nullptr && options.tags != Py_None) task->activity->set_tags(options.tags);
  if (options.result_name != nullptr && PyUnicode_Check(options.result_name)) {
    task->activity->set_result_name(options.result_name);
  }
  if (options.attributes != nullptr && PyDict_CheckExact(options.attributes)) {
    task->attributes = Py_NewRef(options.attributes);
  }
  const auto given = [](PyObject* object) { return object != nullptr && object != Py_None; };
  if (!given(options.sample) && !given(options.min_duration)) return true;
  task->selection = Selection::make(task->activity->name(), options.sample, options.min_duration);
  return task->selection != nullptr;
}

// remake_task(function, {option: value}), for unpickling.
PyObject* remake_task(PyObject*, PyObject* args) {
  PyObject* function = nullptr;
  PyObject* given = nullptr;
  if (PyArg_ParseTuple(args, "OO!:remake_task", &function, &PyDict_Type, &given) == 0) {
    return nullptr;
  }
  return make_task(function, options_of(given));
}

PyMethodDef g_functions[] = {{"remake_task", remake_task, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyObject* dict_of(const TaskOptions& options) {
  Ref dict = Ref::steal(PyDict_New());
  const auto put = [&](const char* name, PyObject* value) {
    if (!dict || value == nullptr || value == Py_None) return;
    if (PyDict_SetItemString(dict.get(), name, value) < 0) dict = Ref();
  };
  put("name", options.name);
  put("outputs", options.outputs);
  put("tags", options.tags);
  put("args", options.args);
  put("results", options.results);
  put("sample", options.sample);
  put("min_duration", options.min_duration);
  put("attributes", options.attributes);
  put("result_name", options.result_name);
  return dict.release();
}

TaskOptions options_of(PyObject* dict) {
  if (dict == nullptr) return {};
  const auto get = [dict](const char* name) { return PyDict_GetItemString(dict, name); };
  return {get("name"),   get("outputs"),      get("tags"),       get("args"),       get("results"),
          get("sample"), get("min_duration"), get("attributes"), get("result_name")};
}

bool is_off_for_process() {
  const char* set = std::getenv("HEADRACE_DISABLED");
  return set != nullptr && *set != '\0' && std::string_view(set) != "0";
}

static PyObject* make_whole_task(PyObject* function, const TaskOptions& options) {
  for (PyTypeObject* type : {&PyClassMethod_Type, &PyStaticMethod_Type}) {
    if (Py_IS_TYPE(function, type)) return wrap_method(type, function, options);
  }
  if (is_partial_method(function)) return wrap_partial_method(function, options);
  if (PyType_Check(function) || !PyCallable_Check(function)) {
    PyErr_Format(PyExc_TypeError, "a task is made of a function, not of %R; decorate its methods",
                 PyType_Check(function) ? function : as_object(Py_TYPE(function)));
    return nullptr;
  }
  static const bool off = is_off_for_process();
  if (off || Py_IS_TYPE(function, g_type)) return Py_NewRef(function);
  auto signature = std::make_unique<Signature>(function);
  const bool named = options.name != nullptr && PyUnicode_Check(options.name);
  auto activity =
      std::make_unique<Activity>(named ? text_of(options.name) : activity_name(function),
                                 signature->file(), signature->line());
  Ref self = Ref::steal(g_type->tp_alloc(g_type, 0));
  if (!self) return nullptr;
  TaskObject* task = cast(self.get());
  task->signature = signature.release();
  task->activity = activity.release();
  task->function = Py_NewRef(function);
  task->dict = PyDict_New();
  task->kind = kind_of(task->signature->code_flags());
  if (task->dict == nullptr || !copy_attributes(function, task->dict) ||
      !set_options(task, options)) {
    return nullptr;
  }
  task->vectorcall = task->kind != Kind::kFunction ? call_resumable
                     : task->selection == nullptr  ? call
                                                   : call_selected;
  return self.release();
}

PyObject* make_task(PyObject* function, const TaskOptions& options) {
  try {
    return make_whole_task(function, options);
  } catch (const std::bad_alloc&) {
    // Not recorded, but run.
    return Py_NewRef(function);
  }
}

bool add_task_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Task", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
