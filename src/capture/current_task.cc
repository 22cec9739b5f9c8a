#include "capture/current_task.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

#include "capture/task.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"

namespace headrace::capture {

void tell_preloaded_library() {
  if (std::getenv("HEADRACE_BOX") == nullptr) return;
  using SetCurrentTask = void (*)(void (*)(uint8_t*, uint8_t*));
  auto* const set =
      reinterpret_cast<SetCurrentTask>(dlsym(RTLD_DEFAULT, "headrace_box_set_current_task"));
  if (set != nullptr)
    set([](uint8_t* task, uint8_t* workflow) { hr_current_task(task, workflow); });
}

}  // namespace headrace::capture

using namespace headrace;           // NOLINT: this file is the edge to C
using namespace headrace::capture;  // NOLINT

extern "C" {

void hr_current_task(uint8_t task[16], uint8_t workflow[16]) noexcept {
  std::fill_n(task, 16, uint8_t{0});
  std::fill_n(workflow, 16, uint8_t{0});
  const ThreadState* thread = existing_thread_state();
  const TaskState* current = thread == nullptr ? nullptr : thread->current;
  while (current != nullptr && current->ended_elsewhere.load(std::memory_order_acquire)) {
    current = current->outer;
  }
  if (current == nullptr) return;
  const auto id = task_uuid(current->producer, current->number).bytes();
  std::copy(id.begin(), id.end(), task);
  const auto of = thread->workflow != nullptr ? thread->workflow->id : process_workflow_uuid();
  const auto bytes = of.bytes();
  std::copy(bytes.begin(), bytes.end(), workflow);
}

void hr_current_task_id(uint8_t task[16]) noexcept {
  uint8_t workflow[16];
  hr_current_task(task, workflow);
}

}  // extern "C"
