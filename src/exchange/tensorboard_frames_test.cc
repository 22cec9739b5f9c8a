#include "exchange/tensorboard_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/tensorboard_written_for_test.h"

namespace headrace::exchange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Read {
  std::vector<std::string> records;
  std::vector<EventDamage> damage;
  uint64_t position = 0;
  size_t pending_bytes = 0;
};

Read read_all(std::string_view bytes, size_t piece = 1 << 20, bool finish = false) {
  Read out;
  EventFrames frames;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    frames.add(bytes.substr(at, piece));
    while (frames.next()) out.records.emplace_back(frames.record());
  }
  if (finish) frames.finish();
  out.damage = frames.take_damage();
  out.position = frames.position();
  out.pending_bytes = frames.pending_bytes();
  return out;
}

// "brain.Event:2" as tensorboard 2.21 wrote it at the second 1700000000.
constexpr std::string_view kWritten(
    "\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\x09\0\0\0\x40\xfc\x54\xd9\x41\x1a\x0d"
    "brain.Event:2\xec\xed\x8f\x9d",
    40);

TEST(EventFrames, ARecordThatTensorboardWroteIsRead) {
  const Read read = read_all(kWritten);
  EXPECT_THAT(read.damage, IsEmpty());
  EXPECT_THAT(read.records, ElementsAre(std::string(kWritten.substr(12, 24))));
  EXPECT_EQ(framed(kWritten.substr(12, 24)), kWritten);
}

TEST(EventFrames, ThePiecesInWhichAFileComesDoNotMatter) {
  const std::string bytes = framed("one") + framed("") + framed(std::string(5000, 'x'));
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, bytes.size()}) {
    const Read read = read_all(bytes, piece);
    EXPECT_THAT(read.records, ElementsAre("one", "", std::string(5000, 'x'))) << piece;
    EXPECT_EQ(read.position, bytes.size());
    EXPECT_EQ(read.pending_bytes, 0U);
  }
}

TEST(EventFrames, ACutRecordWaitsForTheRestAtEveryByte) {
  const std::string first = framed("first");
  const std::string bytes = first + framed("second");
  for (size_t cut = first.size(); cut < bytes.size(); ++cut) {
    EventFrames frames;
    frames.add(std::string_view(bytes).substr(0, cut));
    ASSERT_TRUE(frames.next());
    EXPECT_FALSE(frames.next());
    EXPECT_EQ(frames.position(), first.size());
    EXPECT_EQ(frames.pending_bytes(), cut - first.size());
    frames.finish();
    EXPECT_THAT(frames.take_damage(), IsEmpty()) << "a cut is no damage";
    frames.add(std::string_view(bytes).substr(cut));
    ASSERT_TRUE(frames.next());
    EXPECT_EQ(frames.record(), "second");
    EXPECT_EQ(frames.record_offset(), first.size());
  }
}

TEST(EventFrames, OneFlippedBitAnywhereCostsOneRecordAndIsToldWithItsPlace) {
  const std::string before = framed("before");
  const std::string hit = framed("the record that is hit");
  const std::string after = framed("after");
  for (size_t at = before.size(); at < before.size() + hit.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string bytes = before + hit + after;
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      const Read read = read_all(bytes);
      ASSERT_THAT(read.records, ElementsAre("before", "after")) << at << " " << bit;
      ASSERT_EQ(read.damage.size(), 1U);
      EXPECT_EQ(read.damage[0].offset, before.size());
      EXPECT_EQ(read.damage[0].length_bytes, hit.size());
      EXPECT_EQ(read.damage[0].bytes, bytes.substr(before.size(), hit.size()));
    }
  }
}

TEST(EventFrames, ADamagedLengthAtTheEndIsDamageOnlyOnceNothingMoreComes) {
  std::string bytes = framed("whole") + framed("damaged");
  const size_t whole = framed("whole").size();
  bytes[whole] ^= 1;
  EXPECT_THAT(read_all(bytes).damage, IsEmpty());
  EXPECT_EQ(read_all(bytes).position, whole);
  const Read read = read_all(bytes, 1 << 20, true);
  ASSERT_EQ(read.damage.size(), 1U);
  EXPECT_EQ(read.damage[0].length_bytes, bytes.size() - whole);
  EXPECT_EQ(read.position, bytes.size());
}

TEST(EventFrames, ZerosAtTheEndAreStillToBeWritten) {
  const std::string bytes = framed("whole") + std::string(100, '\0');
  const Read read = read_all(bytes, 1 << 20, true);
  EXPECT_THAT(read.records, ElementsAre("whole"));
  EXPECT_THAT(read.damage, IsEmpty());
  EXPECT_EQ(read.pending_bytes, 100U);
}

TEST(EventFrames, MegabytesOfNoiseAreToldInPieces) {
  std::string bytes(40'000'000, 'n');
  bytes += framed("found");
  const Read read = read_all(bytes);
  EXPECT_THAT(read.records, ElementsAre("found"));
  uint64_t told = 0;
  for (const EventDamage& damage : read.damage) {
    EXPECT_EQ(damage.offset, told);
    EXPECT_EQ(damage.bytes.size(), EventFrames::kDamageKept);
    told += damage.length_bytes;
  }
  EXPECT_EQ(told, 40'000'000U);
  EXPECT_GT(read.damage.size(), 1U);
}

}  // namespace
}  // namespace headrace::exchange
