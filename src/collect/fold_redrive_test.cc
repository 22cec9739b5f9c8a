// A hole in the dictionary costs no record while another copy of the entries is there or comes.
#include <fstream>
#include <iterator>

#include "collect/accounting_fixture.h"
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

class FoldRedriveTest : public FoldTest {
 protected:
  FoldRedriveTest() { strange_.header.kind = static_cast<RecordKind>(77); }

  // A producer with three activities and a shape, each meta record in a frame of its own.
  SpoolFixture& make(ProducerId uid = 7) {
    SpoolFixture& p = *(producer_ = std::make_unique<SpoolFixture>(directory_, uid));
    p.frame_bytes = 1;
    p.describe({{"host", "h"}, {"pid", "1"}});
    for (const char* name : {"a", "b", "c"}) activities_.push_back(p.activity(name));
    shape_ = p.shape({{"x", Role::kUsed, ValueTag::kFloat}});
    return p;
  }
  void tasks(SpoolFixture& p, uint64_t from, uint64_t to) {
    for (uint64_t n = from; n < to; ++n) {
      p.task({.activity = activities_[n % 3],
              .number = n,
              .begin = n,
              .end = n + 1,
              .shape = shape_,
              .cells = {cell_of(0.5)}});
    }
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  // Flips a byte in the payload of the n-th frame.
  static void damage(const std::filesystem::path& path, size_t n) {
    std::string bytes = read(path);
    size_t at = 0;
    FrameView frame;
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(read_frame(std::string_view(bytes).substr(at), &frame), FrameError::kNone);
      at += frame.size_bytes();
    }
    bytes[at + sizeof(FrameHeader) + 9] ^= 0x20;
    write(path, bytes);
  }
  // Which meta frame holds activity b: the clock and the facts share one, then a.
  size_t frame_of_b() const {
    for (size_t i = 0; i < producer_->meta_frames().size(); ++i) {
      const std::string needle("name\x04\x01\0\0\0b", 10);
      if (producer_->meta_frames()[i].payload.find(needle) != std::string::npos) return i;
    }
    ADD_FAILURE();
    return 0;
  }
  size_t quarantine_files() const {
    std::error_code none;
    size_t out = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_.quarantine(), none)) {
      out += file.is_regular_file() ? 1 : 0;
    }
    return out;
  }

  std::unique_ptr<SpoolFixture> producer_;
  std::vector<uint32_t> activities_;
  uint32_t shape_ = 0;
  CampaignRecord strange_{};
};

TEST_F(FoldRedriveTest, ALaterSegmentsDictionaryTakesThemOutOfQuarantine) {
  SpoolFixture& p = make();
  tasks(p, 1, 10);
  damage(p.seal(), frame_of_b());
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task_slots"), 6);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 3);
  EXPECT_EQ(quarantine_files(), 4u);  // the frame, three records
  expect_accounted(store);

  tasks(p, 10, 13);
  p.seal();
  const FoldReport report = fold_into(store);
  EXPECT_EQ(report.redriven, 3u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task_slots"), 12);
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT seq) FROM task_slots"), 12);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 0);
  EXPECT_EQ(text(store, "SELECT string_agg(DISTINCT activity, '' ORDER BY activity) FROM task"),
            "abc");
  EXPECT_EQ(quarantine_files(), 1u);
  expect_accounted(store);
  EXPECT_EQ(fold_into(store).redriven, 0u);
}

TEST_F(FoldRedriveTest, AnEarlierSegmentsDictionaryKeepsThemOutOfQuarantine) {
  SpoolFixture& p = make();
  tasks(p, 1, 4);
  p.seal();
  store::Store store = memory();
  fold_into(store);
  tasks(p, 4, 10);
  damage(p.seal(), frame_of_b());
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task_slots"), 9);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 0);
  expect_accounted(store);
}

