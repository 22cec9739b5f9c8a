// What the kernel's headers of this build may be too old to name. Values: linux/seccomp.h of 6.6.
#pragma once

#include <linux/ioctl.h>
#include <linux/seccomp.h>

namespace headrace::box {

// Linux 5.19: once the supervisor has seen a call, only what kills its thread interrupts it.
constexpr unsigned kWaitKillable = 1U << 5;
// Linux 6.6: who stops and who answers take turns on one processor.
constexpr unsigned kSyncWakeUp = 1U << 0;
constexpr unsigned long kSetListenerFlags = _IOW('!', 4, unsigned long long);

}  // namespace headrace::box
