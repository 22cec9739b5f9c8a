// f09: a segment of 256 KiB and more, cut at every byte and with every single bit flipped. A flip
// costs exactly the frame that it is in, a cut the frame that it is in; each hole is counted, and
// no record is ever wrong.
//
// Every flip re-reads its frame; one in 64 reads the whole file, as a cut in 64 does; any other cut
// reads its 64 KiB cell, which is all that a cut can change. HEADRACE_TEST_ALL=1: whole files
// always for cuts, one in 8 for flips.
#include <cstring>
#include <iostream>
#include <random>

#include "base/long_form_for_test.h"
#include "collect/fold_fixture.h"
#include "collect/frame_walk.h"
#include "spool/segment_writer.h"

namespace headrace::collect {
namespace {

constexpr ProducerId kProducer = 0x321;

class SegmentDamage : public FoldTest {
 protected:
  struct Known {
    uint64_t offset;
    uint64_t size;
    bool is_meta;
  };

  void SetUp() override {
    FoldTest::SetUp();
    std::mt19937 random(9);
    SpoolFixture source(directory_, kProducer);
    source.describe({{"host", "h"}, {"pid", "1"}});
    const uint32_t activity = source.activity("a");
    const uint32_t shape = source.shape(
        {{"n", Role::kUsed, ValueTag::kInt}, {"label", Role::kGenerated, ValueTag::kString}});
    SegmentWriter* self = nullptr;
    SegmentWriter writer(directory_, kProducer, [&] {
      for (const auto& meta : source.meta_frames()) {
        self->write_meta(meta.payload, meta.header.records);
      }
    });
    self = &writer;
    source.frame_bytes = kMaxPayloadBytes - 1024;
    size_t taken = 0;
    for (uint64_t n = 1; writer.bytes_written() < 256 * 1024;) {
      // Frames from one record to most of a cell, so that cells end in zeros of any length.
      const uint64_t count = 1 + random() % (random() % 8 == 0 ? 400 : 40);
      for (uint64_t i = 0; i < count; ++i, ++n) {
        source.task({.activity = activity,
                     .number = n,
                     .begin = n,
                     .end = n + 1,
                     .shape = shape,
                     .cells = {cell_of(static_cast<int64_t>(n)),
                               cell_of(std::string(n % 30, 'v') + std::to_string(n))},
                     .ring = 1 + static_cast<uint32_t>(random() % 3)});
      }
      for (const auto& frames = source.frames(); taken < frames.size(); ++taken) {
        ASSERT_TRUE(writer.write(frames[taken].header, frames[taken].payload).ok());
      }
    }
    ASSERT_TRUE(writer.seal().ok());
    const Result<FileBytes> file = FileBytes::open(list_segments(directory_).at(0).path);
    ASSERT_TRUE(file.ok());
    bytes_ = (*file).view();
    FrameWalk walk(bytes_, true, 0, kProducer);
    while (walk.next()) {
      known_.push_back({walk.frame_offset(), walk.frame().size_bytes(),
                        (walk.frame().header.flags & kFrameIsMeta) != 0});
    }
    ASSERT_TRUE(walk.damage().empty());
    ASSERT_GE(bytes_.size(), 256u * 1024);
    ASSERT_GE(known_.size(), 60u);
  }

  // The known frame that holds byte `at`; null in the zeros before a grid line.
  const Known* frame_at(uint64_t at) const {
    for (const Known& frame : known_) {
      if (at >= frame.offset && at < frame.offset + frame.size) return &frame;
    }
    return nullptr;
  }
  // Walks `bytes` from `from`: every frame must be a known one, with its very bytes.
  size_t frames_of(std::string_view bytes, bool sealed, uint64_t from, size_t* damage) {
    FrameWalk walk(bytes, sealed, from, kProducer);
    size_t frames = 0;
    while (walk.next()) {
      const uint64_t at = walk.frame_offset();
      const auto found = std::lower_bound(
          known_.begin(), known_.end(), at,
          [](const Known& frame, uint64_t offset) { return frame.offset < offset; });
      const bool same = found != known_.end() && found->offset == at &&
                        found->size == walk.frame().size_bytes() &&
                        std::memcmp(bytes.data() + at, bytes_.data() + at, found->size) == 0;
      if (!same) ++wrong_;
      ++frames;
    }
    *damage = walk.damage().size();
    return frames;
  }

