#include "exchange/tensorboard_frames.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace headrace::exchange {
namespace {

constexpr size_t kHead = 12;
constexpr size_t kFoot = 4;
// Longer records than this exist nowhere; a length beyond it has its right checksum by chance.
constexpr uint64_t kMaxRecord = uint64_t{1} << 31;
// So much without a record is told as one piece of damage.
constexpr size_t kMostSearched = size_t{16} << 20;

bool has_right_head(std::string_view bytes) {
  return load_le<uint32_t>(bytes.data() + 8) == masked_crc32c(bytes.substr(0, 8)) &&
         load_le<uint64_t>(bytes.data()) <= kMaxRecord;
}

}  // namespace

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

void EventFrames::add(std::string_view bytes) {
  record_ = {};
  buffer_.erase(0, used_);
  used_ = 0;
  buffer_ += bytes;
}

void EventFrames::skip(size_t bytes, const char* reason) {
  damage_.push_back(
      {at_, bytes, reason, std::string(rest().substr(0, std::min(bytes, kDamageKept)))});
  used_ += bytes;
  at_ += bytes;
  searched_ = 0;
}

bool EventFrames::next() {
  while (rest().size() >= kHead) {
    if (searched_ > 0 || !has_right_head(rest())) {
      size_t found = std::max<size_t>(searched_, 1);
      while (found + kHead <= rest().size() && !has_right_head(rest().substr(found))) ++found;
      searched_ = found;
      const bool is_found = found + kHead <= rest().size();
      if (!is_found && found < kMostSearched) return false;
      skip(found, "the length of a record is damaged");
      continue;
    }
    const auto length = load_le<uint64_t>(rest().data());
    if (rest().size() < kHead + length + kFoot) return false;
    const std::string_view record = rest().substr(kHead, length);
    if (load_le<uint32_t>(record.data() + length) != masked_crc32c(record)) {
      skip(kHead + length + kFoot, "a record's checksum does not match");
      continue;
    }
    record_ = record;
    record_offset_ = at_;
    used_ += kHead + length + kFoot;
    at_ += kHead + length + kFoot;
    return true;
  }
  return false;
}

void EventFrames::finish() {
  const bool is_written = rest().find_first_not_of('\0') != std::string_view::npos;
  if (searched_ > 0 && is_written) skip(rest().size(), "the length of a record is damaged");
}

std::vector<EventDamage> EventFrames::take_damage() { return std::exchange(damage_, {}); }

}  // namespace headrace::exchange
