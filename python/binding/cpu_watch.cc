#include "binding/cpu_watch.h"

#include "binding/names.h"

namespace headrace::binding {

void CpuWatch::add_difference(capture::Fields& fields, const CpuReading& reading,
                              uint64_t begin_ticks) const {
  // One of the first calls, and short; or ended by another thread than it began on.
  if (weight_ < kHalf && ticks() - begin_ticks < ticks_per_ms) return;
  if (pthread_equal(reading.thread, pthread_self()) == 0) return;
  static PyObject* name = PyUnicode_InternFromString("cpu_s");
  const int64_t used_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID) - reading.begin_ns;
  fields.add_float(Role::kAttribute, name_of(name).id, static_cast<double>(used_ns) * 1e-9);
}

}  // namespace headrace::binding
