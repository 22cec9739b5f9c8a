// What happens when a layer begins, ends, or the graph comes to a node of one: the logic of
// `LayerHooks`. Slot 2 i + 1 is layer i forward, the next one its backward; 0 is outside of all.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "binding/layer_clock.h"
#include "binding/node_marks.h"
#include "binding/python.h"

namespace headrace::binding {

inline constexpr int kOutside = 0;
inline constexpr int kRoot = 1;  // the model itself, forward

class LayerTurns {
 public:
  LayerTurns() = default;
  LayerTurns(const LayerTurns&) = delete;
  LayerTurns& operator=(const LayerTurns&) = delete;

  // Each gives false with an exception set.
  bool begin(PyObject* module, PyObject* inputs);
  bool end(PyObject* module, PyObject* inputs, PyObject* output);
  // A mark's: it is this slot's turn, with so many calls; `turns` false: only the calls.
  bool reach(size_t slot, int calls, bool turns);
  // Marks where the backward of the layer of this slot begins, at the node of its output.
  bool after(PyObject* tensor, PyObject* node, int slot);
  // Hands the error that is set to owner.give_up; false when that raises.
  bool give_up();

  int traverse(visitproc visit, void* arg) const;
  void drop_references();

  std::unordered_map<const void*, int> slots;  // of modules, by identity
  std::vector<int> stack;  // the running layers, and below them whose turn it was before
  NodeMarks seen;
  int taken = 0;  // who made what the last layer took that took something marked
  int wanted = -1;
  unsigned long thread = 0;
  int64_t least_ns = 0;  // an interval is at least this long
  bool is_on = true;
  bool marks_backward = false;
  bool is_begun = false;
  bool is_fresh = true;     // nothing ran in the interval yet
  bool wants_step = false;  // the next call outside of all others begins a step
  bool wants_inputs = false;
  bool is_sampling = false;
  bool is_running = false;  // a backward runs, or ended by an exception
  bool is_unannounced = true;

  PyObject* owner = nullptr;
  PyObject* timeline = nullptr;  // a LayerClock
  PyObject* tensor_type = nullptr;
  // place(tensor, node, mark) puts a mark on a node; null: as Tensor.register_hook of PyTorch 1.x.
  PyObject* place = nullptr;
  // By slot: marks with which its turn begins, is over, and only a call is counted.
  std::vector<PyObject*> enter;
  std::vector<PyObject*> leave;
  std::vector<PyObject*> count;

 private:
  bool is_running_layer(int slot) const;
  bool turn(int slot);
  bool note_begin(PyObject* module, PyObject* inputs, int slot);
  bool mark_inputs(PyObject* inputs, int parent);
  bool before(PyObject* tensor, PyObject* node, int parent);
  bool mark_output(PyObject* inputs, PyObject* output, int slot);
  bool outermost_ended(PyObject* output);
  bool put(PyObject* tensor, PyObject* node, PyObject* mark) const;
};

}  // namespace headrace::binding
