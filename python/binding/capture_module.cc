// The extension module `headrace._capture`: what records. It knows nothing of the store.
#include "binding/activity_type.h"
#include "binding/carry_type.h"
#include "binding/dict_walk.h"
#include "binding/exposure.h"
#include "binding/flowcept_documents.h"
#include "binding/flowcept_loop_type.h"
#include "binding/flowcept_task_type.h"
#include "binding/layer_clock.h"
#include "binding/layer_hooks.h"
#include "binding/loop_type.h"
#include "binding/moment.h"
#include "binding/names.h"
#include "binding/object_type.h"
#include "binding/open_task.h"
#include "binding/parents.h"
#include "binding/process.h"
#include "binding/resumable.h"
#include "binding/scope_type.h"
#include "binding/set_aside.h"
#include "binding/task_form.h"
#include "binding/task_runner.h"
#include "binding/task_type.h"
#include "binding/tick_rate.h"

namespace {

PyModuleDef g_definition = {
    PyModuleDef_HEAD_INIT, "_capture", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__capture() {
  using namespace headrace::binding;  // NOLINT(google-build-using-namespace)
  Ref module = Ref::steal(PyModule_Create(&g_definition));
  if (!module) return nullptr;
  count_forks();
  measure_tick_rate();
  check_dict_layout();
  const bool added = make_context_variable() && add_task_type(module.get()) &&
                     add_resumable_types(module.get()) && add_scope_type(module.get()) &&
                     add_loop_type(module.get()) && add_carry_type(module.get()) &&
                     add_object_type(module.get()) && add_open_task_type(module.get()) &&
                     add_task_form_type(module.get()) && add_task_runner_type(module.get()) &&
                     add_process_functions(module.get()) && add_segment_functions(module.get()) &&
                     add_exposure_functions(module.get()) && add_flowcept_task_type(module.get()) &&
                     add_flowcept_loop_type(module.get()) && add_flowcept_documents(module.get()) &&
                     add_layer_clock_type(module.get()) && add_layer_hooks_type(module.get()) &&
                     add_activity_type(module.get()) && add_moment_type(module.get()) &&
                     add_set_aside_function(module.get());
  return added ? module.release() : nullptr;
}
