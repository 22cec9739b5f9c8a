// Errors as every answer has them:
//   {"error": {"kind", "what", "why", "next", "at"}}
// kind is a word for programs; what failed, why, and what to do next are for people; at is the
// character of the text that was asked, where one is to blame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "serve/http.h"

namespace headrace::serve {

// "" for why or next: null.
Response error_response(int status, const std::string& kind, const std::string& what,
                        const std::string& why, const std::string& next);
// By the status's code; its message taken apart at its ": " and its "; ". A caret under a text in
// it becomes `at`.
Response error_response(const Status& status);
// The same under another status and kind.
Response error_response_as(int status, const std::string& kind, const Status& error);
// The same with the place known.
Response error_response(const Status& status, std::optional<int64_t> at);

}  // namespace headrace::serve
