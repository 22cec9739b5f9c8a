// The records of a TensorBoard event file: TFRecord framing, as in TensorFlow's record_writer.cc.
//
//   u64 length | u32 masked CRC32C of those 8 bytes | the record | u32 masked CRC32C of it
//
//   EventFrames frames;
//   frames.add(bytes_of_the_file_so_far);
//   while (frames.next()) read_event(frames.record());
//
// Bytes come as the file grows; a record that is not whole yet waits for the rest of it. Damage is
// told with its place, and reading goes on behind it: behind the record when only its own checksum
// is wrong, at the next length with a right checksum when the length cannot be trusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::exchange {

// TensorFlow masks a checksum, so that one of bytes that hold checksums is as strong as another.
uint32_t masked_crc32c(std::string_view bytes);

struct EventDamage {
  uint64_t offset = 0;  // in the file
  uint64_t length_bytes = 0;
  std::string reason;
  std::string bytes;  // the first kDamageKept of them
  bool operator==(const EventDamage&) const = default;
};

class EventFrames {
 public:
  static constexpr size_t kDamageKept = 64 * 1024;

  // `from`: where in the file the first byte that comes stands; between two records.
  explicit EventFrames(uint64_t from = 0) : at_(from) {}

  void add(std::string_view bytes);
  // False: the next record is not whole yet, or there is none.
  bool next();
  // Valid until the next call of add or next.
  std::string_view record() const { return record_; }
  uint64_t record_offset() const { return record_offset_; }

  // Up to where all is told: records given, damage reported. A later reader may begin here.
  uint64_t position() const { return at_; }
  // What stands behind it and is not whole, so far.
  size_t pending_bytes() const { return buffer_.size() - used_; }
  // Nothing more comes: what waits because of a damaged length is damage up to the end. A record
  // that is cut, and zeros, still wait.
  void finish();
  // What was found since the last call.
  std::vector<EventDamage> take_damage();

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }
  void skip(size_t bytes, const char* reason);

  std::string buffer_;
  size_t used_ = 0;      // of the buffer
  uint64_t at_;          // in the file, of the byte buffer_[used_]
  size_t searched_ = 0;  // of rest(), when its length cannot be trusted
  std::string_view record_;
  uint64_t record_offset_ = 0;
  std::vector<EventDamage> damage_;
};

}  // namespace headrace::exchange
