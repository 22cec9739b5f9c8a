#include "spool/segment_reader.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/file_system.h"

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
    if (error == FrameError::kVersion) {
      // Whole, and not for this version: what follows may be.
      damage_.push_back({at_, frame_.size_bytes(), error});
      at_ += frame_.size_bytes();
      resume_ = at_;
      continue;
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
  FileSystem& files = FileSystem::current();
  for (const std::filesystem::path& folder : spool_folders(directory)) {
    std::vector<FileSystem::Entry> entries;
    static_cast<void>(files.list(folder.c_str(), entries));
    for (const FileSystem::Entry& entry : entries) {
      const bool sealed = entry.name.ends_with(".seg");
      const size_t dash = entry.name.find('-');
      if ((!sealed && !entry.name.ends_with(".open")) || dash == std::string::npos) continue;
      SegmentFile file;
      file.path = folder / entry.name;
      file.sealed = sealed;
      file.size_bytes = entry.size_bytes;
      const char* const name = entry.name.data();
      std::from_chars(name, name + dash, file.producer, 16);
      std::from_chars(name + dash + 1, name + entry.name.size(), file.ordinal);
      out.push_back(std::move(file));
    }
  }
  std::sort(out.begin(), out.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return std::pair(a.producer, a.ordinal) < std::pair(b.producer, b.ordinal);
  });
  return out;
}

Result<FileBytes> FileBytes::open(const std::filesystem::path& path) {
  FileBytes out;
  // What may still be cut to its last whole frame, or changed by another machine, is copied: a page
  // that goes away under a mapping would end this process.
  if (path.extension() != ".seg" || is_on_network(path.c_str())) {
    if (const int error = FileSystem::current().read(path.c_str(), out.copy_); error != 0) {
      return io_error("cannot read " + path.string(), -error);
    }
    return out;
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot read " + path.string(), errno);
  struct stat facts {};
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
    : address_(std::exchange(other.address_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      copy_(std::move(other.copy_)) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  std::swap(copy_, other.copy_);
  return *this;
}

FileBytes::~FileBytes() {
  if (address_ != nullptr) munmap(address_, size_);
}

}  // namespace headrace
