#include "binding/resumable.h"

#include <cstddef>
#include <new>
#include <optional>
#include <structmember.h>
#include <utility>

#include "base/clock.h"
#include "binding/failure.h"
#include "binding/parents.h"
#include "binding/values.h"

namespace headrace::binding {
namespace {

using capture::TaskState;

// One layout for the three types; `Step` below is the awaitable of an async generator's step.
struct Resumable {
  PyObject_HEAD PyObject* inner;
  PyObject* owner;
  PyObject* weak_references;
  Activity* activity;
  TaskState* state;    // null once the task has ended
  TaskState* current;  // what is current inside while it is suspended
  ContextEntry* context;
  PyObject* suspended;  // what an async generator's body left in the context when it yielded
  uint64_t yields;
  bool started;
  bool running;
};

struct Step {
  PyObject_HEAD PyObject* inner;  // the generator's own awaitable
  Resumable* generator;
  ContextEntry* context;
  bool closes;  // of aclose(): its end is the generator's
};

PyTypeObject* g_generator = nullptr;
PyTypeObject* g_coroutine = nullptr;
PyTypeObject* g_async_generator = nullptr;
PyTypeObject* g_step = nullptr;

Resumable* cast(PyObject* self) { return reinterpret_cast<Resumable*>(self); }
Step* cast_step(PyObject* self) { return reinterpret_cast<Step*>(self); }

// --- the task's life ---

// Makes the task current while alive; nothing if it has ended or runs already.
class Resumption {
 public:
  explicit Resumption(Resumable* self)
      : self_(self), active_(self != nullptr && self->state != nullptr && !self->running) {
    if (!active_) return;
    if (!self->started) {
      self->started = true;
      self->state->begin_ticks = ticks();
      self->current = self->state;
      if (self->context != nullptr) self->context->enter(self->state);
    }
    self->running = true;
    outer_ = capture::swap_current_task(self->current);
    body_.emplace(Py_IS_TYPE(self, g_generator));
  }
  // Before the task is ended: it must not be current any more.
  void suspend() {
    if (!active_) return;
    active_ = false;
    body_.reset();
    self_->current = capture::swap_current_task(outer_);
    self_->running = false;
  }
  ~Resumption() { suspend(); }
  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;

