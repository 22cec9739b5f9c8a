// Which tasks count as failures wherever failures must not be lost from sight.
#pragma once

#include <cstdint>

#include "model/status.h"

namespace headrace::query {

// Whether a task of this status, as the store has it, failed or was lost.
constexpr bool is_failure(int64_t status) {
  return status == static_cast<int64_t>(TaskStatus::kFailed) ||
         status == static_cast<int64_t>(TaskStatus::kLost);
}

}  // namespace headrace::query
