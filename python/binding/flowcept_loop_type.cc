#include "binding/flowcept_loop_type.h"

#include <cstdio>
#include <utility>

#include "base/clock.h"
#include "binding/activity.h"
#include "binding/failure.h"
#include "binding/flowcept_ids.h"
#include "binding/flowcept_task_type.h"
#include "binding/parents.h"
#include "binding/plain_values.h"
#include "binding/scope_type.h"

namespace headrace::binding {
namespace {

using capture::Push;
using capture::TaskState;

struct LoopObject {
  PyObject_HEAD PyObject* iterator;
  PyObject* item_name;
  PyObject* group_id;
  PyObject* workflow_id;     // as it was given, or what was current; None or a string
  PyObject* parent_task_id;  // as it was given, or null
  Activity* activity;        // null: nothing is recorded
  TaskState* state;          // the open iteration
  ContextEntry context;
  TaskRef parent;
  TaskRef iteration;
  int64_t index;      // of the next iteration
  Py_ssize_t length;  // -1: not known
  bool has_own_workflow;
};

// Lives on the value stack of the frame that loops, and nowhere else: it is gone the moment the
// loop is left, which is how `break` and an exception in the body are seen.
struct RunObject {
  PyObject_HEAD PyObject* loop;
};

PyTypeObject* g_loop = nullptr;
PyTypeObject* g_run = nullptr;

LoopObject* cast(PyObject* self) { return reinterpret_cast<LoopObject*>(self); }

void end_iteration(LoopObject* loop, TaskStatus status) {
  loop->context.leave();
  quietly([&] { capture::end_task(std::exchange(loop->state, nullptr), status); });
}

void add_item(LoopObject* loop, int64_t index, PyObject* item) {
  static PyObject* index_name = PyUnicode_InternFromString("i");
  static PyObject* group_name = PyUnicode_InternFromString("group_id");
  static PyObject* parent_name = PyUnicode_InternFromString("parent_task_id");
  static PyObject* workflow_name = PyUnicode_InternFromString("workflow_id");
  capture::Fields& fields = loop->state->fields;
  fields.add_int(Role::kUsed, name_of(index_name).id, index);
  add_plain(fields, Role::kUsed, name_of(loop->item_name), item);
  fields.add_string(Role::kAttribute, name_of(group_name).id, short_ascii(loop->group_id));
  if (loop->parent_task_id != nullptr && !is_id_of(loop->parent, loop->parent_task_id)) {
    add_attribute(fields, parent_name, loop->parent_task_id);
  }
  if (!loop->has_own_workflow) return;
  const NamedWorkflow named = workflow_named(loop->workflow_id);
  if (named.id != 0) loop->state->set_workflow_id(named.id);
  if (!named.is_uuid) add_attribute(fields, workflow_name, loop->workflow_id);
}

void begin_iteration(LoopObject* loop, PyObject* item) {
  const int64_t index = loop->index++;
  if (!is_enabled()) return;
  const bool in_event_loop = event_loop_is_running() && !is_in_generator();
  const Push push = in_event_loop ? Push::kDetached : Push::kCurrent;
  const uint32_t activity_id = loop->activity->id();
  quietly([&] {
    loop->state = loop->parent.number == 0 || activity_id == 0
                      ? begin_child(activity_id, push)
                      : capture::begin_task_under(activity_id, loop->parent, push);
  });
  if (loop->state == nullptr) return;
  loop->iteration = capture::reference(loop->state);
  if (in_event_loop) loop->context.enter(loop->state);
  quietly([&] { add_item(loop, index, item); });
}

PyObject* next(PyObject* self) {
  LoopObject* loop = cast(self);
  if (loop->state != nullptr) end_iteration(loop, TaskStatus::kFinished);
  if (loop->iterator == nullptr) return nullptr;
  // The item is fetched outside the iteration: it belongs to whoever makes it.
  PyObject* item = Py_TYPE(loop->iterator)->tp_iternext(loop->iterator);
  if (item != nullptr && loop->activity != nullptr) begin_iteration(loop, item);
  return item;
}

PyObject* end_iter(PyObject* self, PyObject* generated) {
  LoopObject* loop = cast(self);
  if (loop->state == nullptr || generated == Py_None) Py_RETURN_NONE;
  quietly([&] {
    capture::Fields& fields = loop->state->fields;
    fields.replace_existing();
    if (PyDict_CheckExact(generated)) {
      add_items(fields, Role::kGenerated, generated, Interest::kExplicit);
    } else {
      static PyObject* name = PyUnicode_InternFromString("arg0");
      add_value(fields, Role::kGenerated, name_of(name), generated, Interest::kExplicit);
    }
  });
  Py_RETURN_NONE;
}

PyObject* current_iteration_id(PyObject* self, PyObject*) {
  const TaskRef task = cast(self)->iteration;
  if (task.number == 0) Py_RETURN_NONE;
  std::string text;
  quietly([&] { text = task_uuid(task.producer, task.number).text(); });
  return PyUnicode_FromString(text.c_str());
}

// An iterator has no length before it is gone through.
Py_ssize_t length(PyObject* self) {
  LoopObject* loop = cast(self);
  if (loop->length >= 0) return loop->length;
  const Ref rest = Ref::steal(PySequence_List(loop->iterator));
  if (!rest) return -1;
  PyObject* again = PyObject_GetIter(rest.get());
  if (again == nullptr) return -1;
  Py_XSETREF(loop->iterator, again);
  loop->length = loop->index + PyList_GET_SIZE(rest.get());
  return loop->length;
}

// --- the object ---

// The items' iterator and length. False, with an exception, where they are none.
bool take_items(LoopObject* loop, PyObject* items, Py_ssize_t items_length) {
  Ref range;
  if (PyLong_Check(items)) {
    range = Ref::steal(PyObject_CallOneArg(as_object(&PyRange_Type), items));
    if (!range) return false;
    items = range.get();
  }
  Py_XSETREF(loop->iterator, PyObject_GetIter(items));
  if (loop->iterator == nullptr) return false;
  loop->length = items_length > 0 ? items_length : -1;
  if (loop->length >= 0) return true;
  loop->length = PyObject_Size(items);
  if (loop->length < 0) PyErr_Clear();
  return true;
}

int init(PyObject* self, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"items",       "loop_name",    "item_name",       "parent_task_id",
                                "workflow_id", "items_length", "capture_enabled", nullptr};
  PyObject* items = nullptr;
  PyObject* loop_name = nullptr;
  PyObject* item_name = nullptr;
  PyObject* parent_task_id = Py_None;
  PyObject* workflow_id = Py_None;
  Py_ssize_t items_length = 0;
  int is_captured = 1;
  if (PyArg_ParseTupleAndKeywords(
          args, keywords, "O|UUOOnp:FlowceptLoop", const_cast<char**>(names), &items, &loop_name,
          &item_name, &parent_task_id, &workflow_id, &items_length, &is_captured) == 0) {
    return -1;
  }
  LoopObject* loop = cast(self);
  if (!take_items(loop, items, items_length)) return -1;
  loop->index = 0;
  loop->iteration = {};
  PyObject* workflow = workflow_id != Py_None ? workflow_id : flowcept_current_workflow();
  loop->has_own_workflow = workflow_id != Py_None && PyUnicode_CheckExact(workflow_id);
  Py_XSETREF(loop->workflow_id, Py_NewRef(workflow));
  Py_XSETREF(loop->parent_task_id, parent_task_id == Py_None ? nullptr : Py_NewRef(parent_task_id));
  loop->parent = task_named(loop->parent_task_id);
  char group[40];
  std::snprintf(group, sizeof group, "%llx-%llx",
                static_cast<unsigned long long>(random_uuid().low),
                static_cast<unsigned long long>(ticks()));
  Py_XSETREF(loop->group_id, PyUnicode_FromString(group));
  PyObject* item = item_name != nullptr ? Py_NewRef(item_name) : PyUnicode_FromString("item");
  if (item != nullptr) PyUnicode_InternInPlace(&item);
  Py_XSETREF(loop->item_name, item);
  const Ref name =
      Ref::steal(loop_name == nullptr ? PyUnicode_FromString("loop_iteration")
                                      : PyUnicode_FromFormat("%U_iteration", loop_name));
  if (loop->group_id == nullptr || item == nullptr || !name) return -1;
  loop->activity = is_captured != 0 && flowcept_is_enabled() ? activity_of(name.get()) : nullptr;
  return 0;
}

PyObject* make_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&cast(self)->context) ContextEntry;
  return self;
}

