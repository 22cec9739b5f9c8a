// What a writer does when a folder refuses, fills up, or cannot be synced.
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "spool/faulty_files_for_test.h"
#include "spool/segment_reader.h"
#include "spool/segment_writer.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

class SpoolPolicies : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "headrace-policy-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = {root_ / ".headrace"};
    policy_.monotonic_ns = [this] { return now_ns_; };
  }
  void TearDown() override { fs::remove_all(root_); }

  SegmentWriter writer() {
    return {directory_, 9, [] {}, policy_, files_};
  }
  // One frame of `records` samples whose raw counts up.
  Status write(SegmentWriter& to, uint32_t ring = 1, uint32_t records = 10) {
    std::string bytes;
    for (uint32_t i = 0; i < records; ++i) {
      SampleRecord record{};
      record.header = {sizeof record, RecordKind::kSample, 0, 0};
      record.raw = next_ + i;
      bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
    }
    FrameHeader header;
    header.ring = ring;
    header.records = records;
    header.first_number = next_;
    Status status = to.write(header, bytes);
    if (status.ok()) next_ += records;
    return status;
  }
  // The records in all folders, each once and in order; the damage in them.
  std::vector<uint64_t> stored(size_t* damage = nullptr) {
    std::set<uint64_t> out;
    for (const SegmentFile& file : list_segments(directory_)) {
      const Result<FileBytes> bytes = FileBytes::open(file.path);
      EXPECT_TRUE(bytes.ok());
      SegmentReader reader(bytes->view(), true);
      while (reader.next()) {
        for_each_record(reader.frame(), [&](RecordView view, uint64_t number) {
          SampleRecord record;
          EXPECT_TRUE(view.fixed(&record));
          EXPECT_EQ(record.raw, number);
          out.insert(number);
        });
      }
      if (damage != nullptr) *damage += reader.damage().size();
    }
    return {out.begin(), out.end()};
  }
  void expect_all_stored() {
    size_t damage = 0;
    const std::vector<uint64_t> seen = stored(&damage);
    ASSERT_EQ(seen.size(), next_);
    for (uint64_t i = 0; i < next_; ++i) ASSERT_EQ(seen[i], i);
    EXPECT_EQ(damage, 0u);
  }
  uint64_t refused(const SegmentWriter& by, Refusal why) {
    return by.counters().refused[static_cast<size_t>(why)];
  }

  fs::path root_;
  Directory directory_;
  SpoolPolicy policy_;
  FaultyFiles files_;
  int64_t now_ns_ = 1'000'000'000;
  uint64_t next_ = 0;
};

TEST_F(SpoolPolicies, EveryErrorAtEveryCallIsCountedAndOvercome) {
  const std::vector<std::pair<int, Refusal>> errors = {{ENOSPC, Refusal::kNoSpace},
                                                       {EDQUOT, Refusal::kDiskQuota},
                                                       {EROFS, Refusal::kReadOnly},
                                                       {EIO, Refusal::kInputOutput}};
  for (const auto& [error, refusal] : errors) {
    for (const std::string call : {"create", "write", "reserve", "make_folder"}) {
      SCOPED_TRACE(call + " " + std::to_string(error));
      fs::remove_all(directory_.root);
      next_ = 0;
      SegmentWriter writer = this->writer();
      bool failing = call == "make_folder";
      files_.fault = [&](std::string_view at, const std::string&) {
        return failing && at == call ? error : 0;
      };
      if (!failing) {
        ASSERT_TRUE(write(writer).ok());
        failing = true;
      }
      now_ns_ += kSegmentAge_ns;  // so that each call is made
      const Status status = write(writer);
      ASSERT_FALSE(status.ok());
      EXPECT_NE(status.message().find(directory_.root.string()), std::string::npos);
      EXPECT_NE(status.message().find("HEADRACE_SPOOL_FALLBACK"), std::string::npos);
      EXPECT_EQ(status.code() == StatusCode::kExhausted, error == ENOSPC || error == EDQUOT);
      EXPECT_EQ(refused(writer, refusal), 1u);
      EXPECT_EQ(writer.counters().refusals(), 1u);
      failing = false;
      ASSERT_TRUE(write(writer).ok()) << "the place is as it was";
      ASSERT_TRUE(writer.seal().ok());
      expect_all_stored();
    }
  }
}

