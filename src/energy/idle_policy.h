// What becomes of the energy that a device uses while no task runs.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::energy {

enum class IdlePolicy : uint8_t {
  kSeparate,     // it is no task's: a row of its own
  kByResidency,  // and each task is told its part of it, by the time that it ran
  kNone,         // windows in which tasks ran are theirs whole
};

constexpr std::string_view name_of(IdlePolicy policy) {
  switch (policy) {
    case IdlePolicy::kSeparate: return "separate";
    case IdlePolicy::kByResidency: return "by_residency";
    case IdlePolicy::kNone: return "none";
  }
  return "separate";
}

}  // namespace headrace::energy
