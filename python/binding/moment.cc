#include "binding/moment.h"

#include "base/clock.h"
#include "binding/tick_rate.h"

namespace headrace::binding {
namespace {

struct MomentObject {
  PyObject_HEAD uint64_t ticks;
};

PyTypeObject* g_type = nullptr;

uint64_t ticks_at(int64_t unix_ns) {
  static const ClockReading first = read_clocks();
  constexpr int64_t kLongEnough_ns = 100'000'000;
  const ClockReading now = read_clocks();
  const int64_t span_ns = now.monotonic_ns - first.monotonic_ns;
  const double per_ns = span_ns > kLongEnough_ns ? static_cast<double>(now.ticks - first.ticks) /
                                                       static_cast<double>(span_ns)
                                                 : ticks_per_s / 1e9;
  const double since = static_cast<double>(now.realtime_ns - unix_ns) * per_ns;
  if (since >= static_cast<double>(now.ticks)) return 1;  // before the machine's clock began
  return now.ticks - static_cast<uint64_t>(static_cast<int64_t>(since));
}

PyObject* now(PyObject*, PyObject*) {
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self != nullptr) reinterpret_cast<MomentObject*>(self)->ticks = ticks();
  return self;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot g_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_doc, const_cast<char*>("A moment of this process, exact, as now() gives it.")},
    {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.Moment", sizeof(MomentObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_slots};

PyMethodDef g_functions[] = {
    {"now", now, METH_NOARGS,
     "now()\n--\n\nThis moment, for the begin_ns or end_ns of a task that is recorded later: "
     "exact, "
     "where a\nUnix time is turned into the clock that records carry. 50 ns."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool read_moment(PyObject* object, std::optional<uint64_t>* ticks) {
  if (object == Py_None) return true;
  if (Py_TYPE(object) == g_type) {
    *ticks = reinterpret_cast<MomentObject*>(object)->ticks;
    return true;
  }
  const int64_t unix_ns = PyLong_AsLongLong(object);
  if (unix_ns == -1 && PyErr_Occurred() != nullptr) return false;
  *ticks = ticks_at(unix_ns);
  return true;
}

bool add_moment_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Moment", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
