#include "collect/frame_walk.h"

#include "base/bytes.h"

namespace headrace::collect {

bool FrameWalk::next() {
  if (take_found()) return true;
  const bool more = reader_.next();
  for (; looked_into_ < reader_.damage().size(); ++looked_into_) {
    look_into(reader_.damage()[looked_into_]);
  }
  if (!more) return take_found();
  frame_ = reader_.frame();
  frame_offset_ = reader_.frame_offset();
  return true;
}

bool FrameWalk::take_found() {
  if (found_.empty()) return false;
  frame_offset_ = found_.front();
  found_.pop_front();
  return read_frame(bytes_.substr(frame_offset_), &frame_) == FrameError::kNone;
}

void FrameWalk::look_into(const Damage& damage) {
  const std::string_view bytes = bytes_.substr(damage.offset, damage.length_bytes);
  uint64_t bad_from = 0;
  const auto note = [&](uint64_t to) {
    if (to > bad_from) damage_.push_back({damage.offset + bad_from, to - bad_from, damage.reason});
  };
  // Frames begin at multiples of 8: headers are 40 bytes, records multiples of 8.
  for (uint64_t at = 0; at + sizeof(FrameHeader) <= bytes.size();) {
    FrameView frame;
    if (load_le<uint32_t>(bytes.data() + at) != kFrameMagic ||
        read_frame(bytes.substr(at), &frame) != FrameError::kNone ||
        frame.header.producer != producer_) {
      at += 8;
      continue;
    }
    note(at);
    found_.push_back(damage.offset + at);
    at += frame.size_bytes();
    bad_from = at;
  }
  // The rest of the cell after its last frame is zero by design.
  const size_t last = bytes.find_last_not_of('\0');
  if (last != std::string_view::npos && last >= bad_from) note(bytes.size());
}

}  // namespace headrace::collect