TEST_F(SpoolPolicies, AFullFolderGivesWayToTheSecondOneAndIsTriedAgain) {
  policy_.fallback = root_ / "second";
  SegmentWriter writer = this->writer();
  bool full = false;
  files_.fault = [&](std::string_view call, const std::string& path) {
    const bool first = path.starts_with(directory_.root.string());
    return full && first && (call == "reserve" || call == "write" || call == "create") ? ENOSPC : 0;
  };
  ASSERT_TRUE(write(writer).ok());
  full = true;
  // The room that was reserved is still there: it shows at the next reservation.
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(write(writer).ok());
  EXPECT_EQ(writer.counters().fallback_segments, 1u);
  now_ns_ += kSegmentAge_ns;
  ASSERT_TRUE(write(writer).ok());
  EXPECT_EQ(writer.counters().fallback_segments, 2u);
  full = false;
  now_ns_ += kSegmentAge_ns;
  ASSERT_TRUE(write(writer).ok());
  EXPECT_EQ(writer.counters().fallback_segments, 2u) << "back in the first folder";
  ASSERT_TRUE(writer.seal().ok());
  // A collector that was told nothing finds both.
  EXPECT_EQ(spool_folders(directory_).size(), 2u);
  EXPECT_EQ(list_segments(directory_).size(), 4u);
  expect_all_stored();
}

TEST_F(SpoolPolicies, ASecondFolderOfSomeoneElseIsNotUsed) {
  policy_.fallback = root_ / "second";
  fs::create_directories(policy_.fallback);
  fs::create_directory_symlink(root_, fallback_spool(directory_, policy_.fallback));
  SegmentWriter writer = this->writer();
  files_.fault = [&](std::string_view call, const std::string& path) {
    return call == "create" && path.starts_with(directory_.root.string()) ? EROFS : 0;
  };
  EXPECT_FALSE(write(writer).ok());
  EXPECT_EQ(refused(writer, Refusal::kReadOnly), 2u);
}

