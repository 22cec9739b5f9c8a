// Files of every version of the format, kept for ever: they must read as they read when they were
// made. script/golden makes those of a new version.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "collect/accounting_fixture.h"
#include "collect/every_kind_fixture.h"
#include "collect/fold_fixture.h"
#include "collect/sample_records_fixture.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(HEADRACE_SOURCE_DIR) / "tests" / "golden";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class GoldenTest : public FoldTest {
 protected:
  // What a reader sees, by names that stay; one line a row.
  static std::string rows(const store::Store& store) {
    std::string out;
    for (const char* what :
         {"task_id, workflow_id, campaign, activity, parent_task_id, status, started_at, ended_at, "
          "used, generated, hostname, pid, thread, rank, attempt, tags, error FROM task",
          "workflow_id, campaign, parent_workflow_id, name, status, started_at, ended_at, used, "
          "generated, tags, error, attributes FROM workflow",
          "campaign_id, name, started_at, ended_at, workflows, tasks, tags FROM campaign",
          "object_id, kind, name, path, version, size_bytes, sha256, created_at, attributes FROM "
          "object",
          "relation, from_kind, from_id, to_kind, to_id, name, exact FROM edge",
          "workflow_id, task_id, time, stream, text, metrics FROM log",
          "sensor, time, value FROM sample",
          "name, quantity, unit, kind, domain, source, truth, method, assumption FROM sensor",
          "producer, ring, first_number, count, reason FROM gap",
          "producer, hostname, pid, rank, state, facts FROM producer",
          "producer, state, accepted, stored, newer, spooled, quarantined, dropped, missing, "
          "dropped_by FROM accounting"}) {
      out += std::string("SELECT ") + what + "\n" +
             text(store,
                  std::string("SELECT coalesce(string_agg(to_json(r)::VARCHAR, chr(10) ORDER BY "
                              "to_json(r)::VARCHAR), '') FROM (SELECT ") +
                      what + ") r") +
             "\n\n";
    }
    return out;
  }
  // Into the spool, under the name that its producer would give it.
  void place(const fs::path& segment) {
    const std::string bytes = read_file(segment);
    FrameView frame;
    ASSERT_EQ(read_frame(bytes, &frame), FrameError::kNone) << segment;
    char name[32];
    std::snprintf(name, sizeof name, "%015llx-000000.seg",
                  static_cast<unsigned long long>(frame.header.producer));
    fs::copy_file(segment, directory_.spool() / name);
  }
  store::Store fold_folder(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".seg") place(entry.path());
    }
    store::Store store = memory();
    EXPECT_EQ(fold_into(store).quarantined, 0u) << folder;
    expect_accounted(store);
    return store;
  }
};

TEST_F(GoldenTest, EveryVersionReadsAsItDidWhenItWasMade) {
  size_t versions = 0;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (fs::exists(entry.path() / "expected.txt")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    SCOPED_TRACE(folder.filename());
    for (const auto& old : fs::directory_iterator(directory_.spool())) fs::remove(old.path());
    EXPECT_EQ(rows(fold_folder(folder)), read_file(folder / "expected.txt"));
    ++versions;
  }
  std::printf("golden files of %zu versions\n", versions);
  EXPECT_TRUE(fs::exists(kGolden / ("v" + std::to_string(kFrameVersion)) / "expected.txt"))
      << "run script/golden";
  EXPECT_TRUE(fs::exists(kGolden / "newer" / "expected.txt"));
}

// The set of this version holds all there is, so that a kind or tag that is added needs another.
TEST_F(GoldenTest, TheLatestSetHasEveryKindAndTag) {
  store::Store store = fold_folder(kGolden / ("v" + std::to_string(kFrameVersion)));
  EXPECT_EQ(text(store,
                 "SELECT string_agg(DISTINCT type::VARCHAR, ' ' ORDER BY type::VARCHAR) "
                 "FROM value_row"),
            "0 1 10 11 2 3 4 5 6 7 8 9");
  for (const char* table :
       {"task_slots", "open_task", "workflow_record", "campaign_record", "object_record", "log_row",
        "sample_row", "gap_row", "clock_row", "thread_row", "edge_row", "edge_record"}) {
    EXPECT_GT(integer(store, std::string("SELECT count(*) FROM ") + table), 0) << table;
  }
}

// Not a test: writes the set when script/golden asks for it.
TEST_F(GoldenTest, Make) {
  const char* to = std::getenv("HEADRACE_MAKE_GOLDEN");
  if (to == nullptr) GTEST_SKIP() << "only for script/golden";
  fs::create_directories(fs::path(to) / ("v" + std::to_string(kFrameVersion)));
  fs::create_directories(fs::path(to) / "newer");
  const auto finish = [&](const fs::path& folder, const fs::path& segment, const char* name) {
    fs::copy_file(segment, folder / name);
    fs::remove(segment);
    std::ofstream(folder / "expected.txt", std::ios::binary) << rows(fold_folder(folder));
    for (const auto& old : fs::directory_iterator(directory_.spool())) fs::remove(old.path());
  };
  {
    SpoolFixture p(directory_, 0x0123456789ABCDE);
    say_everything(p);
    const fs::path segment = p.seal();
    const std::string version = "v" + std::to_string(kFrameVersion);
    finish(fs::path(to) / version, segment, "everything.seg");
  }
  {
    // Kind 9 came while version 1 was the latest; its set was kept by then.
    SpoolFixture p(directory_, 0x0ABCDEF12345678);
    p.describe({{"host", "node1"}, {"pid", "42"}});
    const uint32_t counter = p.entry(EntryKind::kSensor, encode_sensor(rapl()));
    const uint32_t load = p.entry(EntryKind::kSensor, encode_sensor(gauge()));
    add_samples(p, 2, some_samples(counter, load));
    const fs::path folder = fs::path(to) / "v1-samples";
    fs::create_directories(folder);
    finish(folder, p.seal(), "samples.seg");
  }
  // What the next version might write: its own frame version, and more of everything.
  SpoolFixture p(directory_, 0x0EDCBA987654321);
  p.frame_version = kNewestReadableVersion;
  p.entry(static_cast<EntryKind>(99), "an entry of a kind to come");
  say_everything(p);
  TaskRecord extended{};
  extended.header = {0, RecordKind::kTask, kRecordIsExtended, 0};
  extended.activity_id = p.activity("train");
  extended.number = 8;
  extended.begin_ticks = 190;
  extended.end_ticks = 195;
  extended.status = TaskStatus::kFinished;
  p.add(1, extended, {}, "bytes behind what is known");
  CampaignRecord unknown{};
  unknown.header.kind = static_cast<RecordKind>(77);
  p.add(1, unknown, {cell_of("a record of a kind to come")});
  p.task({.activity = p.activity("train"),
          .number = 9,
          .begin = 200,
          .end = 201,
          .shape = p.shape({{"cell", Role::kUsed, static_cast<ValueTag>(31)},
                            {"tail", Role::kUsed, static_cast<ValueTag>(32)},
                            {"role", static_cast<Role>(9), ValueTag::kInt}}),
          .cells = {cell_of(int64_t{12}), cell_of("\x01\x02"), cell_of(int64_t{3})}});
  p.describe({{"host", "node1"},
              {"pid", "42"},
              {"a fact to come", "yes"},
              {"ended", "clean"},
              {"records", std::to_string(p.drawn())}});
  finish(fs::path(to) / "newer", p.seal(), "everything.seg");
}

}  // namespace
}  // namespace headrace::collect
