// The one file that knows how CPython calls and lays out an object: vectorcall at an offset, the
// method-descriptor flag, instance dict and weak references at offsets (3.10 to 3.13 alike).
#include "binding/task_type.h"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <structmember.h>

#include "binding/activity.h"
#include "binding/failure.h"
#include "binding/parents.h"
#include "binding/resumable.h"
#include "binding/signature.h"

namespace headrace::binding {
namespace {

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
  Kind kind;
};

PyTypeObject* g_type = nullptr;

TaskObject* cast(PyObject* self) { return reinterpret_cast<TaskObject*>(self); }

// --- the call ---

[[gnu::noinline]] PyObject* failed(TaskState* state) {
  const TaskStatus status = add_raised(state->fields);
  end_task(state, status);
  return nullptr;
}

PyObject* call(PyObject* self, PyObject* const* args, size_t count_and_flag,
               PyObject* keyword_names) {
  TaskObject* task = cast(self);
  if (!is_enabled())
    return PyObject_Vectorcall(task->function, args, count_and_flag, keyword_names);
  TaskState* state = begin_child(task->activity->id(), Push::kCurrent);
  if (state == nullptr) {
    return PyObject_Vectorcall(task->function, args, count_and_flag, keyword_names);
  }
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  task->signature->add_arguments(state->fields, args, count, keyword_names);
  // The function may drop the last reference to its own task.
  const Ref hold = Ref::share(self);
  PyObject* result = PyObject_Vectorcall(task->function, args, count_and_flag, keyword_names);
  if (result == nullptr) [[unlikely]]
    return failed(state);
  task->activity->add_result(state->fields, result);
  end_task(state, TaskStatus::kFinished);
  return result;
}

// Calling makes the coroutine or generator; its task ends when that ends.
PyObject* call_resumable(PyObject* self, PyObject* const* args, size_t count_and_flag,
                         PyObject* keyword_names) {
  TaskObject* task = cast(self);
  PyObject* inner = PyObject_Vectorcall(task->function, args, count_and_flag, keyword_names);
  if (inner == nullptr || !is_enabled()) return inner;
  TaskState* state = begin_child(task->activity->id(), Push::kDetached);
  if (state == nullptr) return inner;
  const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flag));
  task->signature->add_arguments(state->fields, args, count, keyword_names);
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
  return 0;
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

// By its qualified name, as functions are.
PyObject* reduce(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(cast(self)->function, "__qualname__");
}

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

PyMemberDef g_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(TaskObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TaskObject, weak_references), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(TaskObject, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef g_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {"activity", get_activity, nullptr, "The name its tasks are recorded under.", nullptr},
    {"_is_coroutine", coroutine_marker, nullptr, nullptr,
     const_cast<char**>(const_cast<const char**>(kAsyncioMarker))},
    {"_is_coroutine_marker", coroutine_marker, nullptr, nullptr,
     const_cast<char**>(const_cast<const char**>(kInspectMarker))},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr},
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

PyObject* wrap_method(PyTypeObject* type, PyObject* method, PyObject* name, PyObject* outputs,
                      PyObject* tags) {
  const Ref function = Ref::steal(PyObject_GetAttrString(method, "__func__"));
  if (!function) return nullptr;
  const Ref task = Ref::steal(make_task(function.get(), name, outputs, tags));
  return task ? PyObject_CallOneArg(as_object(type), task.get()) : nullptr;
}

}  // namespace

bool is_off_for_process() {
  const char* set = std::getenv("HEADRACE_DISABLED");
  return set != nullptr && *set != '\0' && std::string_view(set) != "0";
}

PyObject* make_task(PyObject* function, PyObject* name, PyObject* outputs, PyObject* tags) {
  for (PyTypeObject* type : {&PyClassMethod_Type, &PyStaticMethod_Type}) {
    if (Py_IS_TYPE(function, type)) return wrap_method(type, function, name, outputs, tags);
  }
  if (PyType_Check(function) || !PyCallable_Check(function)) {
    PyErr_Format(PyExc_TypeError, "a task is made of a function, not of %R; decorate its methods",
                 PyType_Check(function) ? function : as_object(Py_TYPE(function)));
    return nullptr;
  }
  static const bool off = is_off_for_process();
  if (off || Py_IS_TYPE(function, g_type)) return Py_NewRef(function);
  auto* signature = new (std::nothrow) Signature(function);
  if (signature == nullptr) return PyErr_NoMemory();
  const bool named = name != nullptr && PyUnicode_Check(name);
  auto* activity = new (std::nothrow) Activity(named ? text_of(name) : activity_name(function),
                                               signature->file(), signature->line());
  Ref self = activity == nullptr ? Ref() : Ref::steal(g_type->tp_alloc(g_type, 0));
  if (!self) {
    delete signature;
    delete activity;
    return PyErr_NoMemory();
  }
  TaskObject* task = cast(self.get());
  task->signature = signature;
  task->activity = activity;
  task->function = Py_NewRef(function);
  task->dict = PyDict_New();
  task->kind = kind_of(signature->code_flags());
  task->vectorcall = task->kind == Kind::kFunction ? call : call_resumable;
  if (task->dict == nullptr || !copy_attributes(function, task->dict) ||
      !activity->set_outputs(outputs)) {
    return nullptr;
  }
  if (tags != nullptr && tags != Py_None) activity->set_tags(tags);
  return self.release();
}

bool add_task_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Task", as_object(g_type)) == 0;
}

}  // namespace headrace::binding
