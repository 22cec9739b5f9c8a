// The activities of a store by their numbers, which are what the rows of tasks hold.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "store/database.h"

namespace headrace::query {

struct ActivityRow {
  std::string name;
  std::string facts;  // JSON
};

Result<std::unordered_map<uint32_t, ActivityRow>> read_activities(
    const store::Connection& connection);

}  // namespace headrace::query
