#include "binding/layer_clock.h"

#include <algorithm>
#include <new>

namespace headrace::binding {
namespace {

struct ClockObject {
  PyObject_HEAD LayerTimes times;
};

PyTypeObject* g_type = nullptr;
constexpr Py_ssize_t kMostSlots = Py_ssize_t{1} << 24;

LayerTimes& times_of(PyObject* self) { return reinterpret_cast<ClockObject*>(self)->times; }

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&times_of(self)) LayerTimes;
  return self;
}

int initialise(PyObject* self, PyObject* args, PyObject* keywords) {
  static const char* names[] = {"slots", "clock", "is_host", nullptr};
  Py_ssize_t slots = 0;
  PyObject* clock = Py_None;
  int is_host = 1;
  if (PyArg_ParseTupleAndKeywords(args, keywords, "n|Op:LayerClock", const_cast<char**>(names),
                                  &slots, &clock, &is_host) == 0) {
    return -1;
  }
  if (slots < 1 || slots > kMostSlots) {
    PyErr_SetString(PyExc_ValueError, "a LayerClock has 1 to 16,777,216 slots");
    return -1;
  }
  LayerTimes& times = times_of(self);
  try {
    times.self_ns.assign(static_cast<size_t>(slots), 0);
    times.calls.assign(static_cast<size_t>(slots), 0);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return -1;
  }
  Py_XSETREF(times.clock, clock == Py_None ? nullptr : Py_NewRef(clock));
  times.is_host = is_host != 0;
  times.current = 0;
  times.begin_ns = times.last_ns = times.now_ns();
  return times.begin_ns < 0 ? -1 : 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(times_of(self).clock);
  times_of(self).~LayerTimes();
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(times_of(self).clock);
  return 0;
}

int clear(PyObject* self) {
  Py_CLEAR(times_of(self).clock);
  return 0;
}

// A slot's number; -1 with an exception where there is no such slot.
Py_ssize_t slot_of(const LayerTimes& times, PyObject* number) {
  const Py_ssize_t slot = PyNumber_AsSsize_t(number, PyExc_IndexError);
  if (slot == -1 && PyErr_Occurred() != nullptr) return -1;
  if (slot >= 0 && static_cast<size_t>(slot) < times.calls.size()) return slot;
  PyErr_SetString(PyExc_IndexError, "there is no such slot");
  return -1;
}

PyObject* turn_to(PyObject* self, PyObject* number, bool is_known) {
  LayerTimes& times = times_of(self);
  const Py_ssize_t slot = slot_of(times, number);
  if (slot < 0 || !times.turn(is_known ? times.current : 0, static_cast<size_t>(slot))) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* turn(PyObject* self, PyObject* number) { return turn_to(self, number, true); }
PyObject* forget(PyObject* self, PyObject* number) { return turn_to(self, number, false); }

PyObject* clock(PyObject* self, PyObject*) {
  const int64_t now = times_of(self).now_ns();
  return now < 0 ? nullptr : PyLong_FromLongLong(now);
}

PyObject* elapsed_ns(PyObject* self, PyObject*) {
  const int64_t now = times_of(self).now_ns();
  return now < 0 ? nullptr : PyLong_FromLongLong(now - times_of(self).begin_ns);
}

PyObject* count(PyObject* self, PyObject* number) {
  LayerTimes& times = times_of(self);
  const Py_ssize_t slot = slot_of(times, number);
  if (slot < 0) return nullptr;
  ++times.calls[static_cast<size_t>(slot)];
  Py_RETURN_NONE;
}

PyObject* add(PyObject* self, PyObject* const* args, Py_ssize_t given) {
  LayerTimes& times = times_of(self);
  if (given != 2) {
    PyErr_SetString(PyExc_TypeError, "add(slot, ns)");
    return nullptr;
  }
  const Py_ssize_t slot = slot_of(times, args[0]);
  const long long ns = slot < 0 ? -1 : PyLong_AsLongLong(args[1]);
  if (slot < 0 || (ns == -1 && PyErr_Occurred() != nullptr)) return nullptr;
  times.self_ns[static_cast<size_t>(slot)] += ns;
  Py_RETURN_NONE;
}

PyObject* peek(PyObject* self, PyObject* number) {
  const LayerTimes& times = times_of(self);
  const Py_ssize_t slot = slot_of(times, number);
  if (slot < 0) return nullptr;
  return Py_BuildValue("LL", static_cast<long long>(times.self_ns[static_cast<size_t>(slot)]),
                       static_cast<long long>(times.calls[static_cast<size_t>(slot)]));
}

PyObject* list_of(const std::vector<int64_t>& values) {
  PyObject* list = PyList_New(static_cast<Py_ssize_t>(values.size()));
  for (size_t i = 0; list != nullptr && i < values.size(); ++i) {
    PyObject* value = PyLong_FromLongLong(values[i]);
    if (value == nullptr) {
      Py_CLEAR(list);
      break;
    }
    PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), value);
  }
  return list;
}

