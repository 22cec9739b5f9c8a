// Writes the log of one process image (box/log.h) on behalf of a process that is only watched.
//
//   NotifyLog log(folder, start);
//   log.write(BoxKind::kOpen, {.at_ns = now, .tid = 7, .result = 3, .path = "/a", .file = facts});
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "box/log.h"

namespace headrace::box {

struct LogEntry {
  int64_t at_ns = 0;
  int32_t tid = 0;
  int32_t result = 0;
  uint32_t flags = 0;
  std::string_view path = {};
  std::string_view path2 = {};
  const void* body = nullptr;  // of body_bytes(kind); null: zeros
};

// One thread. Where the file cannot be made or grown, records are counted as lost.
class NotifyLog {
 public:
  // `facts`: who the image is; the rest of the header is filled here.
  NotifyLog(const std::string& folder, const LogHeader& facts);
  ~NotifyLog() { finish(); }
  NotifyLog(const NotifyLog&) = delete;
  NotifyLog& operator=(const NotifyLog&) = delete;

  void write(BoxKind kind, const LogEntry& entry);
  // One of the header's counts: of what is not written, or was done and could not be seen.
  void count(uint64_t LogHeader::*what);
  void set_flag(uint64_t flag);
  // Gives back what the file does not need; nothing can be written after it.
  void finish();

  uint64_t epoch() const { return epoch_; }

 private:
  LogHeader* header() { return reinterpret_cast<LogHeader*>(memory_); }
  bool grow(uint64_t to);
  bool make_real(uint64_t offset);

  std::string path_;
  uint64_t epoch_;
  char* memory_ = nullptr;
  uint64_t tail_ = kLogHeaderBytes;
  uint64_t ready_ = 0;
};

}  // namespace headrace::box
