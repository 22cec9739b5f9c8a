#include "box/notify_log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace headrace::box {
namespace {

// Records are written in order by one thread, and a reader may look at any time.
template <typename T>
void publish(T& place, T value) {
  std::atomic_ref<T>(place).store(value, std::memory_order_release);
}

}  // namespace

NotifyLog::NotifyLog(const std::string& folder, const LogHeader& facts)
    : path_(folder + "/" + std::to_string(facts.pid) + "-" +
            std::to_string(facts.start_time_ticks) + "-" + std::to_string(facts.epoch) + ".box"),
      epoch_(facts.epoch) {
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return;
  void* const memory =
      ftruncate(file, static_cast<off_t>(kLogLengthBytes)) == 0
          ? mmap(nullptr, kLogLengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
          : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED) {
    unlink(path_.c_str());
    return;
  }
  memory_ = static_cast<char*>(memory);
  if (!grow(kLogHeaderBytes)) {
    munmap(memory_, kLogLengthBytes);
    memory_ = nullptr;
    unlink(path_.c_str());
    return;
  }
  LogHeader filled = facts;
  filled.magic = 0;
  filled.flags |= kLogIsHeld;
  filled.version = kLogVersion;
  filled.mechanism = Mechanism::kNotify;
  filled.length_bytes = kLogLengthBytes;
  filled.tail = tail_;
  filled.ready_bytes = ready_;
  std::memcpy(memory_, &filled, sizeof filled);
  publish(header()->magic, kLogMagic);
}

bool NotifyLog::make_real(uint64_t offset) {
  if (madvise(memory_ + offset, kLogChunkBytes, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;
  // Before Linux 5.14.
  const int file = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  const int error = posix_fallocate(file, static_cast<off_t>(offset), kLogChunkBytes);
  close(file);
  return error == 0;
}

bool NotifyLog::grow(uint64_t to) {
  while (ready_ < to) {
    // Without the page behind it, a write on a full file system would be a SIGBUS.
    if (ready_ + kLogChunkBytes > kLogLengthBytes || !make_real(ready_)) return false;
    ready_ += kLogChunkBytes;
  }
  return true;
}

void NotifyLog::write(BoxKind kind, const LogEntry& entry) {
  if (memory_ == nullptr) return;
  const uint32_t body = body_bytes(kind);
  // Both must fit into a record's 16-bit size.
  const size_t path = std::min(
      entry.path.size(),
      size_t{kind == BoxKind::kArguments || kind == BoxKind::kLibraries ? 60000 : kLongestPath});
  const size_t path2 = std::min(entry.path2.size(), size_t{kLongestPath});
  const uint64_t size =
      (sizeof(RecordHeader) + body + path + path2 + kRecordStep - 1) / kRecordStep * kRecordStep;
  if (!grow(tail_ + size)) {
    count(&LogHeader::lost_records);
    return;
  }
  publish(header()->ready_bytes, ready_);
  char* const place = memory_ + tail_;
  RecordHeader record{};
  record.kind = kind;
  record.size_bytes = static_cast<uint16_t>(size);
  record.at_ns = entry.at_ns;
  record.tid = entry.tid;
  record.result = entry.result;
  record.flags = entry.flags;
  if (path < entry.path.size() || path2 < entry.path2.size()) record.flags |= kPathIsCut;
  record.path_bytes = static_cast<uint16_t>(path);
  record.path2_bytes = static_cast<uint16_t>(path2);
  char* at = place + sizeof record;
  if (entry.body != nullptr) std::memcpy(at, entry.body, body);
  at += body;
  if (path > 0) std::memcpy(at, entry.path.data(), path);
  if (path2 > 0) std::memcpy(at + path, entry.path2.data(), path2);
  std::memcpy(place, &record, sizeof record);
  tail_ += size;
  publish(header()->tail, tail_);
  publish(reinterpret_cast<RecordHeader*>(place)->mark, kRecordMark);
}

void NotifyLog::count(uint64_t LogHeader::*what) {
  if (memory_ != nullptr) publish(header()->*what, header()->*what + 1);
}

void NotifyLog::set_flag(uint64_t flag) {
  if (memory_ != nullptr) publish(header()->flags, header()->flags | flag);
}

void NotifyLog::finish() {
  if (memory_ == nullptr) return;
  publish(header()->flags, header()->flags & ~kLogIsHeld);
  munmap(memory_, kLogLengthBytes);
  memory_ = nullptr;
  // The length in the header stays what was mapped; the reader goes by tail.
  [[maybe_unused]] const int ignored = truncate(path_.c_str(), static_cast<off_t>(tail_));
}

}  // namespace headrace::box
