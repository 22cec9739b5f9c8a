#include "binding/layer_hooks.h"

#include <cstddef>
#include <new>
#include <structmember.h>
#include <type_traits>

#include "binding/layer_turns.h"

namespace headrace::binding {
namespace {

struct HooksObject {
  PyObject_HEAD LayerTurns turns;
};

// A hook of modules or a mark on a node: one type, told apart by what `call` points to.
struct CallObject {
  PyObject_HEAD vectorcallfunc call;
  PyObject* hooks;
  size_t slot;
  int calls;
  bool turns;
};

PyTypeObject* g_type = nullptr;
PyTypeObject* g_call_type = nullptr;

LayerTurns& turns_of(PyObject* self) { return reinterpret_cast<HooksObject*>(self)->turns; }
CallObject* cast(PyObject* self) { return reinterpret_cast<CallObject*>(self); }

// Whatever happens in a hook is no business of the program's.
template <typename Body>
PyObject* guarded(PyObject* hooks, Body&& body) noexcept {
  const Ref keep = Ref::share(hooks);
  LayerTurns& turns = turns_of(hooks);
  bool ok = false;
  try {
    ok = body(turns);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  }
  if (!ok && !turns.give_up()) return nullptr;
  Py_RETURN_NONE;
}

PyObject* pre_hook(PyObject* self, PyObject* const* args, size_t, PyObject*) {
  return guarded(cast(self)->hooks,
                 [&](LayerTurns& turns) { return turns.begin(args[0], args[1]); });
}

PyObject* hook(PyObject* self, PyObject* const* args, size_t, PyObject*) {
  return guarded(cast(self)->hooks,
                 [&](LayerTurns& turns) { return turns.end(args[0], args[1], args[2]); });
}

PyObject* mark(PyObject* self, PyObject* const*, size_t, PyObject*) {
  const CallObject* at = cast(self);
  return guarded(at->hooks,
                 [&](LayerTurns& turns) { return turns.reach(at->slot, at->calls, at->turns); });
}

PyObject* pre_hook_checked(PyObject* self, PyObject* const* args, size_t count, PyObject* names) {
  if (PyVectorcall_NARGS(count) < 2) Py_RETURN_NONE;
  return pre_hook(self, args, count, names);
}

PyObject* hook_checked(PyObject* self, PyObject* const* args, size_t count, PyObject* names) {
  if (PyVectorcall_NARGS(count) < 3) Py_RETURN_NONE;
  return hook(self, args, count, names);
}

PyObject* make_call(PyObject* hooks, vectorcallfunc call, size_t slot, int calls, bool turns) {
  PyObject* self = g_call_type->tp_alloc(g_call_type, 0);
  if (self == nullptr) return nullptr;
  CallObject* made = cast(self);
  made->call = call;
  made->hooks = Py_NewRef(hooks);
  made->slot = slot;
  made->calls = calls;
  made->turns = turns;
  return self;
}

int call_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(cast(self)->hooks);
  return 0;
}

int call_clear(PyObject* self) {
  // What is called once more must find its hooks: they let go of this instead.
  static_cast<void>(self);
  return 0;
}

void call_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(cast(self)->hooks);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// --- LayerHooks ---

bool make_marks(PyObject* self, size_t slots) {
  LayerTurns& turns = turns_of(self);
  for (size_t slot = 0; slot < slots; ++slot) {
    for (auto* marks : {&turns.enter, &turns.leave, &turns.count}) {
      const bool enters = marks != &turns.leave;
      PyObject* made = make_call(self, mark, slot, enters ? 1 : 0, marks != &turns.count);
      if (made == nullptr) return false;
      marks->push_back(made);
    }
  }
  return true;
}

bool read_slots(LayerTurns& turns, PyObject* given) {
  PyObject* module = nullptr;
  PyObject* slot = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(given, &at, &module, &slot) != 0) {
    void* identity = PyLong_AsVoidPtr(module);
    const long number = PyLong_AsLong(slot);
    if (PyErr_Occurred() != nullptr) return false;
    turns.slots[identity] = static_cast<int>(number);
  }
  return true;
}

