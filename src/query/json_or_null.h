// What may not be known, as JSON: null where it is not.
#pragma once

#include <optional>

#include "query/json.h"

namespace headrace::query {

template <typename T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace headrace::query
