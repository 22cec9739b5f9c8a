// The laboratory's time, shared by all processes in it through a small file: the machine's own
// from a moment on, or one that a test turns.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace headrace::lab {

class LabClock {
 public:
  enum class Kind : uint32_t { kReal, kTurned };

  // A new one, at 0 now. Errors: kIo.
  static Result<LabClock> create(const std::string& path, Kind kind);
  // The one that stands there. Errors: kIo, kCorrupt.
  static Result<LabClock> open(const std::string& path);
  ~LabClock();
  LabClock(LabClock&& other) noexcept;
  LabClock& operator=(LabClock&&) = delete;

  int64_t now_ns() const;
  // Only of a turned one. All who have it see it at once.
  void turn_to(int64_t now_ns);

 private:
  struct Face;
  explicit LabClock(Face* face) : face_(face) {}
  Face* face_;
};

}  // namespace headrace::lab
