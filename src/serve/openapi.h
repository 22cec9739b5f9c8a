// The OpenAPI 3.1 document, made of the table that dispatches (route.h).
#pragma once

#include <string>

namespace headrace::serve {

inline constexpr const char* kEventsPath = "/api/v1/events";

std::string openapi_json();

}  // namespace headrace::serve
