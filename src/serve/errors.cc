#include "serve/errors.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "query/json.h"

namespace headrace::serve {
namespace {

using query::Json;

struct Kind {
  int status;
  const char* name;
};

Kind kind_of(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument: return {400, "invalid"};
    case StatusCode::kNotFound: return {404, "not_found"};
    case StatusCode::kUnavailable: return {503, "unavailable"};
    case StatusCode::kExhausted: return {503, "too_much"};
    case StatusCode::kUnsupported: return {501, "unsupported"};
    case StatusCode::kCorrupt: return {500, "damaged"};
    case StatusCode::kOk:
    case StatusCode::kIo: break;
  }
  return {500, "failed"};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Response response_of(int status, const std::string& kind, const std::string& what,
                     const std::string& why, const std::string& next, std::optional<int64_t> at) {
  Response out;
  out.status = status;
  out.body = Json(Json::Map{{"error", Json::Map{{"kind", kind},
                                                {"what", what},
                                                {"why", text_or_null(why)},
                                                {"next", text_or_null(next)},
                                                {"at", at ? Json(*at) : Json()}}}})
                 .dump();
  return out;
}

// The last two lines are a text and a caret under it, each after two spaces.
std::optional<int64_t> take_caret(std::string* message) {
  const size_t caret_line = message->rfind('\n');
  if (caret_line == std::string::npos || !message->ends_with('^')) return std::nullopt;
  const size_t text_line = message->rfind('\n', caret_line - 1);
  if (text_line == std::string::npos) return std::nullopt;
  const auto at = static_cast<int64_t>(message->size() - 1 - caret_line - 1 - 2);
  message->resize(text_line);
  return at < 0 ? std::nullopt : std::optional<int64_t>(at);
}

// "what: why; next".
Response in_parts(int status, const std::string& kind, std::string what,
                  std::optional<int64_t> at) {
  std::string why;
  std::string next;
  if (const size_t advice = what.rfind("; "); advice != std::string::npos) {
    next = what.substr(advice + 2);
    what.resize(advice);
  }
  if (const size_t reason = what.find(": "); reason != std::string::npos) {
    why = what.substr(reason + 2);
    what.resize(reason);
  }
  return response_of(status, kind, what, why, next, at);
}

}  // namespace

Response error_response(int status, const std::string& kind, const std::string& what,
                        const std::string& why, const std::string& next) {
  return response_of(status, kind, what, why, next, std::nullopt);
}

Response error_response(const Status& status) {
  std::string what = status.message();
  const std::optional<int64_t> at = take_caret(&what);
  return error_response(Status(status.code(), std::move(what)), at);
}

Response error_response(const Status& status, std::optional<int64_t> at) {
  const Kind kind = kind_of(status.code());
  return in_parts(kind.status, kind.name, status.message(), at);
}

Response error_response_as(int status, const std::string& kind, const Status& error) {
  return in_parts(status, kind, error.message(), std::nullopt);
}

}  // namespace headrace::serve
