// The type `LayerClock`: whose turn it is among a model's layers. Time goes to one slot at a time,
// so what all slots got is what has passed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "binding/python.h"

namespace headrace::binding {

struct LayerTimes {
  std::vector<int64_t> self_ns;
  std::vector<int64_t> calls;
  size_t current = 0;
  int64_t begin_ns = 0;
  int64_t last_ns = 0;
  PyObject* clock = nullptr;  // a function that gives ns; null: the monotonic clock
  bool is_host = true;        // false: a subclass's `switch` says whose turn it is

  // -1 with an exception when a clock of the program's fails.
  int64_t now_ns() const;
  // From now on time is this slot's; what has passed is `owner`'s. False with an exception.
  bool turn(size_t owner, size_t slot) {
    const int64_t now = clock == nullptr ? now_monotonic_ns() : now_ns();
    if (now < 0) return false;
    self_ns[owner] += now - last_ns;
    last_ns = now;
    current = slot;
    return true;
  }
};

// Of a LayerClock; null with an exception for anything else.
LayerTimes* layer_times(PyObject* object);
// As `object.switch(slot)`, in the quickest way that its class allows.
bool switch_layer(PyObject* object, LayerTimes& times, size_t slot);

bool add_layer_clock_type(PyObject* module);

}  // namespace headrace::binding