  std::string bytes_;
  std::vector<Known> known_;
  uint64_t wrong_ = 0;
  const bool all_ = wants_long_form();
};

TEST_F(SegmentDamage, EveryCut) {
  uint64_t holes = 0;
  uint64_t whole = 0;
  size_t next = 0;  // the first frame that ends beyond the cut
  for (uint64_t cut = 0; cut <= bytes_.size(); ++cut) {
    while (next < known_.size() && known_[next].offset + known_[next].size <= cut) ++next;
    const bool all_of_it = all_ || cut % 64 == 0;
    const uint64_t from = all_of_it ? 0 : cut / kGridBytes * kGridBytes;
    size_t before = 0;  // frames that the walk does not begin with
    while (before < known_.size() && known_[before].offset < from) ++before;
    const std::string_view bytes = std::string_view(bytes_).substr(0, cut);
    const size_t expected = next - std::min(next, before);
    const uint64_t good_to = next == 0 ? 0 : known_[next - 1].offset + known_[next - 1].size;
    const bool is_torn = next < known_.size() && cut > known_[next].offset && cut > good_to;
    size_t damage = 0;
    ASSERT_EQ(frames_of(bytes, true, from, &damage), expected) << cut;
    ASSERT_EQ(damage, is_torn ? 1u : 0u) << "sealed and cut at " << cut;
    ASSERT_EQ(frames_of(bytes, false, from, &damage), expected) << cut;
    ASSERT_EQ(damage, 0u) << "a file that still grows is not damaged; cut at " << cut;
    holes += is_torn ? 1 : 0;
    whole += all_of_it ? 1 : 0;
  }
  EXPECT_EQ(wrong_, 0u);
  std::cout << "f09: " << bytes_.size() + 1 << " cuts of a segment of " << bytes_.size()
            << " bytes, each sealed and growing (" << whole << " read whole): 0 crashes, " << wrong_
            << " wrong records, " << holes << " of " << holes << " torn frames counted\n";
}

TEST_F(SegmentDamage, EveryBit) {
  uint64_t flips = 0;
  uint64_t whole = 0;
  uint64_t in_zeros = 0;
  std::string bent = bytes_;
  const uint64_t whole_one_in = all_ ? 8 : 64;
  for (uint64_t at = 0; at < bytes_.size(); ++at) {
    const Known* frame = frame_at(at);
    for (int bit = 0; bit < 8; ++bit) {
      bent[at] = static_cast<char>(bytes_[at] ^ (1 << bit));
      if (frame != nullptr) {
        const uint64_t cell_end = (frame->offset / kGridBytes + 1) * kGridBytes;
        FrameView view;
        const FrameError error = read_frame(
            std::string_view(bent).substr(frame->offset, cell_end - frame->offset), &view);
        if (error == FrameError::kNone) ++wrong_;
      } else {
        ++in_zeros;
      }
      // A different bit of each byte in turn, so that all places of a frame are met.
      if (flips++ % whole_one_in == at % whole_one_in) {
        size_t damage = 0;
        const size_t frames = frames_of(bent, true, 0, &damage);
        ASSERT_EQ(frames, known_.size() - (frame != nullptr ? 1 : 0)) << at << ':' << bit;
        ASSERT_EQ(damage, 1u) << at << ':' << bit;
        ++whole;
      }
    }
    bent[at] = bytes_[at];
  }
  EXPECT_EQ(wrong_, 0u);
  std::cout << "f09: " << flips << " bit flips (" << in_zeros << " between frames), " << whole
            << " of them read whole: 0 crashes, " << wrong_ << " wrong records, " << whole << " of "
            << whole << " holes counted, each costing its frame alone\n";
}

}  // namespace
}  // namespace headrace::collect
