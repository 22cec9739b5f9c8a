// Why a reading of a sensor failed, as its sample's flags say.
#pragma once

#include <cerrno>
#include <cstdint>

namespace headrace {

enum class ReadFailure : uint8_t {
  kFailed = 0,  // no answer, or an error that says no more
  kDenied = 1,  // no permission
  kGone = 2,    // the device or file is not there any more
  kTorn = 3,    // half an answer, or one that changed meanwhile
  kZero = 4,    // a count of 0, which such a source shows instead of an answer
  kStale = 5,   // the source itself says that it was not refreshed
};

constexpr ReadFailure failure_of_errno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM: return ReadFailure::kDenied;
    case ENOENT:
    case ENODEV:
    case ENXIO: return ReadFailure::kGone;
    default: return ReadFailure::kFailed;
  }
}

// Where it lies in the flags of a sample that is a gap.
constexpr uint8_t kReadFailureShift = 2;
constexpr uint8_t kReadFailureMask = 7;

constexpr uint8_t flags_of(ReadFailure failure) {
  return static_cast<uint8_t>(static_cast<unsigned>(failure) << kReadFailureShift);
}
// A failure of a later version counts as one that says no more.
constexpr ReadFailure failure_of_flags(uint8_t flags) {
  const unsigned number = static_cast<unsigned>(flags) >> kReadFailureShift & kReadFailureMask;
  return number > static_cast<unsigned>(ReadFailure::kStale) ? ReadFailure::kFailed
                                                             : static_cast<ReadFailure>(number);
}

}  // namespace headrace