 private:
  Resumable* self_;
  bool active_;
  TaskState* outer_ = nullptr;
  std::optional<BodyRuns> body_;
};

void end(Resumable* self, TaskStatus status) {
  TaskState* state = std::exchange(self->state, nullptr);
  if (self->context != nullptr) self->context->leave();
  if (!self->started) return capture::discard_task(state);
  quietly([&] {
    if (Py_IS_TYPE(self, g_coroutine)) return;
    static PyObject* name = PyUnicode_InternFromString("yields");
    state->fields.add_int(Role::kAttribute, name_of(name).id, static_cast<int64_t>(self->yields));
  });
  quietly([&] { capture::end_task(state, status); });
}

void end_returned(Resumable* self, PyObject* value) {
  if (self->state == nullptr) return;
  quietly([&] { self->activity->add_result(self->state->fields, value); });
  end(self, TaskStatus::kFinished);
}

// The exception that ends it is set and stays set.
[[gnu::noinline]] void end_raised(Resumable* self) {
  if (self->state == nullptr) return;
  const TaskStatus status = add_raised(self->state->fields);
  const SavedError saved;
  end(self, status);
}

// StopIteration with a value, as a generator raises it.
void raise_stop(PyObject* value) {
  if (value == Py_None) return PyErr_SetNone(PyExc_StopIteration);
  const Ref stop = Ref::steal(PyObject_CallOneArg(PyExc_StopIteration, value));
  if (stop) PyErr_SetObject(PyExc_StopIteration, stop.get());
}

// --- generators and coroutines ---

PySendResult send_into(PyObject* self, PyObject* value, PyObject** result) {
  Resumable* resumable = cast(self);
  const Ref hold = Ref::share(self);
  PySendResult sent = PYGEN_ERROR;
  {
    const bool was_running = resumable->running;
    Resumption resumption(resumable);
    sent = PyIter_Send(resumable->inner, value, result);
    resumption.suspend();
    if (was_running) return sent;  // "already executing": the task goes on
  }
  if (sent == PYGEN_NEXT)
    ++resumable->yields;
  else if (sent == PYGEN_RETURN)
    end_returned(resumable, *result);
  else
    end_raised(resumable);
  return sent;
}

PyObject* next(PyObject* self) {
  PyObject* result = nullptr;
  const PySendResult sent = send_into(self, Py_None, &result);
  if (sent != PYGEN_RETURN) return result;
  if (result != Py_None) raise_stop(result);
  Py_DECREF(result);
  return nullptr;
}

PyObject* send(PyObject* self, PyObject* value) {
  PyObject* result = nullptr;
  const PySendResult sent = send_into(self, value, &result);
  if (sent != PYGEN_RETURN) return result;
  raise_stop(result);
  Py_DECREF(result);
  return nullptr;
}

PyObject* throw_into(PyObject* self, PyObject* args) {
  Resumable* resumable = cast(self);
  const Ref hold = Ref::share(self);
  const Ref method = Ref::steal(PyObject_GetAttrString(resumable->inner, "throw"));
  if (!method) return nullptr;
  Resumption resumption(resumable);
  PyObject* result = PyObject_Call(method.get(), args, nullptr);
  resumption.suspend();
  if (result != nullptr) {
    ++resumable->yields;
  } else if (PyErr_ExceptionMatches(PyExc_StopIteration) != 0) {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    const Ref returned = Ref::steal(PyObject_GetAttrString(value, "value"));
    end_returned(resumable, returned ? returned.get() : Py_None);
    PyErr_Restore(type, value, traceback);
  } else {
    end_raised(resumable);
  }
  return result;
}

PyObject* close(PyObject* self, PyObject*) {
  Resumable* resumable = cast(self);
  const Ref hold = Ref::share(self);
  PyObject* result = nullptr;
  {
    const Resumption resumption(resumable->started ? resumable : nullptr);
    result = PyObject_CallMethod(resumable->inner, "close", nullptr);
  }
  if (resumable->state == nullptr) return result;
  if (result == nullptr)
    end_raised(resumable);
  else
    end(resumable, TaskStatus::kCancelled);
  return result;
}

PyObject* self_as_iterator(PyObject* self) { return Py_NewRef(self); }

// What is not ours is the coroutine's or generator's own: cr_frame, gi_code, __qualname__, ...
PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(self, name);
  if (found != nullptr || PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return found;
  PyErr_Clear();
  return PyObject_GetAttr(cast(self)->inner, name);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->inner);
  Py_VISIT(cast(self)->owner);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Resumable* resumable = cast(self);
  if (resumable->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  {
    const SavedError saved;
    // Its `finally` blocks run now, still inside the task.
    const bool is_open = resumable->state != nullptr && resumable->started;
    TaskState* outer = is_open ? capture::swap_current_task(resumable->state) : nullptr;
    Py_CLEAR(resumable->inner);
    if (is_open) capture::swap_current_task(outer);
    if (resumable->state != nullptr) end(resumable, TaskStatus::kCancelled);
    delete resumable->context;
    Py_CLEAR(resumable->suspended);
    Py_CLEAR(resumable->owner);
  }
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// --- the steps of an async generator ---

void step_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Step* step = cast_step(self);
  if (step->context != nullptr) step->context->leave();
  delete step->context;
  Py_XDECREF(step->inner);
  Py_XDECREF(reinterpret_cast<PyObject*>(step->generator));
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int step_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast_step(self)->inner);
  Py_VISIT(reinterpret_cast<PyObject*>(cast_step(self)->generator));
  return 0;
}

PyObject* make_step(PyObject* self, PyObject* awaitable, bool closes) {
  if (awaitable == nullptr) return nullptr;
  PyObject* made = g_step->tp_alloc(g_step, 0);
  if (made == nullptr) return awaitable;
  Step* step = cast_step(made);
  step->inner = awaitable;
  step->generator = cast(Py_NewRef(self));
  step->context = new (std::nothrow) ContextEntry;
  step->closes = closes;
  return made;
}

// After the step's own end, with its exception set: what it means for the generator.
void step_ended(Step* step) {
  Resumable* generator = step->generator;
  if (step->context != nullptr) {
    Py_XSETREF(generator->suspended, step->context->take_inner());
    step->context->leave();
  }
  if (generator->state == nullptr) return;
  if (PyErr_Occurred() == nullptr || PyErr_ExceptionMatches(PyExc_StopIteration) != 0) {
    if (!step->closes) {
      ++generator->yields;
    } else {
      const SavedError saved;
      end(generator, TaskStatus::kCancelled);
    }
  } else if (PyErr_ExceptionMatches(PyExc_StopAsyncIteration) != 0) {
    const SavedError saved;
    end_returned(generator, Py_None);
  } else {
    end_raised(generator);
  }
}

template <typename Resume>
PyObject* run_step(PyObject* self, Resume&& resume) {
  Step* step = cast_step(self);
  const Ref hold = Ref::share(self);
  const bool must_enter = step->context != nullptr && !step->context->is_entered();
  PyObject* result = nullptr;
  {
    Resumption resumption(step->generator);
    if (must_enter) {
      step->context->enter(step->generator->state);
      if (step->generator->suspended != nullptr) {
        step->context->enter_again(step->generator->suspended);
      }
    }
    result = resume(step->inner);
    resumption.suspend();
  }
  if (result == nullptr) step_ended(step);
  return result;
}

PyObject* step_next(PyObject* self) {
  return run_step(self, [](PyObject* inner) {
    PyObject* result = Py_TYPE(inner)->tp_iternext(inner);
    if (result == nullptr && PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_StopIteration);
    return result;
  });
}

PyObject* step_send(PyObject* self, PyObject* value) {
  return run_step(
      self, [value](PyObject* inner) { return PyObject_CallMethod(inner, "send", "O", value); });
}

PyObject* step_throw(PyObject* self, PyObject* args) {
  return run_step(self, [args](PyObject* inner) -> PyObject* {
    const Ref method = Ref::steal(PyObject_GetAttrString(inner, "throw"));
    return method ? PyObject_Call(method.get(), args, nullptr) : nullptr;
  });
}

PyObject* step_close(PyObject* self, PyObject*) {
  return PyObject_CallMethod(cast_step(self)->inner, "close", nullptr);
}

PyObject* async_next(PyObject* self) {
  return make_step(self, PyObject_CallMethod(cast(self)->inner, "__anext__", nullptr), false);
}

PyObject* async_send(PyObject* self, PyObject* value) {
  return make_step(self, PyObject_CallMethod(cast(self)->inner, "asend", "O", value), false);
}

PyObject* async_throw(PyObject* self, PyObject* args) {
  const Ref method = Ref::steal(PyObject_GetAttrString(cast(self)->inner, "athrow"));
  return method ? make_step(self, PyObject_Call(method.get(), args, nullptr), false) : nullptr;
}

PyObject* async_close(PyObject* self, PyObject*) {
  return make_step(self, PyObject_CallMethod(cast(self)->inner, "aclose", nullptr), true);
}

// --- the types ---

PyMemberDef g_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Resumable, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyMethodDef g_methods[] = {{"send", send, METH_O, nullptr},
                           {"throw", throw_into, METH_VARARGS, nullptr},
                           {"close", close, METH_NOARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};
PyMethodDef g_async_methods[] = {{"asend", async_send, METH_O, nullptr},
                                 {"athrow", async_throw, METH_VARARGS, nullptr},
                                 {"aclose", async_close, METH_NOARGS, nullptr},
                                 {nullptr, nullptr, 0, nullptr}};
PyMethodDef g_step_methods[] = {{"send", step_send, METH_O, nullptr},
                                {"throw", step_throw, METH_VARARGS, nullptr},
                                {"close", step_close, METH_NOARGS, nullptr},
                                {nullptr, nullptr, 0, nullptr}};

template <typename Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

PyType_Slot g_generator_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                                   {Py_tp_traverse, slot(traverse)},
                                   {Py_tp_getattro, slot(get_attribute)},
                                   {Py_tp_iter, slot(self_as_iterator)},
                                   {Py_tp_iternext, slot(next)},
                                   {Py_am_send, slot(send_into)},
                                   {Py_tp_methods, g_methods},
                                   {Py_tp_members, g_members},
                                   {0, nullptr}};
PyType_Slot g_coroutine_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                                   {Py_tp_traverse, slot(traverse)},
                                   {Py_tp_getattro, slot(get_attribute)},
                                   {Py_am_await, slot(self_as_iterator)},
                                   {Py_tp_iternext, slot(next)},
                                   {Py_am_send, slot(send_into)},
                                   {Py_tp_methods, g_methods},
                                   {Py_tp_members, g_members},
                                   {0, nullptr}};
