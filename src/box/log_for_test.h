// Makes the logs of images by hand, for tests.
#pragma once

#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "box/log_reader.h"

namespace headrace::box {

struct FileForTest {
  uint64_t ino = 0;
  int64_t size_bytes = 0;
  int64_t mtime_ns = 0;
};

inline FileBody body_of(const FileForTest& file, uint32_t open_flags = 0, int64_t position = -1) {
  FileBody out{};
  out.dev = 1;
  out.ino = file.ino;
  out.size_bytes = file.size_bytes;
  out.mtime_ns = out.ctime_ns = file.mtime_ns;
  out.mode = S_IFREG | 0644;
  out.open_flags = open_flags;
  out.position = position;
  out.links = 1;
  return out;
}

class ImageForTest {
 public:
  ImageForTest(int32_t pid, int64_t epoch, int32_t parent_pid = 0) {
    log_.header.magic = kLogMagic;
    log_.header.version = kLogVersion;
    log_.header.mechanism = Mechanism::kShim;
    log_.header.pid = pid;
    log_.header.parent_pid = parent_pid;
    log_.header.epoch = static_cast<uint64_t>(epoch);
    now_ns_ = epoch;
  }
  ImageForTest& forked_from(const ImageForTest& parent) {
    log_.header.is_fork_child = 1;
    log_.header.parent_pid = parent.log_.header.pid;
    log_.header.parent_epoch = parent.log_.header.epoch;
    return *this;
  }
  ImageForTest& at(int64_t now_ns) {
    now_ns_ = now_ns;
    return *this;
  }
  ImageForTest& in_task(const Uuid& task) {
    task_ = task;
    return *this;
  }
  ImageForTest& start(const std::string& executable, const std::string& folder = "/site") {
    BoxEvent& event = add(BoxKind::kStart);
    event.path = executable;
    event.path2 = folder;
    BoxEvent& words = add(BoxKind::kArguments);
    words.path = executable.substr(executable.rfind('/') + 1) + std::string(1, '\0');
    return *this;
  }
  ImageForTest& open(const std::string& path, int flags, const FileForTest& file, int fd = 3,
                     uint32_t record_flags = 0) {
    BoxEvent& event = add(BoxKind::kOpen);
    event.result = fd;
    event.path = path;
    event.flags = record_flags;
    event.file = body_of(file, static_cast<uint32_t>(flags));
    return *this;
  }
  ImageForTest& inherit(int fd, const std::string& path, int flags, const FileForTest& file,
                        int64_t position = 0) {
    BoxEvent& event = add(BoxKind::kDescriptor);
    event.result = fd;
    event.path = path;
    event.file = body_of(file, static_cast<uint32_t>(flags), position);
    return *this;
  }
  ImageForTest& inherit_pipe(int fd, int flags, uint64_t ino) {
    BoxEvent& event = add(BoxKind::kDescriptor);
    event.result = fd;
    event.file.ino = ino;
    event.file.mode = S_IFIFO | 0600;
    event.file.open_flags = static_cast<uint32_t>(flags);
    return *this;
  }
  ImageForTest& make_pipe(uint64_t ino) {
    add(BoxKind::kPipe).pipe = {0, ino, 3, 4};
    return *this;
  }
  ImageForTest& close(int fd, const FileForTest& file, int64_t position = -1,
                      uint32_t record_flags = 0) {
    BoxEvent& event = add(BoxKind::kClose);
    event.result = fd;
    event.flags = record_flags;
    event.file = body_of(file, 0, position);
    return *this;
  }
  ImageForTest& rename(BoxKind kind, const std::string& from, const std::string& to,
                       const FileForTest& file) {
    BoxEvent& event = add(kind);
    event.path = from;
    event.path2 = to;
    event.file = body_of(file);
    return *this;
  }
  ImageForTest& fork(int32_t child) {
    add(BoxKind::kFork).result = child;
    return *this;
  }
  ImageForTest& exec(const std::string& path, uint32_t flags = kEnvironmentKept) {
    BoxEvent& event = add(BoxKind::kExec);
    event.path = path;
    event.flags = flags;
    return *this;
  }
  ImageForTest& spawn(int32_t child, const std::string& path, int64_t began_ns) {
    BoxEvent& event = add(BoxKind::kSpawn);
    event.result = child;
    event.path = path;
    event.flags = kEnvironmentKept;
    event.child.began_ns = static_cast<uint64_t>(began_ns);
    return *this;
  }
  ImageForTest& exit(int code = 0) {
    add(BoxKind::kExit).result = code;
    return *this;
  }
  ImageLog log() const { return log_; }

 private:
  BoxEvent& add(BoxKind kind) {
    BoxEvent event{};
    event.kind = kind;
    event.at_ns = ++now_ns_;
    event.tid = log_.header.pid;
    event.task = task_;
    log_.events.push_back(std::move(event));
    return log_.events.back();
  }

  ImageLog log_;
  int64_t now_ns_ = 0;
  Uuid task_;
};

// The same as bytes: a header and records of one kind.
inline std::string log_bytes(const std::vector<std::string>& unlinked) {
  std::string out(kLogHeaderBytes, '\0');
  int64_t at_ns = 0;
  for (const std::string& path : unlinked) {
    const size_t used = sizeof(RecordHeader) + sizeof(FileBody) + path.size();
    const size_t size = (used + kRecordStep - 1) / kRecordStep * kRecordStep;
    std::string record(size, '\0');
    RecordHeader header{};
    header.mark = kRecordMark;
    header.kind = BoxKind::kUnlink;
    header.size_bytes = static_cast<uint16_t>(size);
    header.at_ns = ++at_ns;
    header.path_bytes = static_cast<uint16_t>(path.size());
    std::memcpy(record.data(), &header, sizeof header);
    std::memcpy(record.data() + sizeof header + sizeof(FileBody), path.data(), path.size());
    out += record;
  }
  LogHeader header{};
  header.magic = kLogMagic;
  header.version = kLogVersion;
  header.length_bytes = kLogLengthBytes;
  header.tail = out.size();
  header.ready_bytes = out.size();
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

}  // namespace headrace::box
