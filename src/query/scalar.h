// What fits a cell of a table.
#pragma once

#include "query/json.h"

namespace headrace::query {

// No map and no list.
inline bool is_scalar(const Json& value) {
  return value.as<Json::Map>() == nullptr && value.as<Json::List>() == nullptr;
}

}  // namespace headrace::query
