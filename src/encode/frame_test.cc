#include "encode/frame.h"

#include <gtest/gtest.h>
#include <string>

namespace headrace {
namespace {

std::string sample_payload(int records) {
  std::string payload;
  for (int i = 0; i < records; ++i) {
    SampleRecord record{};
    record.header = {sizeof record, RecordKind::kSample, 0, 0};
    record.sensor_id = 1;
    record.raw = static_cast<uint64_t>(i);
    payload.append(reinterpret_cast<const char*>(&record), sizeof record);
  }
  return payload;
}

std::string sample_frame(int records) {
  FrameHeader header;
  header.producer = 42;
  header.ring = 3;
  header.records = static_cast<uint32_t>(records);
  header.first_number = 100;
  std::string out;
  append_frame(out, header, sample_payload(records));
  return out;
}

TEST(Frame, GivesBackItsRecordsWithTheirNumbers) {
  const std::string bytes = sample_frame(5);
  FrameView frame;
  ASSERT_EQ(read_frame(bytes, &frame), FrameError::kNone);
  EXPECT_EQ(frame.header.producer, 42u);
  EXPECT_EQ(frame.header.ring, 3u);
  uint64_t expected = 0;
  for_each_record(frame, [&](RecordView view, uint64_t number) {
    SampleRecord record;
    ASSERT_TRUE(view.fixed(&record));
    EXPECT_EQ(record.raw, expected);
    EXPECT_EQ(number, 100 + expected);
    ++expected;
  });
  EXPECT_EQ(expected, 5u);
}

TEST(Frame, EveryTruncationIsShort) {
  const std::string bytes = sample_frame(3);
  FrameView frame;
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(read_frame(std::string_view(bytes).substr(0, cut), &frame), FrameError::kShort);
  }
}

TEST(Frame, EveryFlippedBitIsSeen) {
  const std::string bytes = sample_frame(3);
  FrameView frame;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bent = bytes;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      EXPECT_NE(read_frame(bent, &frame), FrameError::kNone) << at << ':' << bit;
    }
  }
}

TEST(Frame, ItsLeastReaderDecidesWhoMayReadIt) {
  const auto read = [](uint8_t version, uint8_t min_reader) {
    FrameHeader header;
    header.version = version;
    header.min_reader = min_reader;
    header.records = 2;
    std::string bytes;
    append_frame(bytes, header, sample_payload(2));
    FrameView frame;
    const FrameError error = read_frame(bytes, &frame);
    EXPECT_EQ(frame.size_bytes(), bytes.size()) << "a reader can step over it";
    return error;
  };
  EXPECT_EQ(read(kFrameVersion, 0), FrameError::kNone);
  EXPECT_EQ(read(kFrameVersion + 1, 0), FrameError::kNone) << "one ahead is understood";
  EXPECT_EQ(read(kFrameVersion + 2, 0), FrameError::kVersion);
  EXPECT_EQ(read(kFrameVersion + 9, kFrameVersion), FrameError::kNone) << "it says so";
  EXPECT_EQ(read(kFrameVersion + 1, kFrameVersion + 1), FrameError::kVersion) << "it says so";
  EXPECT_EQ(read(0, 0), FrameError::kVersion);
  EXPECT_NE(name_of(FrameError::kVersion).find("newer headrace"), std::string_view::npos);
}

TEST(Frame, RecordsThatDoNotFitAreRefusedEvenUnderARightChecksum) {
  for (const uint32_t size : {0u, 4u, 12u, 24u, 40u, 0xFFFFFFF8u}) {
    std::string payload = sample_payload(2);
    store_le<uint32_t>(payload.data(), size);
    FrameHeader header;
    header.records = 2;
    std::string bytes;
    append_frame(bytes, header, payload);
    FrameView frame;
    EXPECT_EQ(read_frame(bytes, &frame), FrameError::kRecords) << size;
  }
}

TEST(RecordView, RefusesTailsAndCellsOutsideTheRecord) {
  LogRecord record{};
  record.header = {sizeof record, RecordKind::kLog, 0, 4};  // four cells announced, none there
  const std::string bytes(reinterpret_cast<const char*>(&record), sizeof record);
  const RecordView view(bytes);
  LogRecord out;
  EXPECT_FALSE(view.fixed(&out));
  std::string_view tail;
  EXPECT_FALSE(view.tail(pack({24, 9}), &tail));
  EXPECT_FALSE(view.tail(pack({0xFFFFFFFF, 1}), &tail));
  EXPECT_TRUE(view.tail(pack({24, 8}), &tail));
}

}  // namespace
}  // namespace headrace
