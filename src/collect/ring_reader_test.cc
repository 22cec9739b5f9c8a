// A ring file is outside bytes: whole ones are read whole, and no damage crashes the reader or
// makes it say what was never written.
#include "collect/ring_reader.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

#include "collect/recovered_segment.h"
#include "collect/ring_fixture.h"

namespace headrace::collect {
namespace {

const Directory kDirectory{"/somewhere/.headrace"};

// Two rings, a meta chunk, open tasks.
struct Example {
  SpoolFixture p{kDirectory, 7};
  RingFixture ring{kDirectory, 7};
  std::set<std::string> records;

  Example() {
    const uint32_t activity = p.activity("a");
    const uint32_t shape = p.shape({{"n", Role::kUsed, ValueTag::kInt}});
    std::vector<std::string> tasks;
    for (int64_t n = 1; n <= 40; ++n) {
      p.task({.activity = activity,
              .number = static_cast<uint64_t>(n),
              .begin = static_cast<uint64_t>(n),
              .end = static_cast<uint64_t>(n) + 1,
              .shape = shape,
              .cells = {cell_of(n)}});
    }
    for (const auto& frame : p.frames()) {
      for (std::string& record : records_of(frame)) tasks.push_back(std::move(record));
    }
    const auto part = [&](size_t from, size_t to) {
      return std::vector(tasks.begin() + static_cast<ptrdiff_t>(from),
                         tasks.begin() + static_cast<ptrdiff_t>(to));
    };
    ring.records(2, 1, 15, part(25, 40));
    ring.records(1, 0, 0, part(0, 10));
    ring.meta(0, records_of(p.meta_frames()[0]));
    ring.records(2, 0, 0, part(10, 25));
    for (uint64_t n = 101; n <= 103; ++n) {
      capture::TaskSlot& slot = ring.open_task(n, activity);
      RingFixture::add_value(slot, p.string("n"), Role::kUsed, ValueTag::kInt,
                             cell_of(static_cast<int64_t>(n)));
      RingFixture::add_value(slot, p.string("note"), Role::kUsed, ValueTag::kString, cell_of("x"));
    }
    ring.waiting(3, {{1, 0, 10, 100}, {2, kSampleIsGap, 10, 0}, {1, 0, 20, 150}}).record_past = 4;
    records.insert(tasks.begin(), tasks.end());
  }
};

TEST(RingReader, ReadsWhatIsThereInOrder) {
  Example example;
  const std::string bytes = example.ring.bytes();
  const Result<RingContents> ring = parse_ring(bytes);
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  EXPECT_EQ(ring->owner.producer, 7u);
  EXPECT_EQ(ring->owner.spool_path, "/somewhere/.headrace/spool");
  EXPECT_TRUE(ring->damage.empty());
  ASSERT_EQ(ring->chunks.size(), 3u);
  EXPECT_EQ(ring->chunks[0].ring, 1u);
  EXPECT_EQ(ring->chunks[0].records, 10u);
  EXPECT_EQ(ring->chunks[1].first_number, 0u);
  EXPECT_EQ(ring->chunks[2].first_number, 15u);
  EXPECT_EQ(ring->meta.size(), 1u);
  EXPECT_EQ(ring->clocks.size(), 2u);
  ASSERT_EQ(ring->open_tasks.size(), 3u);
  EXPECT_EQ(ring->open_tasks[2].record.number, 103u);
  EXPECT_EQ(ring->open_tasks[2].cells[0], 103u);
}

TEST(RingReader, ReadsTheSamplesThatWait) {
  Example example;
  const std::string bytes = example.ring.bytes();
  const RingWaiting waiting = parse_ring(bytes)->waiting;
  EXPECT_EQ(waiting.ring, 3u);
  EXPECT_EQ(waiting.record_past, 4u);
  const std::vector<PlainSample> expected{
      {1, 0, 10, 100}, {2, kSampleIsGap, 10, 0}, {1, 0, 20, 150}};
  EXPECT_EQ(waiting.samples, expected);
  // The place is free again, or nothing was added yet.
  example.ring.header().waiting.ring = 0;
  EXPECT_TRUE(parse_ring(example.ring.bytes())->waiting.samples.empty());
  example.ring.header().waiting.ring = 3;
  example.ring.header().waiting.count = 0;
  EXPECT_TRUE(parse_ring(example.ring.bytes())->waiting.samples.empty());
}

TEST(RingReader, ImpossibleSamplesThatWaitAreDamage) {
  const auto read = [](auto&& change) {
    Example example;
    change(example.ring.header().waiting);
    const std::string bytes = example.ring.bytes();
    const Result<RingContents> ring = parse_ring(bytes);
    EXPECT_EQ(ring->chunks.size(), 3u) << "stops nothing else";
    EXPECT_EQ(ring->damage.size(), 1u);
    return ring->waiting.samples.size();
  };
  EXPECT_EQ(read([](auto& place) { place.count = capture::kMaxWaiting + 1; }), 0u);
  EXPECT_EQ(read([](auto& place) { place.ring = UINT32_MAX; }), 0u);
  EXPECT_EQ(read([](auto& place) { place.record_past = UINT64_MAX; }), 0u);
  EXPECT_EQ(read([](auto& place) { place.count = 4; }), 3u) << "the fourth is zeros";
  EXPECT_EQ(read([](auto& place) { place.samples[0].sensor_id = UINT32_MAX; }), 2u);
  EXPECT_EQ(read([](auto& place) { place.samples[0].flags = 256; }), 2u);
}

TEST(RingReader, ATaskWhoseEndIsThereIsNotOpen) {
  Example example;
  example.ring.open_task(40, 1);
  const std::string bytes = example.ring.bytes();
  EXPECT_EQ(parse_ring(bytes)->open_tasks.size(), 3u);
}

TEST(RingReader, AFileBeingMadeAndOneOfANewerVersionAreNotDamage) {
  Example example;
  example.ring.header().state = 0;
  EXPECT_EQ(parse_ring(example.ring.bytes()).status().code(), StatusCode::kUnavailable);
  example.ring.header().state = 1;
  example.ring.header().version = capture::kRingVersion + 1;
  EXPECT_EQ(parse_ring(example.ring.bytes()).status().code(), StatusCode::kUnsupported);
}

TEST(RingReader, NumbersThatOtherRecordsHaveAreDamage) {
  Example example;
  example.ring.records(2, 2, 20, records_of(example.p.frames()[0]));
  const std::string bytes = example.ring.bytes();
  const Result<RingContents> ring = parse_ring(bytes);
  EXPECT_EQ(ring->chunks.size(), 3u);
  ASSERT_EQ(ring->damage.size(), 1u);
  EXPECT_STREQ(ring->damage[0].reason, "other records have its numbers");
}

// What damaged bytes give is made into a segment too: that must not fail either.
void use(const std::string& bytes, const Example& example, bool check_records) {
  const Result<RingContents> ring = parse_ring(bytes);
  if (!ring.ok()) return;
  for (const RingChunk& chunk : ring->chunks) {
    if (!check_records) break;
    for (size_t at = 0; at < chunk.payload.size();) {
      const auto size = load_le<uint32_t>(chunk.payload.data() + at);
      EXPECT_TRUE(example.records.contains(std::string(chunk.payload.substr(at, size))));
      at += size;
    }
  }
  const RecoveredSegment segment = make_segment(*ring, EarlierSegments(), "");
  SegmentReader reader(segment.bytes, true);
  while (reader.next()) {
  }
  EXPECT_TRUE(reader.damage().empty());
}

TEST(RingReader, CutAnywhereItGivesOnlyWhatWasWritten) {
  const Example example;
  const std::string bytes = example.ring.bytes();
  std::set<size_t> cuts;
  for (size_t chunk = 0; chunk <= 6; ++chunk) {
    const size_t line = chunk * capture::kChunkBytes;
    for (size_t near = 0; near < 192; ++near) cuts.insert({line + near, line + 65'536 - near});
  }
  for (size_t at = 0; at < bytes.size(); at += 997) cuts.insert(at);
  for (const size_t cut : cuts) {
    use(bytes.substr(0, std::min(cut, bytes.size())), example, true);
  }
  std::printf("%zu truncations\n", cuts.size());
}

TEST(RingReader, NoFlippedBitBreaksIt) {
  const Example example;
  std::string bytes = example.ring.bytes();
  size_t flips = 0;
  const auto flip = [&](size_t bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    use(bytes, example, false);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ++flips;
  };
  for (size_t bit = 0; bit < offsetof(capture::RingFileHeader, spool_path) * 8; ++bit) flip(bit);
  constexpr size_t kWaitingAt = offsetof(capture::RingFileHeader, waiting);
  for (size_t bit = 0; bit < 128 * size_t{8}; ++bit) flip(kWaitingAt * 8 + bit);
  for (size_t chunk = 1; chunk <= 6; ++chunk) {
    for (size_t bit = 0; bit < 128 * size_t{8}; ++bit) flip(chunk * capture::kChunkBytes * 8 + bit);
  }
  std::mt19937_64 random(20261121);
  for (int i = 0; i < 20'000; ++i) flip(random() % (7 * capture::kChunkBytes * 8));
  std::printf("%zu flipped bits, seed 20261121\n", flips);
}

}  // namespace
}  // namespace headrace::collect