PyObject* loop_iter(PyObject* self) {
  PyObject* made = g_run->tp_alloc(g_run, 0);
  if (made != nullptr) reinterpret_cast<RunObject*>(made)->loop = Py_NewRef(self);
  return made;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->iterator);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(cast(self)->iterator);
  return 0;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  LoopObject* loop = cast(self);
  const SavedError saved;
  if (loop->state != nullptr) end_iteration(loop, TaskStatus::kFinished);
  loop->context.~ContextEntry();
  for (PyObject* member :
       {loop->iterator, loop->item_name, loop->group_id, loop->workflow_id, loop->parent_task_id}) {
    Py_XDECREF(member);
  }
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* get_enabled(PyObject* self, void*) {
  return PyBool_FromLong(cast(self)->activity != nullptr ? 1 : 0);
}
PyObject* get_workflow_id(PyObject* self, void*) {
  PyObject* id = cast(self)->workflow_id;
  return Py_NewRef(id == nullptr ? Py_None : id);
}

// --- one run through it ---

PyObject* run_next(PyObject* self) {
  PyObject* loop = reinterpret_cast<RunObject*>(self)->loop;
  return Py_TYPE(loop)->tp_iternext(loop);
}

// The body was left by `break` or `return`, or by the exception that is being raised now: the
// interpreter drops the loop's iterator before it looks for a handler.
void end_left(LoopObject* loop) {
  TaskStatus status = TaskStatus::kFinished;
  if (PyErr_Occurred() != nullptr) {
    quietly([&] { status = add_raised(loop->state->fields); });
  }
  const SavedError saved;
  end_iteration(loop, status);
}

