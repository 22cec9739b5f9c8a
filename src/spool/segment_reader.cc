#include "spool/segment_reader.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace headrace {
namespace {

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

}  // namespace

bool SegmentReader::next() {
  while (at_ < bytes_.size()) {
    const uint64_t line = (at_ / kGridBytes + 1) * kGridBytes;  // the next grid line
    const uint64_t cell_end = std::min<uint64_t>(line, bytes_.size());
    const std::string_view cell = bytes_.substr(at_, cell_end - at_);
    const FrameError error = read_frame(cell, &frame_);
    if (error == FrameError::kNone) {
      frame_offset_ = at_;
      at_ += frame_.size_bytes();
      resume_ = at_;
      return true;
    }
    // A grid cell cut short by the end of a growing file: come back when there is more.
    if (!sealed_ && cell_end < line) return false;
    if (!all_zero(cell)) damage_.push_back({at_, cell.size(), error});
    at_ = cell_end;
    resume_ = at_;
  }
  return false;
}

std::vector<SegmentFile> list_segments(const Directory& directory) {
  std::vector<SegmentFile> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory.spool(), error)) {
    const std::string name = entry.path().filename().string();
    const bool sealed = name.ends_with(".seg");
    if (!sealed && !name.ends_with(".open")) continue;
    const size_t dash = name.find('-');
    if (dash == std::string::npos) continue;
    SegmentFile file;
    file.path = entry.path();
    file.sealed = sealed;
    std::from_chars(name.data(), name.data() + dash, file.producer, 16);
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), file.ordinal);
    std::error_code gone;
    file.size_bytes = entry.file_size(gone);
    if (!gone) out.push_back(std::move(file));
  }
  std::sort(out.begin(), out.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return std::pair(a.producer, a.ordinal) < std::pair(b.producer, b.ordinal);
  });
  return out;
}

Result<FileBytes> FileBytes::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot read " + path.string(), errno);
  struct stat facts {};
  FileBytes out;
  if (fstat(fd, &facts) == 0 && facts.st_size > 0) {
    out.size_ = static_cast<size_t>(facts.st_size);
    out.address_ = mmap(nullptr, out.size_, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  const int error = errno;
  close(fd);
  if (out.address_ == MAP_FAILED) {
    out.address_ = nullptr;
    out.size_ = 0;
    return io_error("cannot map " + path.string(), error);
  }
  return out;
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

FileBytes::~FileBytes() {
  if (address_ != nullptr) munmap(address_, size_);
}

}  // namespace headrace