// LayerHooks(owner, slots: {id(module): slot}, timeline, tensor_type, place, marks_backward,
//            least_ns)
PyObject* make(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* owner = nullptr;
  PyObject* slots = nullptr;
  PyObject* timeline = nullptr;
  PyObject* tensor_type = nullptr;
  PyObject* place = nullptr;
  int marks_backward = 0;
  long long least_ns = 0;
  if (PyArg_ParseTuple(args, "OO!OO!OpL:LayerHooks", &owner, &PyDict_Type, &slots, &timeline,
                       &PyType_Type, &tensor_type, &place, &marks_backward, &least_ns) == 0) {
    return nullptr;
  }
  const LayerTimes* times = layer_times(timeline);
  if (times == nullptr) return nullptr;
  Ref self = Ref::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  LayerTurns& turns = *new (&turns_of(self.get())) LayerTurns;
  turns.owner = Py_NewRef(owner);
  turns.timeline = Py_NewRef(timeline);
  turns.tensor_type = Py_NewRef(tensor_type);
  turns.place = place == Py_None ? nullptr : Py_NewRef(place);
  turns.marks_backward = marks_backward != 0;
  turns.least_ns = least_ns;
  try {
    if (!read_slots(turns, slots) || !make_marks(self.get(), times->calls.size())) return nullptr;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
  return self.release();
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return turns_of(self).traverse(visit, arg);
}

int clear(PyObject* self) {
  turns_of(self).drop_references();
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  turns_of(self).drop_references();
  turns_of(self).~LayerTurns();
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* get_pre_hook(PyObject* self, void*) {
  return make_call(self, pre_hook_checked, 0, 0, false);
}
PyObject* get_hook(PyObject* self, void*) { return make_call(self, hook_checked, 0, 0, false); }

PyObject* get_stack(PyObject* self, void*) {
  const LayerTurns& turns = turns_of(self);
  PyObject* list = PyList_New(0);
  for (const int slot : turns.stack) {
    const Ref number = Ref::steal(PyLong_FromLong(slot));
    if (list == nullptr || !number || PyList_Append(list, number.get()) < 0) {
      Py_XDECREF(list);
      return nullptr;
    }
  }
  return list;
}

int set_stack(PyObject* self, PyObject* value, void*) {
  const Ref items = Ref::steal(value == nullptr ? nullptr : PySequence_Fast(value, "a list"));
  if (!items) return -1;
  LayerTurns& turns = turns_of(self);
  turns.stack.clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    const long slot = PyLong_AsLong(PySequence_Fast_GET_ITEM(items.get(), i));
    if (slot == -1 && PyErr_Occurred() != nullptr) return -1;
    turns.stack.push_back(static_cast<int>(slot));
  }
  return 0;
}

PyObject* get_timeline(PyObject* self, void*) { return Py_XNewRef(turns_of(self).timeline); }
int set_timeline(PyObject* self, PyObject* value, void*) {
  if (value == nullptr || layer_times(value) == nullptr) return -1;
  Py_XSETREF(turns_of(self).timeline, Py_NewRef(value));
  return 0;
}

template <auto Member>
PyObject* get_bool(PyObject* self, void*) {
  return PyBool_FromLong(turns_of(self).*Member);
}
template <auto Member>
int set_bool(PyObject* self, PyObject* value, void*) {
  const int is = value == nullptr ? -1 : PyObject_IsTrue(value);
  if (is < 0) return -1;
  turns_of(self).*Member = is != 0;
  return 0;
}
template <auto Member>
PyObject* get_int(PyObject* self, void*) {
  return PyLong_FromLongLong(static_cast<long long>(turns_of(self).*Member));
}
template <auto Member>
int set_int(PyObject* self, PyObject* value, void*) {
  using Number = std::remove_reference_t<decltype(turns_of(self).*Member)>;
  const long long number = value == nullptr ? -1 : PyLong_AsLongLong(value);
  if (number == -1 && PyErr_Occurred() != nullptr) return -1;
  turns_of(self).*Member = static_cast<Number>(number);
  return 0;
}

// Whose backward begins at a node; -1: it is not marked.
PyObject* maker(PyObject* self, PyObject* node) {
  return PyLong_FromLong(turns_of(self).seen.find(node));
}

PyObject* see(PyObject* self, PyObject* args) {
  PyObject* node = nullptr;
  int slot = 0;
  if (PyArg_ParseTuple(args, "Oi:see", &node, &slot) == 0) return nullptr;
  try {
    turns_of(self).seen.put(node, slot);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
  Py_RETURN_NONE;
}

PyObject* after(PyObject* self, PyObject* args) {
  PyObject* tensor = nullptr;
  PyObject* node = nullptr;
  int slot = 0;
  if (PyArg_ParseTuple(args, "OOi:after", &tensor, &node, &slot) == 0) return nullptr;
  LayerTurns& turns = turns_of(self);
  if (slot < 0 || static_cast<size_t>(slot) >= turns.enter.size()) {
    PyErr_SetString(PyExc_IndexError, "there is no such slot");
    return nullptr;
  }
  try {
    if (!turns.after(tensor, node, slot)) return nullptr;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
  Py_RETURN_NONE;
}

PyObject* enter_mark(PyObject* self, PyObject* slot) {
  const LayerTurns& turns = turns_of(self);
  const Py_ssize_t at = PyNumber_AsSsize_t(slot, PyExc_IndexError);
  if (at < 0 || static_cast<size_t>(at) >= turns.enter.size()) {
    if (PyErr_Occurred() == nullptr) PyErr_SetString(PyExc_IndexError, "there is no such slot");
    return nullptr;
  }
  return Py_NewRef(turns.enter[static_cast<size_t>(at)]);
}

// Nothing is measured from here on; marks that are left in a graph do nothing.
PyObject* stop(PyObject* self, PyObject*) {
  LayerTurns& turns = turns_of(self);
  turns.is_on = false;
  turns.slots.clear();
  turns.stack.clear();
  turns.seen.clear();
  Py_RETURN_NONE;
}

template <auto Member>
constexpr PyGetSetDef flag(const char* name) {
  return {name, get_bool<Member>, set_bool<Member>, nullptr, nullptr};
}
template <auto Member>
constexpr PyGetSetDef number(const char* name) {
  return {name, get_int<Member>, set_int<Member>, nullptr, nullptr};
}
PyGetSetDef g_getset[] = {{"pre_hook", get_pre_hook, nullptr, nullptr, nullptr},
                          {"hook", get_hook, nullptr, nullptr, nullptr},
                          {"stack", get_stack, set_stack, nullptr, nullptr},
                          {"timeline", get_timeline, set_timeline, nullptr, nullptr},
                          flag<&LayerTurns::is_begun>("is_begun"),
                          flag<&LayerTurns::is_fresh>("is_fresh"),
                          flag<&LayerTurns::wants_step>("wants_step"),
                          flag<&LayerTurns::wants_inputs>("wants_inputs"),
                          flag<&LayerTurns::is_sampling>("is_sampling"),
                          flag<&LayerTurns::is_running>("is_running"),
                          flag<&LayerTurns::is_unannounced>("is_unannounced"),
                          number<&LayerTurns::taken>("taken"),
                          number<&LayerTurns::wanted>("wanted"),
                          number<&LayerTurns::thread>("thread"),
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {
    {"maker", maker, METH_O, "The slot whose backward begins at a node; -1: it is not marked."},
    {"see", see, METH_VARARGS, "see(node, slot): the backward of a slot begins at a node."},
    {"after", after, METH_VARARGS, "after(tensor, node, slot): marks the node of an output."},
    {"enter_mark", enter_mark, METH_O, "The mark with which a slot's turn begins."},
    {"stop", stop, METH_NOARGS, "Measures nothing from here on."},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_new, reinterpret_cast<void*>(make)},
                         {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(clear)},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.LayerHooks", sizeof(HooksObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, g_slots};

PyMemberDef g_call_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(CallObject, call), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyType_Slot g_call_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(call_dealloc)},
                              {Py_tp_traverse, reinterpret_cast<void*>(call_traverse)},
                              {Py_tp_clear, reinterpret_cast<void*>(call_clear)},
                              {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                              {Py_tp_members, g_call_members},
                              {0, nullptr}};
PyType_Spec g_call_spec = {"headrace._capture.LayerHook", sizeof(CallObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                               Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           g_call_slots};

}  // namespace

bool add_layer_hooks_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  g_call_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_call_spec));
  return g_type != nullptr && g_call_type != nullptr &&
         PyModule_AddObjectRef(module, "LayerHooks", as_object(g_type)) == 0;
}

}  // namespace headrace::binding
