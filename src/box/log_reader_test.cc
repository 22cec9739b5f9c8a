#include "box/log_reader.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "box/log_for_test.h"

namespace headrace::box {
namespace {

std::vector<std::string> paths_in(const std::string& bytes, uint64_t* damaged = nullptr) {
  const Result<ImageLog> log = parse_log(bytes);
  EXPECT_TRUE(log.ok());
  std::vector<std::string> out;
  if (!log.ok()) return out;
  for (const BoxEvent& event : log->events) out.push_back(event.path);
  if (damaged != nullptr) *damaged = log->damaged_records;
  return out;
}

TEST(LogReader, ReadsWhatWasWritten) {
  uint64_t damaged = 0;
  const std::vector<std::string> paths{"/a", "", std::string(4096, 'x'), "relative/b"};
  EXPECT_EQ(paths_in(log_bytes(paths), &damaged), paths);
  EXPECT_EQ(damaged, 0u);
}

TEST(LogReader, ARecordThatWasCutShortCostsOnlyItself) {
  std::string bytes = log_bytes({"/one", "/two", "/three"});
  const size_t record = (sizeof(RecordHeader) + sizeof(FileBody) + 16) / 16 * 16;
  std::fill_n(bytes.begin() + kLogHeaderBytes + static_cast<std::ptrdiff_t>(record), 4, '\0');
  uint64_t damaged = 0;
  EXPECT_EQ(paths_in(bytes, &damaged), (std::vector<std::string>{"/one", "/three"}));
  EXPECT_EQ(damaged, 1u);
}

TEST(LogReader, EveryTruncationAndFlippedBitIsSurvived) {
  const std::string good = log_bytes({"/one", "/two", "/three"});
  for (size_t size = 0; size < good.size(); ++size) {
    const Result<ImageLog> log = parse_log(std::string_view(good).substr(0, size));
    EXPECT_EQ(log.ok(), size >= kLogHeaderBytes) << size;
  }
  for (size_t bit = 0; bit < good.size() * 8; bit += bit < 200 * 8 ? 1 : 7) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    const Result<ImageLog> log = parse_log(bytes);
    if (log.ok()) {
      EXPECT_LE(log->events.size(), 3u);
    }
  }
}

TEST(LogReader, SaysWhatIsWrong) {
  EXPECT_EQ(parse_log("").status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(parse_log(std::string(8192, 'x')).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(read_log("/no/such/log").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace headrace::box