TEST_F(SpoolPolicies, TheQuotaHoldsAndKeepsRoomForGaps) {
  policy_.quota_bytes = 100'000;
  SegmentWriter writer = this->writer();
  Status status;
  while ((status = write(writer)).ok()) ASSERT_LT(next_, 100'000u);
  EXPECT_EQ(status.code(), StatusCode::kExhausted);
  EXPECT_NE(status.message().find("HEADRACE_SPOOL_QUOTA"), std::string::npos);
  EXPECT_LE(writer.bytes_written(), 95'000u);
  EXPECT_GE(writer.bytes_written(), 90'000u);
  EXPECT_EQ(refused(writer, Refusal::kSpoolQuota), 1u);
  ASSERT_TRUE(write(writer, 0).ok()) << "ring 0 tells of what was lost";
  ASSERT_TRUE(writer.seal().ok());
  EXPECT_FALSE(write(writer).ok());
  // A collector folds and deletes: there is room again, within a second.
  expect_all_stored();
  for (const SegmentFile& file : list_segments(directory_)) {
    if (file.sealed) fs::remove(file.path);
  }
  now_ns_ += 1'000'000'000;
  EXPECT_TRUE(write(writer).ok());
}

TEST_F(SpoolPolicies, OthersInTheFolderCountAgainstTheQuota) {
  policy_.quota_bytes = 100'000;
  ASSERT_TRUE(create_directory(directory_).ok());
  std::ofstream(directory_.spool() / "00000000000000a-000000.seg") << std::string(96'000, '\0');
  SegmentWriter writer = this->writer();
  EXPECT_FALSE(write(writer).ok());
}

TEST_F(SpoolPolicies, ReservedBlocksAreGivenBack) {
  SegmentWriter writer = this->writer();
  ASSERT_TRUE(write(writer).ok());
  ASSERT_TRUE(writer.seal().ok());
  struct stat facts {};
  ASSERT_EQ(stat(list_segments(directory_).at(0).path.c_str(), &facts), 0);
  EXPECT_LE(facts.st_blocks * 512, 64 * 1024);
}

TEST_F(SpoolPolicies, ANameThatIsTakenIsLeftAlone) {
  ASSERT_TRUE(create_directory(directory_).ok());
  std::ofstream(directory_.spool() / "000000000000009-000000.seg") << "another's";
  std::ofstream(directory_.spool() / "000000000000009-000001.open") << "another's";
  SegmentWriter writer = this->writer();
  ASSERT_TRUE(write(writer).ok());
  ASSERT_TRUE(writer.seal().ok());
  ASSERT_TRUE(write(writer).ok());
  ASSERT_TRUE(writer.seal().ok());
  for (const char* name : {"000000000000009-000000.seg", "000000000000009-000001.open"}) {
    std::ifstream in(directory_.spool() / name);
    std::string text;
    std::getline(in, text);
    EXPECT_EQ(text, "another's");
    fs::remove(directory_.spool() / name);
  }
  expect_all_stored();
}

TEST_F(SpoolPolicies, AFolderThatWasRemovedIsMadeAgain) {
  SegmentWriter writer = this->writer();
  ASSERT_TRUE(write(writer).ok());
  ASSERT_TRUE(writer.seal().ok());
  fs::remove_all(directory_.root);
  next_ = 0;
  ASSERT_TRUE(write(writer).ok());
  expect_all_stored();
}

TEST_F(SpoolPolicies, AFileSystemThatCannotReserveIsWrittenAllTheSame) {
  SegmentWriter writer = this->writer();
  int asked = 0;
  files_.fault = [&](std::string_view call, const std::string&) {
    return call == "reserve" ? (++asked, EOPNOTSUPP) : 0;
  };
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(write(writer).ok());
  ASSERT_TRUE(writer.seal().ok());
  EXPECT_EQ(asked, 1);
  expect_all_stored();
}

TEST_F(SpoolPolicies, TheWatermarkFollowsTheSync) {
  policy_.power_safe = true;
  SegmentWriter writer = this->writer();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(writer).ok());
  EXPECT_EQ(writer.durability().durable, 0u);
  std::optional<SegmentSync> sync = writer.begin_sync();
  ASSERT_TRUE(sync);
  EXPECT_FALSE(writer.begin_sync()) << "one at a time";
  ASSERT_TRUE(write(writer).ok());
  sync->run();
  writer.finish_sync(*sync);
  EXPECT_EQ(writer.durability().durable, 3u) << "not what came after it began";
  ASSERT_TRUE(writer.seal().ok());
  EXPECT_FALSE(list_segments(directory_).at(0).sealed) << "not before it is on the medium";
  ASSERT_TRUE(writer.sync().ok());
  EXPECT_EQ(writer.durability().durable, 4u);
  EXPECT_TRUE(list_segments(directory_).at(0).sealed);
  EXPECT_FALSE(writer.begin_sync()) << "nothing is left to do";
  expect_all_stored();
}

TEST_F(SpoolPolicies, ASegmentWhoseSyncFailsIsWrittenAgainElsewhere) {
  policy_.power_safe = true;
  policy_.fallback = root_ / "second";
  SegmentWriter writer = this->writer();
  std::map<std::string, int> syncs;
  files_.fault = [&](std::string_view call, const std::string& path) {
    if (call != "sync") return 0;
    ++syncs[path];
    return path.starts_with(directory_.root.string()) ? EIO : 0;
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(writer).ok());
  EXPECT_TRUE(writer.sync().ok());
  EXPECT_EQ(writer.durability().durable, 3u);
  EXPECT_EQ(writer.counters().poisoned, 1u);
  EXPECT_EQ(writer.counters().fallback_segments, 1u);
  for (const auto& [path, count] : syncs) {
    EXPECT_TRUE(count == 1 || !path.starts_with(directory_.root.string())) << "never tried again";
  }
  // Without the poisoned file everything is there.
  for (const auto& entry : fs::directory_iterator(directory_.spool())) {
    if (entry.path().extension() != ".elsewhere") fs::remove(entry.path());
  }
  expect_all_stored();
}

TEST_F(SpoolPolicies, AMediumThatNeverSyncsIsAnErrorAndNoLoss) {
  policy_.power_safe = true;
  SegmentWriter writer = this->writer();
  files_.fault = [](std::string_view call, const std::string&) { return call == "sync" ? EIO : 0; };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(writer).ok());
  EXPECT_FALSE(writer.sync().ok());
  EXPECT_EQ(writer.durability().durable, 0u);
  EXPECT_FALSE(writer.begin_sync()) << "not at once again";
  now_ns_ += 10'000'000'000;
  files_.fault = nullptr;
  EXPECT_TRUE(writer.sync().ok());
  EXPECT_EQ(writer.durability().durable, 3u);
  ASSERT_TRUE(writer.seal().ok());
  expect_all_stored();
}

TEST_F(SpoolPolicies, SettingsComeFromTheEnvironment) {
  setenv("HEADRACE_SPOOL_QUOTA", "2G", 1);
  setenv("HEADRACE_SPOOL_FALLBACK", "/somewhere/else", 1);
  setenv("HEADRACE_DURABILITY", "2s", 1);
  SpoolPolicy policy = SpoolPolicy::from_environment();
  EXPECT_EQ(policy.quota_bytes, uint64_t{2} << 30);
  EXPECT_EQ(policy.fallback, fs::path("/somewhere/else"));
  EXPECT_TRUE(policy.power_safe);
  EXPECT_TRUE(policy.ends_wait);
  setenv("HEADRACE_SPOOL_QUOTA", "much", 1);
  setenv("HEADRACE_DURABILITY", "3", 1);
  policy = SpoolPolicy::from_environment();
  EXPECT_EQ(policy.quota_bytes, SpoolPolicy::kQuota_bytes);
  EXPECT_FALSE(policy.power_safe);
  for (const char* name :
       {"HEADRACE_SPOOL_QUOTA", "HEADRACE_SPOOL_FALLBACK", "HEADRACE_DURABILITY"}) {
    unsetenv(name);
  }
  EXPECT_EQ(parse_bytes("1").value_or(0), 1u);
  EXPECT_EQ(parse_bytes("3KiB").value_or(0), 3072u);
  for (const char* bad : {"", "K", "1X", "1Kx", "-1", "99999999999T"}) {
    EXPECT_FALSE(parse_bytes(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace headrace
