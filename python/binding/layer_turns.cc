#include "binding/layer_turns.h"

#include <algorithm>
#include <initializer_list>

namespace headrace::binding {
namespace {

// Names of PyTorch's attributes and of owner's methods, made once.
PyObject* interned(const char* text) { return PyUnicode_InternFromString(text); }

bool calls(PyObject* owner, PyObject* name, std::initializer_list<PyObject*> arguments) {
  constexpr size_t kMost = 5;
  PyObject* args[kMost + 1] = {owner};
  std::copy(arguments.begin(), arguments.end(), args + 1);
  return Ref::steal(PyObject_VectorcallMethod(name, args, 1 + arguments.size(), nullptr)).get() !=
         nullptr;
}

bool calls(PyObject* owner, PyObject* name, PyObject* module, int slot,
           std::initializer_list<PyObject*> more) {
  const Ref number = Ref::steal(PyLong_FromLong(slot));
  if (!number) return false;
  constexpr size_t kMost = 6;
  PyObject* args[kMost] = {owner, module, number.get()};
  std::copy(more.begin(), more.end(), args + 3);
  return Ref::steal(PyObject_VectorcallMethod(name, args, 3 + more.size(), nullptr)).get() !=
         nullptr;
}

// Where `tensor` was made in the graph: null without an exception for a leaf.
Ref node_of(PyObject* tensor, bool& ok) {
  static PyObject* name = interned("grad_fn");
  Ref node = Ref::steal(PyObject_GetAttr(tensor, name));
  ok = static_cast<bool>(node);
  if (node.get() == Py_None) return {};
  return node;
}

bool is_of(PyObject* object, PyObject* type) {
  return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(type)) != 0;
}

// `node.metadata`, a dict of the node's own, holds this key: an output of the model was made here.
PyObject* given_key() {
  static PyObject* key = interned("headrace");
  return key;
}

Ref metadata_of(PyObject* node) {
  static PyObject* name = interned("metadata");
  return Ref::steal(PyObject_GetAttr(node, name));
}

}  // namespace

bool LayerTurns::is_running_layer(int slot) const {
  return std::find(stack.begin(), stack.end(), slot) != stack.end();
}

bool LayerTurns::turn(int slot) {
  LayerTimes* times = layer_times(timeline);
  return times != nullptr && switch_layer(timeline, *times, static_cast<size_t>(slot));
}

bool LayerTurns::begin(PyObject* module, PyObject* inputs) {
  const auto found = slots.find(module);
  if (found == slots.end() || !is_on) return true;
  const int slot = found->second;
  if (PyThread_get_thread_ident() != thread) {
    static PyObject* name = interned("may_run_here");
    const Ref may = Ref::steal(PyObject_CallMethodNoArgs(owner, name));
    if (!may) return false;
    if (may.get() != Py_True) return true;
  }
  if (stack.empty() && is_begun && !is_fresh && !is_running && !wants_step) {
    stack.push_back(static_cast<int>(layer_times(timeline)->current));
  } else if (stack.empty() || slot == kRoot || is_running_layer(slot)) {
    static PyObject* name = interned("settle");
    if (!calls(owner, name, module, slot, {})) return false;
    if (!is_on) return true;
    if (stack.empty()) stack.push_back(kOutside);
  }
  const int parent = stack.back();
  stack.push_back(slot);
  if (!turn(slot)) return false;
  ++layer_times(timeline)->calls[static_cast<size_t>(slot)];
  if (marks_backward && !mark_inputs(inputs, parent)) return false;
  return note_begin(module, inputs, slot);
}

bool LayerTurns::note_begin(PyObject* module, PyObject* inputs, int slot) {
  if (wants_inputs && slot == kRoot) {
    static PyObject* name = interned("note_inputs");
    if (!calls(owner, name, {inputs})) return false;
  }
  if (slot != wanted && !is_sampling) return true;
  static PyObject* name = interned("began");
  return calls(owner, name, module, slot, {inputs});
}

bool LayerTurns::mark_inputs(PyObject* inputs, int parent) {
  if (!PyTuple_Check(inputs)) return true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); ++i) {
    PyObject* tensor = PyTuple_GET_ITEM(inputs, i);
    if (!is_of(tensor, tensor_type)) continue;
    bool ok = true;
    const Ref node = node_of(tensor, ok);
    if (!ok) return false;
    if (!node) continue;
    if (const int maker = seen.find(node.get()); maker != NodeMarks::kNone) {
      taken = maker;
    } else if (!before(tensor, node.get(), parent)) {
      return false;
    }
  }
  return true;
}

// Marks where a layer's backward ends, at the node that made what it takes, which is not marked
// yet. A marked node belongs to the layer that made it, or to whom took it further out.
bool LayerTurns::before(PyObject* tensor, PyObject* node, int parent) {
  taken = kOutside;
  seen.put(node, kOutside);
  if ((parent & 1) != 0) {
    return put(tensor, node, leave[static_cast<size_t>(parent) + 1]);
  }
  // Inside a backward or a step, what it takes is of an older graph, which has its marks; and of
  // several calls from outside, one may have made what the other takes.
  if (parent != kOutside) return true;
  const Ref metadata = metadata_of(node);
  if (!metadata) return false;
  const int given = PyDict_Contains(metadata.get(), given_key());
  if (given < 0) return false;
  return given == 1 || put(tensor, node, leave[kOutside]);
}

bool LayerTurns::after(PyObject* tensor, PyObject* node, int slot) {
  const auto at = static_cast<size_t>(slot);
  // A layer that gives what another one in it gave takes no turn of its own.
  if (seen.find(node) != NodeMarks::kNone) return put(tensor, node, count[at]);
  seen.put(node, slot);
  return put(tensor, node, enter[at]);
}