PyType_Slot g_async_generator_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                                         {Py_tp_traverse, slot(traverse)},
                                         {Py_tp_getattro, slot(get_attribute)},
                                         {Py_am_aiter, slot(self_as_iterator)},
                                         {Py_am_anext, slot(async_next)},
                                         {Py_tp_methods, g_async_methods},
                                         {Py_tp_members, g_members},
                                         {0, nullptr}};
PyType_Slot g_step_slots[] = {{Py_tp_dealloc, slot(step_dealloc)},
                              {Py_tp_traverse, slot(step_traverse)},
                              {Py_am_await, slot(self_as_iterator)},
                              {Py_tp_iter, slot(self_as_iterator)},
                              {Py_tp_iternext, slot(step_next)},
                              {Py_tp_methods, g_step_methods},
                              {0, nullptr}};

constexpr unsigned kFlags =
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
PyType_Spec g_generator_spec = {"headrace._capture.GeneratorTask", sizeof(Resumable), 0, kFlags,
                                g_generator_slots};
PyType_Spec g_coroutine_spec = {"headrace._capture.CoroutineTask", sizeof(Resumable), 0, kFlags,
                                g_coroutine_slots};
PyType_Spec g_async_generator_spec = {"headrace._capture.AsyncGeneratorTask", sizeof(Resumable), 0,
                                      kFlags, g_async_generator_slots};
