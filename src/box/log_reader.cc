#include "box/log_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace::box {
namespace {

template <typename T>
T load(std::string_view bytes, size_t at) {
  T out;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

// The record at `at`; 0 bytes where there is none.
size_t parse_record(std::string_view bytes, size_t at, BoxEvent* out) {
  if (at + sizeof(RecordHeader) > bytes.size()) return 0;
  const auto header = load<RecordHeader>(bytes, at);
  if (header.mark != kRecordMark) return 0;
  if (header.kind < BoxKind::kStart || header.kind > BoxKind::kBlindSpot) return 0;
  const size_t body = body_bytes(header.kind);
  const size_t used = sizeof header + body + header.path_bytes + header.path2_bytes;
  if (header.size_bytes % kRecordStep != 0 || used > header.size_bytes ||
      header.size_bytes > bytes.size() - at) {
    return 0;
  }
  out->kind = header.kind;
  out->at_ns = header.at_ns;
  out->tid = header.tid;
  out->result = header.result;
  out->task = Uuid::from_bytes(header.task);
  out->flags = header.flags;
  at += sizeof header;
  switch (header.kind) {
    case BoxKind::kCopy: {
      const auto copy = load<CopyBody>(bytes, at);
      out->from = copy.from;
      out->file = copy.to;
      break;
    }
    case BoxKind::kPipe: out->pipe = load<PipeBody>(bytes, at); break;
    case BoxKind::kExec:
    case BoxKind::kSpawn: out->child = load<ChildBody>(bytes, at); break;
    case BoxKind::kSpawnOpen: out->open = load<OpenBody>(bytes, at); break;
    case BoxKind::kExit: out->exit = load<ExitBody>(bytes, at); break;
    default:
      if (body == sizeof(FileBody)) out->file = load<FileBody>(bytes, at);
      break;
  }
  at += body;
  out->path.assign(bytes.data() + at, header.path_bytes);
  out->path2.assign(bytes.data() + at + header.path_bytes, header.path2_bytes);
  return header.size_bytes;
}

struct OpenFile {
  int fd = -1;
  explicit OpenFile(const std::string& path)
      : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  bool read(std::string* out, size_t size) const {
    out->resize(size);
    for (size_t done = 0; done < size;) {
      const ssize_t n = pread(fd, out->data() + done, size - done, static_cast<off_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return n == 0 && (out->resize(done), true);
      done += static_cast<size_t>(n);
    }
    return true;
  }
};

}  // namespace

Result<ImageLog> parse_log(std::string_view bytes) {
  ImageLog out;
  if (bytes.size() < kLogHeaderBytes) return corrupt("a box's log is shorter than its header");
  out.header = load<LogHeader>(bytes, 0);
  if (out.header.magic != kLogMagic) return corrupt("a file is no box's log");
  if (out.header.version != kLogVersion) {
    return corrupt("a box's log has version " + std::to_string(out.header.version) +
                   "; this program reads " + std::to_string(kLogVersion));
  }
  const size_t end = std::min<uint64_t>(bytes.size(), out.header.tail);
  bool in_hole = false;
  for (size_t at = kLogHeaderBytes; at < end;) {
    BoxEvent record;
    const size_t size = parse_record(bytes.substr(0, end), at, &record);
    if (size == 0) {
      out.damaged_records += in_hole ? 0 : 1;
      in_hole = true;
      at += kRecordStep;
      continue;
    }
    in_hole = false;
    out.events.push_back(std::move(record));
    at += size;
  }
  std::stable_sort(out.events.begin(), out.events.end(),
                   [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  return out;
}

Result<ImageLog> read_log(const std::string& path) {
  const OpenFile file(path);
  if (file.fd < 0) {
    return errno == ENOENT ? not_found("no log " + path) : io_error("cannot open " + path, errno);
  }
  std::string bytes;
  if (!file.read(&bytes, kLogHeaderBytes)) return io_error("cannot read " + path, errno);
  if (bytes.size() < sizeof(LogHeader)) return corrupt(path + " is shorter than a log's header");
  const auto header = load<LogHeader>(bytes, 0);
  const uint64_t end = std::min({header.tail, header.ready_bytes, kLogLengthBytes});
  if (end > kLogHeaderBytes && !file.read(&bytes, end)) {
    return io_error("cannot read " + path, errno);
  }
  Result<ImageLog> out = parse_log(bytes);
  if (!out.ok()) return out.status();
  return out;
}

}  // namespace headrace::box
