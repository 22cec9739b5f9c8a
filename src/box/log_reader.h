// Reads the log of one process image (box/log.h). Everything in it is outside bytes: a record that
// makes no sense ends nothing but itself, and is counted.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "box/log.h"

namespace headrace::box {

struct BoxEvent {
  BoxKind kind;
  int64_t at_ns = 0;  // CLOCK_MONOTONIC
  int32_t tid = 0;
  int32_t result = 0;
  Uuid task;  // nil: none
  uint32_t flags = 0;
  FileBody file{};  // kinds that have one; of a copy, where to
  FileBody from{};  // of a copy
  PipeBody pipe{};
  ChildBody child{};
  OpenBody open{};
  ExitBody exit{};
  std::string path;
  std::string path2;

  bool has(uint32_t flag) const { return (flags & flag) != 0; }
  bool is_of_vfork_child() const { return has(kFromVforkChild); }
};

struct ImageLog {
  LogHeader header{};
  std::vector<BoxEvent> events;  // by time
  uint64_t damaged_records = 0;  // cut short by a kill, or nonsense
};

// Errors: kIo, kNotFound, kCorrupt where it is no such log.
Result<ImageLog> read_log(const std::string& path);
// The same from bytes.
Result<ImageLog> parse_log(std::string_view bytes);

}  // namespace headrace::box
