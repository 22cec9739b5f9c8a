#include "binding/loop_type.h"

#include <new>

#include "binding/failure.h"
#include "binding/scope_type.h"
#include "binding/values.h"

namespace headrace::binding {
namespace {

struct LoopObject {
  PyObject_HEAD PyObject* items;
  PyObject* name;
  PyObject* tags;
};

// Lives on the value stack of the frame that loops, and nowhere else: it is gone the moment the
// loop is left, which is how `break` and an exception in the body are seen.
struct IteratorObject {
  PyObject_HEAD PyObject* iterator;
  PyObject* tags;
  Activity* activity;
  OpenScope* scope;  // null without memory: the loop goes on, and is not recorded
  int64_t index;
};

PyTypeObject* g_loop = nullptr;
PyTypeObject* g_iterator = nullptr;

LoopObject* cast(PyObject* self) { return reinterpret_cast<LoopObject*>(self); }
IteratorObject* cast_iterator(PyObject* self) { return reinterpret_cast<IteratorObject*>(self); }

bool is_open(const IteratorObject* loop) {
  return loop->scope != nullptr && loop->scope->state() != nullptr;
}

PyObject* next(PyObject* self) {
  IteratorObject* loop = cast_iterator(self);
  if (is_open(loop)) loop->scope->end(TaskStatus::kFinished);
  // The item is fetched outside the iteration: it belongs to whoever makes it.
  PyObject* item = Py_TYPE(loop->iterator)->tp_iternext(loop->iterator);
  if (item == nullptr) return nullptr;
  const int64_t index = loop->index++;
  if (loop->scope == nullptr || !loop->scope->begin(*loop->activity)) return item;
  static PyObject* index_name = PyUnicode_InternFromString("index");
  static PyObject* item_name = PyUnicode_InternFromString("item");
  quietly([&] {
    capture::Fields& fields = loop->scope->state()->fields;
    fields.add_int(Role::kUsed, name_of(index_name).id, index);
    if (is_plain_scalar(item)) add_value(fields, Role::kUsed, name_of(item_name), item);
    if (loop->tags != nullptr) add_tags(fields, loop->tags);
  });
  return item;
}

// The body was left by `break` or `return`, or by the exception that is being raised now: the
// interpreter drops the loop's iterator before it looks for a handler.
void end_left(OpenScope& scope) {
  PyObject* type = PyErr_Occurred();
  if (type == nullptr) return scope.end(TaskStatus::kFinished);
  const TaskStatus status = add_raised(scope.state()->fields);
  const SavedError saved;
  scope.end(status);
}

void iterator_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  IteratorObject* loop = cast_iterator(self);
  if (is_open(loop)) end_left(*loop->scope);
  const SavedError saved;
  delete loop->scope;
  Py_XDECREF(loop->iterator);
  Py_XDECREF(loop->tags);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int iterator_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast_iterator(self)->iterator);
  return 0;
}

PyObject* iterator_close(PyObject* self, PyObject*) {
  const IteratorObject* loop = cast_iterator(self);
  if (is_open(loop)) loop->scope->end(TaskStatus::kFinished);
  Py_RETURN_NONE;
}

PyObject* self_as_iterator(PyObject* self) { return Py_NewRef(self); }

PyObject* loop_iter(PyObject* self) {
  const LoopObject* loop = cast(self);
  Ref iterator = Ref::steal(PyObject_GetIter(loop->items));
  if (!iterator) return nullptr;
  PyObject* made = g_iterator->tp_alloc(g_iterator, 0);
  if (made == nullptr) return nullptr;
  IteratorObject* out = cast_iterator(made);
  out->iterator = iterator.release();
  out->tags = Py_XNewRef(loop->tags);
  out->activity = activity_of(loop->name);
  out->scope = out->activity != nullptr ? new (std::nothrow) OpenScope : nullptr;
  return made;
}

Py_ssize_t loop_length(PyObject* self) { return PyObject_Size(cast(self)->items); }

void loop_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_XDECREF(cast(self)->items);
  Py_XDECREF(cast(self)->name);
  Py_XDECREF(cast(self)->tags);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int loop_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->items);
  Py_VISIT(cast(self)->tags);
  return 0;
}

PyMethodDef g_iterator_methods[] = {
    {"close", iterator_close, METH_NOARGS, "Ends the open iteration."},
    {nullptr, nullptr, 0, nullptr}};

template <typename Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}
PyType_Slot g_loop_slots[] = {{Py_tp_dealloc, slot(loop_dealloc)},
                              {Py_tp_traverse, slot(loop_traverse)},
                              {Py_tp_iter, slot(loop_iter)},
                              {Py_mp_length, slot(loop_length)},
                              {0, nullptr}};
PyType_Slot g_iterator_slots[] = {
    {Py_tp_dealloc, slot(iterator_dealloc)}, {Py_tp_traverse, slot(iterator_traverse)},
    {Py_tp_iter, slot(self_as_iterator)},    {Py_tp_iternext, slot(next)},
    {Py_tp_methods, g_iterator_methods},     {0, nullptr}};
constexpr unsigned kFlags =
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
PyType_Spec g_loop_spec = {"headrace._capture.Loop", sizeof(LoopObject), 0, kFlags, g_loop_slots};
PyType_Spec g_iterator_spec = {"headrace._capture.LoopIterator", sizeof(IteratorObject), 0, kFlags,
                               g_iterator_slots};

PyObject* loop(PyObject*, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"items", "name", "tags", nullptr};
  PyObject* items = nullptr;
  PyObject* name = nullptr;
  PyObject* tags = Py_None;
  if (PyArg_ParseTupleAndKeywords(args, keywords, "OU|$O:loop", const_cast<char**>(names), &items,
                                  &name, &tags) == 0) {
    return nullptr;
  }
  PyObject* self = g_loop->tp_alloc(g_loop, 0);
  if (self == nullptr) return nullptr;
  cast(self)->items = Py_NewRef(items);
  cast(self)->name = Py_NewRef(name);
  cast(self)->tags = tags == Py_None ? nullptr : Py_NewRef(tags);
  return self;
}

PyMethodDef g_functions[] = {
    {"loop", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(loop)),
     METH_VARARGS | METH_KEYWORDS,
     "loop(items, name, *, tags=None)\n--\n\n"
     "Iterates over items; each iteration is a task:\n\n"
     "    for batch in headrace.loop(batches, 'batch'): ..."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_loop_type(PyObject* module) {
  g_loop = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_loop_spec));
  g_iterator = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_iterator_spec));
  return g_loop != nullptr && g_iterator != nullptr &&
         PyModule_AddObjectRef(module, "Loop", as_object(g_loop)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
