#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "spool/segment_reader.h"
#include "spool/segment_writer.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

class Segment : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/headrace-segment-XXXXXX";
    root_ = mkdtemp(pattern);
    directory_ = {root_ / ".headrace"};
  }
  void TearDown() override { fs::remove_all(root_); }

  // Frames of `records` samples each; raw counts up over all frames.
  std::string payload(int records) {
    std::string out;
    for (int i = 0; i < records; ++i) {
      SampleRecord record{};
      record.header = {sizeof record, RecordKind::kSample, 0, 0};
      record.raw = next_++;
      out.append(reinterpret_cast<const char*>(&record), sizeof record);
    }
    return out;
  }
  void write(SegmentWriter& writer, int records) {
    FrameHeader header;
    header.records = static_cast<uint32_t>(records);
    header.first_number = next_;
    const std::string bytes = payload(records);
    ASSERT_TRUE(writer.write(header, bytes).ok());
  }
  static std::vector<uint64_t> values(std::string_view bytes, bool sealed,
                                      size_t* damage = nullptr) {
    std::vector<uint64_t> out;
    SegmentReader reader(bytes, sealed);
    while (reader.next()) {
      if (reader.frame().header.flags & kFrameIsMeta) continue;
      for_each_record(reader.frame(), [&](RecordView view, uint64_t number) {
        SampleRecord record;
        EXPECT_TRUE(view.fixed(&record));
        EXPECT_EQ(record.raw, number);
        out.push_back(record.raw);
      });
    }
    if (damage != nullptr) *damage = reader.damage().size();
    return out;
  }
  std::string only_segment() {
    const auto files = list_segments(directory_);
    EXPECT_EQ(files.size(), 1u);
    std::ifstream in(files.at(0).path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path root_;
  Directory directory_;
  uint64_t next_ = 0;
};

TEST_F(Segment, FramesComeBackInOrderAndNeverCrossAGridLine) {
  std::mt19937 random(7);
  SegmentWriter writer(directory_, 9, [] {});
  for (int i = 0; i < 300; ++i) write(writer, 1 + static_cast<int>(random() % 2000));
  ASSERT_TRUE(writer.seal().ok());
  const std::string bytes = only_segment();
  SegmentReader reader(bytes, true);
  while (reader.next()) {
    const uint64_t first = reader.frame_offset() / kGridBytes;
    const uint64_t last = (reader.frame_offset() + reader.frame().size_bytes() - 1) / kGridBytes;
    ASSERT_EQ(first, last);
  }
  EXPECT_TRUE(reader.damage().empty());
  const std::vector<uint64_t> seen = values(bytes, true);
  ASSERT_EQ(seen.size(), next_);
  for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i);
}

TEST_F(Segment, EachSegmentBeginsWithItsPreamble) {
  int preambles = 0;
  SegmentWriter* self = nullptr;
  SegmentWriter writer(directory_, 9, [&] {
    ++preambles;
    self->write_meta(payload(1), 1);
    --next_;
  });
  self = &writer;
  write(writer, 2);
  ASSERT_TRUE(writer.seal().ok());
  write(writer, 2);
  ASSERT_TRUE(writer.seal().ok());
  EXPECT_EQ(preambles, 2);
  const auto files = list_segments(directory_);
  ASSERT_EQ(files.size(), 2u);
  for (const SegmentFile& file : files) {
    EXPECT_TRUE(file.sealed);
    const auto bytes = FileBytes::open(file.path);
    ASSERT_TRUE(bytes.ok());
    SegmentReader reader(bytes->view(), true);
    ASSERT_TRUE(reader.next());
    EXPECT_TRUE(reader.frame().header.flags & kFrameIsMeta);
  }
}

TEST_F(Segment, AGrowingFileIsReadAsFarAsItGoesAndResumed) {
  SegmentWriter writer(directory_, 9, [] {});
  write(writer, 10);
  const std::string before = only_segment();
  SegmentReader first(before, false);
  ASSERT_TRUE(first.next());
  EXPECT_FALSE(first.next());
  EXPECT_TRUE(first.damage().empty());
  write(writer, 10);
  const std::string after = only_segment();
  EXPECT_EQ(values(after, false).size(), 20u);
  EXPECT_LE(first.resume_offset(), before.size());
}