TEST_F(FoldRedriveTest, WhatCanStillNotBeReadStays) {
  SpoolFixture& p = make();
  p.frame_bytes = 4096;  // one frame of data: the refused stand side by side
  p.task({.activity = 99, .number = 1, .shape = shape_, .cells = {cell_of(0.5)}});
  p.task({.activity = activities_[1], .number = 2, .shape = shape_, .cells = {cell_of(0.5)}});
  p.task({.activity = 98, .number = 3, .shape = shape_, .cells = {cell_of(0.5)}});
  damage(p.seal(), frame_of_b());
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(records::VARCHAR, ',') FROM quarantine_row "
                 "WHERE ring IS NOT NULL"),
            "3");
  p.seal();
  EXPECT_EQ(fold_into(store).redriven, 1u);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(number || ' ' || records, ', ' ORDER BY number) "
                 "FROM quarantine_row WHERE ring IS NOT NULL"),
            "0 1, 2 1");
  EXPECT_EQ(integer(store, "SELECT seq FROM task_slots"), 2);
  expect_accounted(store);
  // And again, once there is a way to read the rest.
  for (int n = 0; p.string("name " + std::to_string(n)) < 97;) ++n;
  EXPECT_EQ(p.activity("late"), 98u);
  EXPECT_EQ(p.activity("later"), 99u);
  p.seal();
  EXPECT_EQ(fold_into(store).redriven, 2u);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(seq || activity_row.name, ',' ORDER BY seq) FROM "
                 "task_slots JOIN activity_row USING (activity)"),
            "1later,2b,3late");
  EXPECT_EQ(quarantine_files(), 1u);
  expect_accounted(store);
}

TEST_F(FoldRedriveTest, OnRequestWithoutANewSegment) {
  SpoolFixture& p = make();
  tasks(p, 1, 10);
  const auto path = p.seal();
  const std::string whole = read(path);
  damage(path, frame_of_b());
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 3);
  write(path, whole);  // restored from a copy: nothing new to fold
  EXPECT_EQ(fold_into(store).redriven, 0u);
  EXPECT_EQ(fold_into(store, {.redrive = true}).redriven, 3u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 9);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 0);
  expect_accounted(store);
}

TEST_F(FoldRedriveTest, RecordsOfANewerVersionAreKeptAndCounted) {
  SpoolFixture& p = make();
  tasks(p, 1, 3);
  p.add(1, strange_, {cell_of("what it says")});
  TaskRecord extended{};
  extended.header = {0, RecordKind::kTask, kRecordIsExtended, 0};
  extended.activity_id = activities_[0];
  extended.number = 3;
  extended.end_ticks = 9;
  extended.status = TaskStatus::kFinished;
  p.add(1, extended);
  // A shape of values that this version does not know: one in its cell, one in the tail.
  const uint32_t newer = p.shape({{"cell", Role::kUsed, static_cast<ValueTag>(12)},
                                  {"tail", static_cast<Role>(9), static_cast<ValueTag>(32)},
                                  {"x", Role::kGenerated, ValueTag::kFloat}});
  p.task({.activity = activities_[0],
          .number = 4,
          .begin = 4,
          .end = 5,
          .shape = newer,
          .cells = {cell_of(int64_t{12}), cell_of("\x01\x02"), cell_of(0.25)}});
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(text(store, "SELECT accepted || ' ' || stored || ' ' || newer FROM accounting"),
            "5 5 1");
  EXPECT_EQ(text(store,
                 "SELECT string_agg(kind || ' ' || whole || ' ' || (bytes <> ''), ', ' "
                 "ORDER BY kind) FROM unknown_row"),
            "1 false true, 77 true true");
  EXPECT_EQ(text(store,
                 "SELECT used::VARCHAR || generated::VARCHAR FROM task WHERE used <> '{}' "
                 "AND generated <> '{}'"),
            R"({"cell":12}{"x":0.25})");
  expect_accounted(store);
}

}  // namespace
}  // namespace headrace::collect
