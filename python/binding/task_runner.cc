#include "binding/task_runner.h"

#include <cstddef>
#include <structmember.h>

#include "binding/open_task.h"
#include "binding/task_form.h"

namespace headrace::binding {
namespace {

// Of what is ready to run: the arguments of TaskForm.begin() stand together.
enum Ready : Py_ssize_t { kForm, kParent, kAttempt, kUsed, kAttributes, kName, kAbout, kReadySize };

// Objects that a runner owns.
enum Part : size_t {
  kFunction,
  kOtherwise,
  kEnded,
  kReadyName,    // of the argument's item that has what is ready
  kStateName,    // of what `about` says about itself
  kOver,         // states in which nobody waits for the result any more
  kAnswerName,   // of the answer's item that tells how it went
  kAnswerValue,  // well
  kResultName,
  kSizeName,
  kDict,
  kParts
};

struct RunnerObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* parts[kParts];
  PyObject* weak_references;
  Py_ssize_t ready_at;
  Py_ssize_t key_at;
};

PyTypeObject* g_type = nullptr;

RunnerObject* cast(PyObject* self) { return reinterpret_cast<RunnerObject*>(self); }

// What is ready to be run by a call with these arguments, which from now on is not; null: nothing.
Ref take_ready(const RunnerObject& runner, PyObject* const* args, Py_ssize_t count) {
  if (count <= runner.ready_at || count <= runner.key_at) return {};
  PyObject* state = args[runner.ready_at];
  PyObject* key = args[runner.key_at];
  if (!PyDict_Check(state)) return {};
  PyObject* all = PyDict_GetItemWithError(state, runner.parts[kReadyName]);
  if (all == nullptr || !PyDict_Check(all)) return {};
  const Ref keep = Ref::share(all);
  Ref ready = Ref::share(PyDict_GetItemWithError(all, key));
  if (!ready || PyDict_DelItem(all, key) < 0) return {};
  const bool is_whole =
      PyTuple_CheckExact(ready.get()) && PyTuple_GET_SIZE(ready.get()) == kReadySize;
  return is_whole ? std::move(ready) : Ref();
}

// Null: nothing was begun.
Ref begin(PyObject* ready) {
  PyObject* form = PyTuple_GET_ITEM(ready, kForm);
  if (!is_task_form(form)) return {};
  PyObject* const* items = &PyTuple_GET_ITEM(ready, kParent);
  Ref task = Ref::steal(form_of(form).begin(form, items, kName - kParent));
  return task && task.get() != Py_None ? std::move(task) : Ref();
}

// None: as it went; else what became of it meanwhile.
PyObject* status_of(const RunnerObject& runner, PyObject* about) {
  static PyObject* const cancelled = PyUnicode_InternFromString("cancelled");
  const Ref state = Ref::steal(PyObject_GetAttr(about, runner.parts[kStateName]));
  const bool is_over = state && PySequence_Contains(runner.parts[kOver], state.get()) > 0;
  return is_over ? cancelled : Py_None;
}

// False where the answer is not that of a task that went well.
bool end(const RunnerObject& runner, PyObject* task, PyObject* ready, PyObject* answer) {
  if (!PyDict_Check(answer)) return false;
  const auto item = [&](Part name) { return PyDict_GetItemWithError(answer, runner.parts[name]); };
  PyObject* how = item(kAnswerName);
  PyObject* well = runner.parts[kAnswerValue];
  if (how == nullptr || (how != well && PyObject_RichCompareBool(how, well, Py_EQ) != 1)) {
    return false;
  }
  const Ref result = Ref::share(item(kResultName));
  PyObject* size = item(kSizeName);
  const Ref stored =
      Ref::steal(PyTuple_Pack(2, PyTuple_GET_ITEM(ready, kName), size == nullptr ? Py_None : size));
  PyObject* status = status_of(runner, PyTuple_GET_ITEM(ready, kAbout));
  drop_error();
  end_open_task(*as_open_task(task), status, result ? result.get() : Py_None,
                stored ? stored.get() : Py_None);
  return true;
}

// Where it did not go well, or nobody knows how: the adapter sees what came of it.
void tell_end(const RunnerObject& runner, PyObject* task, PyObject* ready, PyObject* outcome) {
  const Ref none = Ref::steal(PyObject_CallFunctionObjArgs(
      runner.parts[kEnded], task, PyTuple_GET_ITEM(ready, kAbout), outcome, nullptr));
  if (!none) drop_error();
}

void tell_raised(const RunnerObject& runner, PyObject* task, PyObject* ready) {
  PyObject* type = nullptr;
  PyObject* error = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &error, &traceback);
  PyErr_NormalizeException(&type, &error, &traceback);
  if (error != nullptr && traceback != nullptr) PyException_SetTraceback(error, traceback);
  tell_end(runner, task, ready, error == nullptr ? Py_None : error);
  PyErr_Clear();
  PyErr_Restore(type, error, traceback);
}

