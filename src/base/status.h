// Errors as values. A function that can fail returns Status or Result<T>; the caller must look.
//
//   Result<int> n = parse(text);
//   if (!n.ok()) return n.status();
//   use(*n);
//
// A message says what failed, why, and what to do next. An OK Status costs one pointer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace headrace {

enum class StatusCode {
  kOk = 0,
  kInvalidArgument,  // the caller's input is wrong
  kNotFound,         // the named thing does not exist
  kUnavailable,      // cannot be reached or is busy now
  kCorrupt,          // bytes are not what they claim to be
  kIo,               // the operating system refused
  kExhausted,        // a bound was reached
  kUnsupported,      // this version or machine cannot do it
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : state_(std::make_shared<const State>(State{code, std::move(message)})) {}

  bool ok() const { return state_ == nullptr; }
  StatusCode code() const { return state_ ? state_->code : StatusCode::kOk; }
  const std::string& message() const {
    static const std::string empty;
    return state_ ? state_->message : empty;
  }
  // The same error with what to do about it behind.
  Status with_advice(const std::string& advice) const {
    return ok() ? *this : Status(code(), message() + "; " + advice);
  }
  // The same error with what was being attempted put in front.
  Status with_context(const std::string& doing) const {
    return ok() ? *this : Status(code(), doing + ": " + message());
  }

 private:
  struct State {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const State> state_;
};

inline Status ok_status() { return {}; }
inline Status invalid_argument(std::string m) {
  return {StatusCode::kInvalidArgument, std::move(m)};
}
inline Status not_found(std::string m) { return {StatusCode::kNotFound, std::move(m)}; }
inline Status unavailable(std::string m) { return {StatusCode::kUnavailable, std::move(m)}; }
inline Status corrupt(std::string m) { return {StatusCode::kCorrupt, std::move(m)}; }
inline Status exhausted(std::string m) { return {StatusCode::kExhausted, std::move(m)}; }
inline Status unsupported(std::string m) { return {StatusCode::kUnsupported, std::move(m)}; }
// An operating system error: `what` failed, with the text of `error_number` (errno).
Status io_error(const std::string& what, int error_number);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // Only when ok().
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T value_or(T other) const { return ok() ? *value_ : std::move(other); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace headrace

// Returns the error of `expression` from the calling function.
#define HEADRACE_RETURN_IF_ERROR(expression)                                      \
  do {                                                                            \
    if (::headrace::Status headrace_status = (expression); !headrace_status.ok()) \
      return headrace_status;                                                     \
  } while (false)
