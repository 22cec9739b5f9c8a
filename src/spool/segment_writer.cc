#include "spool/segment_writer.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "base/clock.h"

namespace headrace {

SegmentWriter::SegmentWriter(Directory directory, ProducerId producer,
                             std::function<void()> preamble)
    : directory_(std::move(directory)), producer_(producer), preamble_(std::move(preamble)) {}

SegmentWriter::~SegmentWriter() {
  if (fd_ >= 0) close(fd_);
}

void SegmentWriter::place(FrameHeader header, std::string_view payload, std::string& out) const {
  const uint64_t at = position_ + out.size();
  const uint64_t left = kGridBytes - at % kGridBytes;
  // A frame must not cross a grid line; zeros fill the rest, which no frame begins with.
  if (sizeof(FrameHeader) + payload.size() > left) out.append(left, '\0');
  append_frame(out, header, payload);
}

void SegmentWriter::write_meta(std::string_view payload, uint32_t records) {
  FrameHeader header;
  header.flags = kFrameIsMeta;
  header.producer = producer_;
  header.ring = kMetaRing;
  header.records = records;
  place(header, payload, meta_);
}

Status SegmentWriter::open() {
  if (fd_ >= 0) return {};
  HEADRACE_RETURN_IF_ERROR(create_directory(directory_));
  char name[64];
  std::snprintf(name, sizeof name, "%015" PRIx64 "-%06" PRIu64 ".open", producer_, segments_);
  open_path_ = (directory_.spool() / name).string();
  fd_ = ::open(open_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd_ < 0) return io_error("cannot create segment " + open_path_, errno);
  ++segments_;
  position_ = 0;
  opened_ns_ = now_monotonic_ns();
  meta_.clear();
  preamble_();
  return {};
}

Status SegmentWriter::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      // What was written of this call is a torn tail that readers skip; a fresh file is the only
      // place where the next frame surely begins on known ground.
      close(fd_);
      fd_ = -1;
      return io_error("cannot write segment " + open_path_, error);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
    bytes_written_ += static_cast<uint64_t>(n);
  }
  return {};
}

Status SegmentWriter::write(FrameHeader header, std::string_view payload) {
  if (wants_seal(now_monotonic_ns())) HEADRACE_RETURN_IF_ERROR(seal());
  HEADRACE_RETURN_IF_ERROR(open());
  scratch_.swap(meta_);
  meta_.clear();
  header.producer = producer_;
  place(header, payload, scratch_);
  const Status status = append(scratch_);
  if (status.ok()) position_ += scratch_.size();
  scratch_.clear();
  return status;
}

bool SegmentWriter::wants_seal(int64_t monotonic_ns) const {
  return fd_ >= 0 && (position_ >= kSegmentBytes || monotonic_ns - opened_ns_ >= kSegmentAge_ns);
}

Status SegmentWriter::seal() {
  if (fd_ < 0) return {};
  if (!meta_.empty()) {
    // Meta frames wait for a data frame; at the end there is none to wait for.
    const std::string rest = std::move(meta_);
    meta_.clear();
    HEADRACE_RETURN_IF_ERROR(append(rest));
  }
  close(fd_);
  fd_ = -1;
  std::string sealed = open_path_;
  sealed.replace(sealed.size() - 5, 5, ".seg");
  if (rename(open_path_.c_str(), sealed.c_str()) != 0) {
    return io_error("cannot seal segment " + open_path_, errno);
  }
  return {};
}

void SegmentWriter::abandon() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  meta_.clear();
}

}  // namespace headrace