TEST_F(Segment, ATornTailLosesOnlyTheTornFrame) {
  SegmentWriter writer(directory_, 9, [] {});
  write(writer, 3);
  const size_t whole = only_segment().size();
  write(writer, 3);
  const std::string bytes = only_segment();
  for (size_t cut = whole; cut < bytes.size(); ++cut) {
    size_t damage = 0;
    EXPECT_EQ(values(std::string_view(bytes).substr(0, cut), false, &damage).size(), 3u);
    EXPECT_EQ(damage, 0u) << "unfinished is not damaged";
    EXPECT_EQ(values(std::string_view(bytes).substr(0, cut), true, &damage).size(), 3u);
    EXPECT_EQ(damage, cut == whole ? 0u : 1u);
  }
}

TEST_F(Segment, DamageCostsAtMostItsGridCell) {
  SegmentWriter writer(directory_, 9, [] {});
  for (int i = 0; i < 40; ++i) write(writer, 500);  // about 10 grid cells of 4 frames
  ASSERT_TRUE(writer.seal().ok());
  const std::string bytes = only_segment();
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string bent = bytes;
    const size_t at = random() % bent.size();
    if (at % kGridBytes >= 40 && bent[at] == '\0' && round % 2) continue;
    bent[at] = static_cast<char>(bent[at] ^ (1 << (random() % 8)));
    size_t damage = 0;
    const std::vector<uint64_t> seen = values(bent, true, &damage);
    EXPECT_GE(seen.size(), next_ - 4 * 500);
    EXPECT_TRUE(seen.size() == next_ || damage >= 1);
  }
}

TEST_F(Segment, AFrameForANewerReaderIsKeptAsideAndSteppedOver) {
  std::string bytes;
  for (const uint8_t min_reader : {uint8_t{0}, uint8_t{kFrameVersion + 1}, uint8_t{0}}) {
    FrameHeader header;
    header.min_reader = min_reader;
    header.records = 2;
    header.first_number = next_;
    append_frame(bytes, header, payload(2));
  }
  for (const bool sealed : {true, false}) {
    SegmentReader reader(bytes, sealed);
    ASSERT_TRUE(reader.next());
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.frame().header.first_number, 4u);
    EXPECT_FALSE(reader.next());
    ASSERT_EQ(reader.damage().size(), 1u);
    EXPECT_EQ(reader.damage()[0].reason, FrameError::kVersion);
    EXPECT_EQ(reader.damage()[0].length_bytes, bytes.size() / 3);
  }
}

TEST_F(Segment, AFullOrForbiddenFolderIsAnErrorThatNamesIt) {
  SegmentWriter writer({"/proc/nowhere/.headrace"}, 9, [] {});
  FrameHeader header;
  const Status status = writer.write(header, "");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/proc/nowhere/.headrace"), std::string::npos);
  EXPECT_NE(status.message().find("HEADRACE_DIR"), std::string::npos);
}

TEST_F(Segment, TheFolderHidesItselfFromGitAndIsFoundFromBelow) {
  ASSERT_TRUE(create_directory(directory_).ok());
  std::ifstream ignore(directory_.root / ".gitignore");
  std::string line;
  ASSERT_TRUE(std::getline(ignore, line));
  EXPECT_EQ(line, "*");
  fs::create_directories(root_ / "a" / "b");
  unsetenv("HEADRACE_DIR");
  EXPECT_EQ(find_directory(root_ / "a" / "b").root, directory_.root);
  setenv("HEADRACE_DIR", "/somewhere/else", 1);
  EXPECT_EQ(find_directory(root_).root, fs::path("/somewhere/else"));
  unsetenv("HEADRACE_DIR");
}

}  // namespace
}  // namespace headrace
