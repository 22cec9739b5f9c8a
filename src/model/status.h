// What became of a task or workflow. The numbers are on disk: never change them.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace {

enum class TaskStatus : uint8_t {
  kPending = 0,
  kRunning = 1,
  kFinished = 2,
  kFailed = 3,
  kCancelled = 4,
  kLost = 5,  // its producer died while it was open
};

constexpr std::string_view name_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::kPending: return "pending";
    case TaskStatus::kRunning: return "running";
    case TaskStatus::kFinished: return "finished";
    case TaskStatus::kFailed: return "failed";
    case TaskStatus::kCancelled: return "cancelled";
    case TaskStatus::kLost: return "lost";
  }
  return "unknown";
}

}  // namespace headrace
