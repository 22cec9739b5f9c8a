// Which task a thread is in, for those that see the process from inside without knowing the
// recorder: the library that `headrace run` preloads writes it beside every file that is opened.
#pragma once

#include <cstdint>

namespace headrace::capture {

// Where that library is loaded, gives it hr_current_task below. Once, when capture begins.
void tell_preloaded_library();

}  // namespace headrace::capture

extern "C" {

// The uuids of the calling thread's current task and of its workflow, as printed; zeros for none.
// In signal handlers and vfork children too: no lock, no memory. A few ns.
__attribute__((visibility("default"))) void hr_current_task(uint8_t task[16],
                                                            uint8_t workflow[16]) noexcept;
// The task alone; what another library can look for with a weak reference.
__attribute__((visibility("default"))) void hr_current_task_id(uint8_t task[16]) noexcept;
}