PyObject* call(PyObject* self, PyObject* const* args, size_t count_and_flag, PyObject* names) {
  const RunnerObject& runner = *cast(self);
  const Ref keep = Ref::share(self);
  const Ref ready = take_ready(runner, args, PyVectorcall_NARGS(count_and_flag));
  const Ref task = ready ? begin(ready.get()) : Ref();
  if (!task) {
    drop_error();
    return PyObject_Vectorcall(runner.parts[kOtherwise], args, count_and_flag, names);
  }
  PyObject* answer = PyObject_Vectorcall(runner.parts[kFunction], args, count_and_flag, names);
  if (answer == nullptr) {
    tell_raised(runner, task.get(), ready.get());
  } else if (!end(runner, task.get(), ready.get(), answer)) {
    drop_error();
    tell_end(runner, task.get(), ready.get(), answer);
  }
  return answer;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  for (PyObject* part : cast(self)->parts) Py_VISIT(part);
  return 0;
}

int clear(PyObject* self) {
  for (PyObject*& part : cast(self)->parts) Py_CLEAR(part);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  if (cast(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  clear(self);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// task_runner(function, otherwise, ended, (position, name) of what is ready, position of the key,
// (name, value, result's name, size's name) of the answer, state's name, states that are over)
PyObject* task_runner(PyObject*, PyObject* args) {
  PyObject* parts[kParts] = {};
  Py_ssize_t ready_at = 0;
  Py_ssize_t key_at = 0;
  if (PyArg_ParseTuple(args, "OOO(nU)n(UOUU)UO!:task_runner", &parts[kFunction], &parts[kOtherwise],
                       &parts[kEnded], &ready_at, &parts[kReadyName], &key_at, &parts[kAnswerName],
                       &parts[kAnswerValue], &parts[kResultName], &parts[kSizeName],
                       &parts[kStateName], &PyFrozenSet_Type, &parts[kOver]) == 0) {
    return nullptr;
  }
  for (const Part part : {kFunction, kOtherwise, kEnded}) {
    if (PyCallable_Check(parts[part]) != 0) continue;
    return PyErr_Format(PyExc_TypeError, "%R cannot be called", parts[part]);
  }
  if (ready_at < 0 || key_at < 0) {
    PyErr_SetString(PyExc_ValueError, "positions of arguments count from 0");
    return nullptr;
  }
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  RunnerObject* runner = cast(self);
  runner->vectorcall = call;
  runner->ready_at = ready_at;
  runner->key_at = key_at;
  for (size_t i = 0; i < kParts; ++i) runner->parts[i] = Py_XNewRef(parts[i]);
  return self;
}

PyMemberDef g_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(RunnerObject, parts) + kDict * sizeof(PyObject*),
     READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(RunnerObject, weak_references), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(RunnerObject, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef g_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyType_Slot g_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, g_members},
    {Py_tp_getset, g_getset},
    {Py_tp_doc, const_cast<char*>("Runs a framework's tasks, as Adapter.runner() gives it.")},
    {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.TaskRunner", sizeof(RunnerObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      g_slots};

PyMethodDef g_functions[] = {{"task_runner", task_runner, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_task_runner_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "TaskRunner", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