PyType_Spec g_step_spec = {"headrace._capture.AsyncGeneratorStep", sizeof(Step), 0, kFlags,
                           g_step_slots};

PyObject* wrap(PyTypeObject* type, PyObject* inner, TaskState* state, PyObject* owner,
               Activity* activity, bool in_context) {
  PyObject* made = type->tp_alloc(type, 0);
  if (made == nullptr) {
    PyErr_Clear();
    capture::discard_task(state);
    return inner;
  }
  Resumable* resumable = cast(made);
  resumable->inner = inner;
  resumable->owner = Py_NewRef(owner);
  resumable->activity = activity;
  resumable->state = state;
  resumable->context = in_context ? new (std::nothrow) ContextEntry : nullptr;
  return made;
}

}  // namespace

PyObject* wrap_generator(PyObject* inner, TaskState* state, PyObject* owner, Activity* activity) {
  return wrap(g_generator, inner, state, owner, activity, false);
}
PyObject* wrap_coroutine(PyObject* inner, TaskState* state, PyObject* owner, Activity* activity) {
  return wrap(g_coroutine, inner, state, owner, activity, true);
}
PyObject* wrap_async_generator(PyObject* inner, TaskState* state, PyObject* owner,
                               Activity* activity) {
  return wrap(g_async_generator, inner, state, owner, activity, false);
}

bool add_resumable_types(PyObject* module) {
  const auto make = [module](PyTypeObject*& type, PyType_Spec& spec, const char* name) {
    type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return type != nullptr && PyModule_AddObjectRef(module, name, as_object(type)) == 0;
  };
  return make(g_generator, g_generator_spec, "GeneratorTask") &&
         make(g_coroutine, g_coroutine_spec, "CoroutineTask") &&
         make(g_async_generator, g_async_generator_spec, "AsyncGeneratorTask") &&
         make(g_step, g_step_spec, "AsyncGeneratorStep");
}

}  // namespace headrace::binding
