// Reads the frames of a segment, going on after damage.
//
//   SegmentReader reader(bytes);
//   while (reader.next()) use(reader.frame());
//   for (const Damage& d : reader.damage()) ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "encode/frame.h"
#include "spool/directory.h"

namespace headrace {

// Bytes of a segment that are not frames, or that only a newer version can read (kVersion).
struct Damage {
  uint64_t offset = 0;
  uint64_t length_bytes = 0;
  FrameError reason = FrameError::kNone;
};

class SegmentReader {
 public:
  // `bytes` is a whole segment file, or its first part, and must outlive the reader. `sealed`: the
  // file will not grow, so a frame that ends outside it is damage and not merely unfinished.
  // `from`: where to begin, a resume_offset() of an earlier reader.
  SegmentReader(std::string_view bytes, bool sealed, uint64_t from = 0)
      : bytes_(bytes), sealed_(sealed), at_(from), resume_(from) {}

  // Moves to the next good frame; false at the end.
  bool next();
  const FrameView& frame() const { return frame_; }
  uint64_t frame_offset() const { return frame_offset_; }
  // What was skipped so far. In an unsealed file a torn tail is not damage.
  const std::vector<Damage>& damage() const { return damage_; }
  // How far the file is fully understood: reading may resume here when it has grown.
  uint64_t resume_offset() const { return resume_; }

 private:
  std::string_view bytes_;
  bool sealed_;
  uint64_t at_ = 0;
  uint64_t resume_ = 0;
  uint64_t frame_offset_ = 0;
  FrameView frame_;
  std::vector<Damage> damage_;
};

struct SegmentFile {
  std::filesystem::path path;
  bool sealed = false;      // .seg
  ProducerId producer = 0;  // from its name
  uint64_t ordinal = 0;
  uint64_t size_bytes = 0;
};
// The segments of a spool, in all its folders, by producer and ordinal. A missing folder gives
// none.
std::vector<SegmentFile> list_segments(const Directory& directory);

// A whole file: a sealed one mapped, any other copied; the view lives as long as the object.
class FileBytes {
 public:
  static Result<FileBytes> open(const std::filesystem::path& path);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();
  std::string_view view() const {
    return address_ == nullptr ? std::string_view(copy_)
                               : std::string_view(static_cast<const char*>(address_), size_);
  }

 private:
  FileBytes() = default;
  void* address_ = nullptr;
  size_t size_ = 0;
  std::string copy_;
};

}  // namespace headrace
