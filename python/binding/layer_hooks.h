// The type `LayerHooks`: what PyTorch's global hooks of modules call, and the marks on the nodes of
// the graph. A layer of 20 us feels every call here, so what happens in each of them is done
// natively; what happens now and then is asked of `owner`, an object in Python
// (headrace/torch/forward.py), by these methods:
//
//   may_run_here() -> bool               a call in another thread than the last one
//   settle(module, slot)                 a layer begins outside of all, or inside itself
//   note_inputs(inputs)                  of the model, while `wants_inputs`
//   began(module, slot, inputs)          of the layer `wanted`, or of all while `is_sampling`
//   ended(module, slot, inputs, output)  while `is_sampling`
//   after_in_place(tensor), after_several(output, slot)   marks of less common outputs
//   given(output)                        what the outermost layer gave, where it is no tensor
//   outermost_ended()                    when the interval is long enough to be recorded
//   announce()                           the first mark of a backward
//   give_up(error)                       one of these, or something here, failed
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_layer_hooks_type(PyObject* module);

}  // namespace headrace::binding
