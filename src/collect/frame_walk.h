// The frames of a segment, those among damaged bytes included.
//
// The format promises that a reader finds its way again at the next 64 KiB line (encode/frame.h).
// Most damage is smaller: between it and the line stand whole frames, which are looked for here by
// their magic, checksum and producer.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "spool/segment_reader.h"

namespace headrace::collect {

class FrameWalk {
 public:
  // As SegmentReader; `producer` is whose segment it is.
  FrameWalk(std::string_view bytes, bool sealed, uint64_t from, ProducerId producer)
      : bytes_(bytes), reader_(bytes, sealed, from), producer_(producer) {}

  bool next();
  const FrameView& frame() const { return frame_; }
  uint64_t frame_offset() const { return frame_offset_; }
  // What is no frame even so.
  const std::vector<Damage>& damage() const { return damage_; }
  uint64_t resume_offset() const { return reader_.resume_offset(); }

 private:
  void look_into(const Damage& damage);
  bool take_found();

  std::string_view bytes_;
  SegmentReader reader_;
  ProducerId producer_;
  size_t looked_into_ = 0;
  std::deque<uint64_t> found_;  // offsets of frames among damage
  std::vector<Damage> damage_;
  FrameView frame_;
  uint64_t frame_offset_ = 0;
};

}  // namespace headrace::collect