void run_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  PyObject* loop = reinterpret_cast<RunObject*>(self)->loop;
  if (loop != nullptr && cast(loop)->state != nullptr) end_left(cast(loop));
  const SavedError saved;
  Py_XDECREF(loop);
  type->tp_free(self);
  Py_DECREF(type);
}

int run_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<RunObject*>(self)->loop);
  return 0;
}

PyObject* itself(PyObject* self) { return Py_NewRef(self); }

PyMethodDef g_methods[] = {
    {"end_iter", end_iter, METH_O,
     "end_iter(generated_value)\n--\n\nSays what the running iteration generated."},
    {"get_current_iteration_id", current_iteration_id, METH_NOARGS,
     "get_current_iteration_id()\n--\n\nThe task id of the latest iteration; None before the "
     "first."},
    {nullptr, nullptr, 0, nullptr}};
PyGetSetDef g_getset[] = {
    {"enabled", get_enabled, nullptr, "Whether iterations are recorded.", nullptr},
    {"workflow_id", get_workflow_id, nullptr, "The workflow that iterations belong to.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyDoc_STRVAR(g_doc,
             "FlowceptLoop(items, loop_name='loop', item_name='item', parent_task_id=None,\n"
             "             workflow_id=None, items_length=0, capture_enabled=True)\n--\n\n"
             "Goes through items, or through range(items) of a number; each iteration is a task\n"
             "of the activity `<loop_name>_iteration` that used `i` and `<item_name>`.");

template <typename Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}
PyType_Slot g_loop_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                              {Py_tp_traverse, slot(traverse)},
                              {Py_tp_clear, slot(clear)},
                              {Py_tp_new, slot(make_new)},
                              {Py_tp_init, slot(init)},
                              {Py_tp_iter, slot(loop_iter)},
                              {Py_tp_iternext, slot(next)},
                              {Py_mp_length, slot(length)},
                              {Py_tp_methods, g_methods},
                              {Py_tp_getset, g_getset},
                              {Py_tp_doc, const_cast<char*>(g_doc)},
                              {0, nullptr}};
PyType_Slot g_run_slots[] = {{Py_tp_dealloc, slot(run_dealloc)},
                             {Py_tp_traverse, slot(run_traverse)},
                             {Py_tp_iter, slot(itself)},
                             {Py_tp_iternext, slot(run_next)},
                             {0, nullptr}};
PyType_Spec g_loop_spec = {"headrace._capture.FlowceptLoop", sizeof(LoopObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
                           g_loop_slots};
PyType_Spec g_run_spec = {
    "headrace._capture.FlowceptLoopRun", sizeof(RunObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_run_slots};

}  // namespace

bool add_flowcept_loop_type(PyObject* module) {
  g_loop = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_loop_spec));
  g_run = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_run_spec));
  return g_loop != nullptr && g_run != nullptr &&
         PyModule_AddObjectRef(module, "FlowceptLoop", as_object(g_loop)) == 0;
}

}  // namespace headrace::binding