// take() -> (self_ns, calls), which are 0 from then on.
PyObject* take(PyObject* self, PyObject*) {
  LayerTimes& times = times_of(self);
  Ref self_ns = Ref::steal(list_of(times.self_ns));
  Ref calls = Ref::steal(self_ns ? list_of(times.calls) : nullptr);
  if (!calls) return nullptr;
  std::fill(times.self_ns.begin(), times.self_ns.end(), 0);
  std::fill(times.calls.begin(), times.calls.end(), 0);
  return Py_BuildValue("NN", self_ns.release(), calls.release());
}

PyObject* get_slots(PyObject* self, void*) {
  return PyLong_FromSize_t(times_of(self).calls.size());
}
PyObject* set_current(PyObject* self, PyObject* number) {
  const Py_ssize_t slot = slot_of(times_of(self), number);
  if (slot < 0) return nullptr;
  times_of(self).current = static_cast<size_t>(slot);
  Py_RETURN_NONE;
}

PyObject* get_current(PyObject* self, void*) { return PyLong_FromSize_t(times_of(self).current); }
PyObject* get_last_ns(PyObject* self, void*) { return PyLong_FromLongLong(times_of(self).last_ns); }
PyObject* get_begin_ns(PyObject* self, void*) {
  return PyLong_FromLongLong(times_of(self).begin_ns);
}
int set_begin_ns(PyObject* self, PyObject* value, void*) {
  const long long ns = value == nullptr ? -1 : PyLong_AsLongLong(value);
  if (ns == -1 && PyErr_Occurred() != nullptr) return -1;
  times_of(self).begin_ns = ns;
  return 0;
}
PyObject* get_is_host(PyObject* self, void*) { return PyBool_FromLong(times_of(self).is_host); }

PyGetSetDef g_getset[] = {{"slots", get_slots, nullptr, nullptr, nullptr},
                          {"current", get_current, nullptr, nullptr, nullptr},
                          {"last_ns", get_last_ns, nullptr, nullptr, nullptr},
                          {"begin_ns", get_begin_ns, set_begin_ns, nullptr, nullptr},
                          {"is_host", get_is_host, nullptr, nullptr, nullptr},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {
    {"switch", turn, METH_O, "From now on time is this slot's."},
    {"forget", forget, METH_O, "As switch, but nobody knows whose the time since the last was."},
    {"clock", clock, METH_NOARGS, "Now, in ns."},
    {"elapsed_ns", elapsed_ns, METH_NOARGS, "How long the interval is by now."},
    {"count", count, METH_O, "One more call of a slot."},
    {"add", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(add)), METH_FASTCALL,
     "Gives a slot so many ns."},
    {"peek", peek, METH_O, "(ns, calls) of a slot in this interval."},
    {"take", take, METH_NOARGS, "The ns and the calls of all slots, which begin at 0 again."},
    {"set_current", set_current, METH_O, "Whose turn it is, without a look at the clock."},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_new, reinterpret_cast<void*>(make)},
                         {Py_tp_init, reinterpret_cast<void*>(initialise)},
                         {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_clear, reinterpret_cast<void*>(clear)},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.LayerClock", sizeof(ClockObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, g_slots};

}  // namespace

int64_t LayerTimes::now_ns() const {
  if (clock == nullptr) return now_monotonic_ns();
  const Ref now = Ref::steal(PyObject_CallNoArgs(clock));
  if (!now) return -1;
  const long long ns = PyLong_AsLongLong(now.get());
  if (ns < 0 && PyErr_Occurred() == nullptr) {
    PyErr_SetString(PyExc_ValueError, "a clock gives ns since some time before");
  }
  return ns < 0 ? -1 : ns;
}

LayerTimes* layer_times(PyObject* object) {
  if (PyObject_TypeCheck(object, g_type)) return &times_of(object);
  PyErr_SetString(PyExc_TypeError, "not a LayerClock");
  return nullptr;
}

bool switch_layer(PyObject* object, LayerTimes& times, size_t slot) {
  if (times.is_host) return times.turn(times.current, slot);
  static PyObject* name = PyUnicode_InternFromString("switch");
  const Ref number = Ref::steal(PyLong_FromSize_t(slot));
  return number &&
         Ref::steal(PyObject_CallMethodObjArgs(object, name, number.get(), nullptr)).get() !=
             nullptr;
}

bool add_layer_clock_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "LayerClock", as_object(g_type)) == 0;
}

}  // namespace headrace::binding
