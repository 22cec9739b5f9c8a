#include "binding/carry_type.h"

#include <cstddef>
#include <new>
#include <structmember.h>
#include <utility>

#include "binding/activity.h"
#include "binding/parents.h"
#include "capture/recorder.h"
#include "capture/thread_state.h"

namespace headrace::binding {
namespace {

struct CarriedObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* function;
  PyObject* weak_references;
  Place* place;
};

PyTypeObject* g_type = nullptr;

CarriedObject* cast(PyObject* self) { return reinterpret_cast<CarriedObject*>(self); }

PyObject* call(PyObject* self, PyObject* const* args, size_t count_and_flag,
               PyObject* keyword_names) {
  const Ref hold = Ref::share(self);
  const Visit visit(*cast(self)->place);
  return PyObject_Vectorcall(cast(self)->function, args, count_and_flag, keyword_names);
}

PyObject* make(PyObject* function, const Place& place) {
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  cast(self)->vectorcall = call;
  cast(self)->function = Py_NewRef(function);
  cast(self)->place = new (std::nothrow) Place(place);
  if (cast(self)->place != nullptr) return self;
  Py_DECREF(self);
  return PyErr_NoMemory();
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  if (cast(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  Py_XDECREF(cast(self)->function);
  delete cast(self)->place;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->function);
  return 0;
}

// The function's own attributes: __name__, __doc__, a partial's args, ...
PyObject* get_attribute(PyObject* self, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(self, name);
  if (found != nullptr || PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return found;
  PyErr_Clear();
  return PyObject_GetAttr(cast(self)->function, name);
}

PyObject* repr(PyObject* self) { return PyObject_Repr(cast(self)->function); }

// carried_to(function, place) there makes it again.
PyObject* reduce(PyObject* self, PyObject*) {
  const Ref module = Ref::steal(PyImport_ImportModule("headrace._capture"));
  if (!module) return nullptr;
  const Ref make_again = Ref::steal(PyObject_GetAttrString(module.get(), "carried_to"));
  if (!make_again) return nullptr;
  return Py_BuildValue("O(Os)", make_again.get(), cast(self)->function,
                       text_of(*cast(self)->place).c_str());
}

// Those that every type has of its own.
PyObject* of_function(PyObject* self, void* name) {
  return PyObject_GetAttrString(cast(self)->function, static_cast<const char*>(name));
}
char g_doc[] = "__doc__";
char g_module[] = "__module__";
PyGetSetDef g_getset[] = {{g_doc, of_function, nullptr, nullptr, g_doc},
                          {g_module, of_function, nullptr, nullptr, g_module},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMemberDef g_members[] = {
    {"__wrapped__", T_OBJECT_EX, offsetof(CarriedObject, function), READONLY, nullptr},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(CarriedObject, vectorcall), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(CarriedObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyMethodDef g_methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

template <typename Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}
PyType_Slot g_slots[] = {{Py_tp_dealloc, slot(dealloc)},
                         {Py_tp_traverse, slot(traverse)},
                         {Py_tp_call, slot(PyVectorcall_Call)},
                         {Py_tp_getattro, slot(get_attribute)},
                         {Py_tp_repr, slot(repr)},
                         {Py_tp_members, g_members},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.Carried", sizeof(CarriedObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      g_slots};

Place place_if_capturing() {
  if (!is_enabled() || capture::Recorder::existing() == nullptr) return {};
  return current_place();
}

PyObject* carry(PyObject*, PyObject* function) {
  if (!PyCallable_Check(function)) {
    PyErr_Format(PyExc_TypeError, "what is carried is called: not %R", Py_TYPE(function));
    return nullptr;
  }
  if (Py_IS_TYPE(function, g_type)) return Py_NewRef(function);
  const Place place = place_if_capturing();
  return place ? make(function, place) : Py_NewRef(function);
}

PyObject* carried_to(PyObject*, PyObject* args) {
  PyObject* function = nullptr;
  PyObject* text = nullptr;
  if (PyArg_ParseTuple(args, "OU:carried_to", &function, &text) == 0) return nullptr;
  const std::optional<Place> place = is_enabled() ? parse_place(text_of(text)) : std::nullopt;
  return place ? make(function, *place) : Py_NewRef(function);
}

PyObject* place_text(PyObject*, PyObject*) {
  Place place = place_if_capturing();
  const capture::Recorder* recorder = capture::Recorder::existing();
  if (recorder != nullptr && place && place.task.number == 0) {
    // What a program started from here does hangs where this process's own tasks hang.
    const Uuid& outer = recorder->outer_task();
    if (!outer.is_nil()) place.task = split_task_uuid(outer);
  }
  return PyUnicode_FromString(text_of(place).c_str());
}

// True inside a task or a workflow that this thread has entered.
PyObject* is_inside(PyObject*, PyObject*) {
  const Place here = place_if_capturing();
  return PyBool_FromLong(here.task.number != 0 ||
                         (here && capture::this_thread().workflow != nullptr));
}

constexpr const char* kPlace = "headrace.place";

// place() -> what settle_thread takes, or None
PyObject* place(PyObject*, PyObject*) {
  const Place here = place_if_capturing();
  if (!here) Py_RETURN_NONE;
  auto* held = new (std::nothrow) Place(here);
  if (held == nullptr) return PyErr_NoMemory();
  PyObject* capsule = PyCapsule_New(held, kPlace, [](PyObject* object) {
    delete static_cast<Place*>(PyCapsule_GetPointer(object, kPlace));
  });
  if (capsule == nullptr) delete held;
  return capsule;
}

PyObject* settle_thread(PyObject*, PyObject* capsule) {
  const auto* held = static_cast<Place*>(PyCapsule_GetPointer(capsule, kPlace));
  if (held == nullptr) return nullptr;
  settle(*held);
  Py_RETURN_NONE;
}

// call_outside(function, *args, **keywords): calls it with no task current.
PyObject* call_outside(PyObject*, PyObject* const* args, Py_ssize_t count,
                       PyObject* keyword_names) {
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "call_outside takes a function");
    return nullptr;
  }
  const Visit visit(Place{});
  return PyObject_Vectorcall(args[0], args + 1, static_cast<size_t>(count - 1), keyword_names);
}

template <typename Function>
PyCFunction cast_function(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}
PyMethodDef g_functions[] = {
    {"carry", carry, METH_O,
     "carry(function)\n--\n\nThe function, to be called elsewhere: what its calls begin there, in "
     "whatever thread or\nprocess, comes from the task that is current here. Pickles if the "
     "function does."},
    {"carried_to", carried_to, METH_VARARGS, nullptr},
    {"place_text", place_text, METH_NOARGS, nullptr},
    {"is_inside", is_inside, METH_NOARGS, nullptr},
    {"place", place, METH_NOARGS, nullptr},
    {"settle_thread", settle_thread, METH_O, nullptr},
    {"call_outside", cast_function(call_outside), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_carry_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Carried", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