bool LayerTurns::put(PyObject* tensor, PyObject* node, PyObject* mark) const {
  if (place != nullptr) {
    PyObject* args[] = {tensor, node, mark};
    return Ref::steal(PyObject_Vectorcall(place, args, 3, nullptr)).get() != nullptr;
  }
  // What Tensor.register_hook does, but the tensor forgets it, so that its node alone has the mark:
  // less than half of what register_prehook takes.
  static PyObject* hooks_name = interned("_backward_hooks");
  static PyObject* register_name = interned("_register_hook_dict");
  static PyObject* zero = PyLong_FromLong(0);
  const Ref hooks = Ref::steal(PyObject_GetAttr(tensor, hooks_name));
  if (!hooks) return false;
  if (hooks.get() != Py_None) {
    static PyObject* name = interned("register_prehook");
    return calls(node, name, {mark});
  }
  const Ref own = Ref::steal(PyDict_New());
  if (!own || PyDict_SetItem(own.get(), zero, mark) < 0 ||
      PyObject_SetAttr(tensor, hooks_name, own.get()) < 0) {
    return false;
  }
  const bool registered = calls(node, register_name, {tensor});
  return PyObject_SetAttr(tensor, hooks_name, Py_None) == 0 && registered;
}

bool LayerTurns::end(PyObject* module, PyObject* inputs, PyObject* output) {
  if (stack.empty() || !is_on) return true;
  const auto found = slots.find(module);
  if (found == slots.end()) return true;
  const int slot = found->second;
  if (PyThread_get_thread_ident() != thread && !is_running) return true;
  if (stack.back() != slot) {
    if (!is_running_layer(slot)) return true;       // began before the watch did
    while (stack.back() != slot) stack.pop_back();  // one in it failed, and it went on
  }
  stack.pop_back();
  if (!turn(stack.empty() ? kOutside : stack.back())) return false;
  if (marks_backward && !mark_output(inputs, output, slot)) return false;
  if (is_sampling) {
    static PyObject* name = interned("ended");
    if (!calls(owner, name, module, slot, {inputs, output})) return false;
  }
  if (stack.size() > 1) return true;
  stack.clear();
  return outermost_ended(output);
}

bool LayerTurns::mark_output(PyObject* inputs, PyObject* output, int slot) {
  if (!is_of(output, tensor_type)) {
    static PyObject* name = interned("after_several");
    return calls(owner, name, output, slot + 1, {});
  }
  bool ok = true;
  const Ref node = node_of(output, ok);
  if (!ok || !node) return ok;
  if (!after(output, node.get(), slot + 1)) return false;
  if (!PyTuple_Check(inputs) || PyTuple_GET_SIZE(inputs) == 0 ||
      PyTuple_GET_ITEM(inputs, 0) != output) {
    return true;
  }
  static PyObject* name = interned("after_in_place");
  return calls(owner, name, {output});
}

// Nothing of the graph is held from here on.
bool LayerTurns::outermost_ended(PyObject* output) {
  if (!seen.empty()) {
    seen.clear();
    if (is_of(output, tensor_type)) {
      bool ok = true;
      const Ref node = node_of(output, ok);
      if (!ok) return false;
      if (node) {
        const Ref metadata = metadata_of(node.get());
        if (!metadata || PyDict_SetItem(metadata.get(), given_key(), Py_True) < 0) return false;
      }
    } else {
      static PyObject* name = interned("given");
      if (!calls(owner, name, {output})) return false;
    }
  }
  if (is_running || !is_on) return true;
  const LayerTimes* times = layer_times(timeline);
  if (times == nullptr) return false;
  const int64_t now_ns = times->is_host ? times->last_ns : times->now_ns();
  if (now_ns < 0 || now_ns - times->begin_ns < least_ns) return now_ns >= 0;
  static PyObject* name = interned("outermost_ended");
  return calls(owner, name, {});
}

bool LayerTurns::reach(size_t slot, int calls_made, bool turns) {
  if (!is_on) return true;
  if (is_unannounced) {
    static PyObject* name = interned("announce");
    if (!calls(owner, name, {})) return false;
  }
  LayerTimes* times = layer_times(timeline);
  if (times == nullptr || (turns && !switch_layer(timeline, *times, slot))) return false;
  times->calls[slot] += calls_made;
  return true;
}

bool LayerTurns::give_up() {
  if (owner == nullptr || PyErr_ExceptionMatches(PyExc_Exception) == 0) return false;
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  const Ref keep_type = Ref::steal(type);
  const Ref error = Ref::steal(value);
  const Ref keep_traceback = Ref::steal(traceback);
  static PyObject* name = interned("give_up");
  return calls(owner, name, {error.get()});
}

int LayerTurns::traverse(visitproc visit, void* arg) const {
  Py_VISIT(owner);
  Py_VISIT(timeline);
  Py_VISIT(tensor_type);
  Py_VISIT(place);
  for (const auto* marks : {&enter, &leave, &count}) {
    for (PyObject* mark : *marks) Py_VISIT(mark);
  }
  return seen.traverse(visit, arg);
}

void LayerTurns::drop_references() {
  is_on = false;
  seen.clear();
  for (auto* marks : {&enter, &leave, &count}) {
    std::vector<PyObject*> gone;
    gone.swap(*marks);
    for (PyObject* mark : gone) Py_DECREF(mark);
  }
  Py_CLEAR(owner);
  Py_CLEAR(timeline);
  Py_CLEAR(tensor_type);
  Py_CLEAR(place);
}

}  // namespace headrace::binding
