#include "collect/adopt.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file_system.h"
#include "collect/fold_fixture.h"
#include "collect/open.h"
#include "collect/ring_fixture.h"
#include "collect/sample_records_fixture.h"
#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class AdoptTest : public FoldTest {
 protected:
  void SetUp() override {
    FoldTest::SetUp();
    setenv("HEADRACE_RING_DIR", (directory_.root.parent_path() / "rings").c_str(), 1);
    p_.emplace(directory_, 7);
    ring_.emplace(directory_, 7);
    activity_ = p_->activity("a");
    shape_ = p_->shape({{"n", Role::kUsed, ValueTag::kInt}});
  }
  void TearDown() override {
    unsetenv("HEADRACE_RING_DIR");
    FoldTest::TearDown();
  }

  // Task n of ring 1, as a record.
  std::string task(uint64_t n) {
    p_->task({.activity = activity_,
              .number = n,
              .begin = n,
              .end = n + 1,
              .shape = shape_,
              .cells = {cell_of(static_cast<int64_t>(n))}});
    return records_of(p_->frames().back()).back();
  }
  std::vector<std::string> tasks(uint64_t from, uint64_t to) {
    std::vector<std::string> out;
    for (uint64_t n = from; n <= to; ++n) out.push_back(task(n));
    return out;
  }
  std::vector<std::string> all_meta() const {
    std::vector<std::string> out;
    for (const auto& frame : p_->meta_frames()) {
      for (std::string& r : records_of(frame)) out.push_back(std::move(r));
    }
    return out;
  }
  // What the process drained: tasks 1 .. n in a segment with all names so far.
  void drained(uint64_t n) {
    p_->describe({{"host", "a"}, {"pid", "99999999"}, {"boot_id", "another boot"}});
    for (uint64_t i = 1; i <= n; ++i) static_cast<void>(task(i));
    p_->seal();
  }
  std::optional<SpoolFixture> p_;
  std::optional<RingFixture> ring_;
  uint32_t activity_ = 0;
  uint32_t shape_ = 0;
};

TEST_F(AdoptTest, WhatWasNotDrainedIsStoredAndNothingTwice) {
  drained(10);
  ring_->records(1, 0, 0, tasks(1, 15));
  ring_->records(1, 1, 15, tasks(16, 20));
  const auto path = ring_->write();
  store::Store store = memory();
  EXPECT_FALSE(*nothing_new(directory_, store));
  const FoldReport report = fold_into(store);
  EXPECT_EQ(report.adopted.rings, 1u);
  EXPECT_EQ(report.adopted.records, 20u);
  EXPECT_EQ(report.repeated, 10u);
  EXPECT_EQ(report.quarantined, 0u);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'finished'"), 20);
  EXPECT_EQ(integer(store,
                    "SELECT count(DISTINCT used.n) FROM (SELECT used->>'n' AS n FROM task) "
                    "AS used"),
            20);
  EXPECT_EQ(text(store, "SELECT state FROM producer"), "lost");
  EXPECT_EQ(text(store, "SELECT facts->>'ended' FROM producer"), "abruptly");
  EXPECT_EQ(text(store, "SELECT facts->>'host' FROM producer"), "a");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM gap"), 0);
  EXPECT_TRUE(*nothing_new(directory_, store));
}

TEST_F(AdoptTest, ARingAloneIsEnough) {
  // Killed before the first drain: no segment at all; the ring lies in the spool.
  p_->describe({{"host", "a"}, {"pid", "99999999"}});
  ring_->records(1, 0, 0, tasks(1, 5));
  ring_->meta(0, all_meta());
  const auto path = ring_->write_to(directory_.spool());
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 5);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AdoptTest, ARingWhoseFolderWasNotMadeYetIsFoundByItsReader) {
  ring_->records(1, 0, 0, tasks(1, 5));
  ring_->meta(0, all_meta());
  ring_->write();
  std::filesystem::remove_all(directory_.root);
  Result<store::Store> store = open_folded(directory_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(integer(*store, "SELECT count(*) FROM task"), 5);
}

TEST_F(AdoptTest, AFileThatWasNeverReadyIsRemovedWhenItsMakerIsGone) {
  ring_->header().state = static_cast<uint32_t>(capture::RingState::kMaking);
  auto path = ring_->write();
  EXPECT_EQ(adopt(directory_, Liveness()).left, 0u);
  EXPECT_FALSE(std::filesystem::exists(path));
  // Killed before it wrote who it is, or about to write it: nobody can tell until it is old.
  ring_->header().pid = 0;
  path = ring_->write();
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(adopt(directory_, Liveness()).left, 0u);
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(adopt(directory_, Liveness()).left, 0u);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AdoptTest, OpenTasksAreLostWithTheirValues) {
  const uint32_t lr = p_->string("lr");
  const uint32_t note = p_->string("note");
  drained(3);
  capture::TaskSlot& slot = ring_->open_task(50, activity_);
  RingFixture::add_value(slot, lr, Role::kUsed, ValueTag::kFloat, cell_of(0.25));
  RingFixture::add_value(slot, note, Role::kGenerated, ValueTag::kString, cell_of("half way"));
  slot.record.parent = 49;
  // A value that was being replaced: its span means nothing.
  RingFixture::add_value(slot, note, Role::kTag, ValueTag::kString, {~uint64_t{0}, {}, false});
  ring_->open_task(49, activity_);
  ring_->write();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).adopted.open_tasks, 2u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'lost'"), 2);
  EXPECT_EQ(text(store, "SELECT used FROM task WHERE parent_task_id IS NOT NULL"),
            R"({"lr":0.25})");
  EXPECT_EQ(text(store, "SELECT generated FROM task WHERE parent_task_id IS NOT NULL"),
            R"({"note":"half way"})");
  EXPECT_EQ(
      text(store, "SELECT parent_task_id FROM task WHERE parent_task_id IS NOT NULL"),
      text(store, "SELECT task_id FROM task WHERE status = 'lost' AND parent_task_id IS NULL"));
}

TEST_F(AdoptTest, DropsBetweenChunksAreToldOnceWithTheirReason) {
  drained(3);
  ring_->records(1, 1, 10, tasks(11, 12)).hole_reason =
      static_cast<uint32_t>(GapReason::kPoolExhausted);
  ring_->records(1, 2, 20, tasks(21, 22)).hole_reason = static_cast<uint32_t>(GapReason::kTooLarge);
  // The process told of the second itself and did not come to drain that.
  GapRecord gap{};
  gap.header.kind = RecordKind::kGap;
  gap.header.flags = static_cast<uint8_t>(GapReason::kTooLarge);
  gap.ring = 1;
  gap.first_number = 12;
  gap.count = 8;
  p_->add(0, gap);
  ring_->records(0, 0, 0, records_of(p_->frames().back()));
  ring_->header().own_records = 1;
  ring_->write();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(first_number || '+' || count || ' ' || reason, ', ' "
                 "ORDER BY first_number) FROM gap"),
            "3+7 no memory, 12+8 too large");
  EXPECT_EQ(text(store,
                 "SELECT accepted || '=' || stored || '+' || dropped || '+' || missing FROM "
                 "accounting"),
            "24=9+15+0");
}

TEST_F(AdoptTest, DropsAfterTheLastRecordAreTold) {
  drained(3);
  capture::ChunkHeader& chunk = ring_->records(1, 0, 0, tasks(1, 8));
  chunk.dropped_after = 10;
  chunk.drop_reason = static_cast<uint32_t>(GapReason::kPoolExhausted);
  chunk.drained_past = 12;  // the process told of four and wrote that long ago
  capture::ChunkHeader& empty = ring_->records(2, 0, 0, {});
  empty.dropped_after = 5;
  empty.drop_reason = static_cast<uint32_t>(GapReason::kPoolExhausted);
  ring_->write();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(ring || ': ' || first_number || '+' || count || ' ' || "
                 "reason, ', ' ORDER BY ring) FROM gap WHERE reason <> 'missing'"),
            "1: 12+6 no memory, 2: 0+5 no memory");
}

TEST_F(AdoptTest, DropsOfRingsThatNeverGotAChunkAreTold) {
  drained(3);
  constexpr auto kReason = static_cast<uint32_t>(GapReason::kPoolExhausted);
  capture::FirstDrops* place = ring_->header().first_drops;
  place[0] = {2, kReason, 7, 0};
  place[1] = {3, kReason, 9, 4};  // the process told of four and wrote that long ago
  place[2] = {4, kReason, 5, 0};  // its first chunk says so too
  ring_->records(4, 0, 5, tasks(11, 12)).hole_reason = kReason;
  place[3] = {5, 0, 0, 0};  // about to drop its first
  place[4] = {6, kReason, 6, 0};
  // The process told of it itself and did not come to drain that.
  GapRecord gap{};
  gap.header.kind = RecordKind::kGap;
  gap.header.flags = static_cast<uint8_t>(GapReason::kPoolExhausted);
  gap.ring = 6;
  gap.count = 6;
  p_->add(0, gap);
  ring_->records(0, 0, 0, records_of(p_->frames().back()));
  ring_->header().own_records = 1;
  ring_->write();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).adopted.damaged, 0u);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(ring || ': ' || first_number || '+' || count || ' ' || "
                 "reason, ', ' ORDER BY ring) FROM gap WHERE reason <> 'missing'"),
            "2: 0+7 no memory, 3: 4+5 no memory, 4: 0+5 no memory, 6: 0+6 no memory");
}

// Between each two instructions of a process that gathers samples and records them: all of them are
// stored, once, and every number is accounted for.
TEST_F(AdoptTest, SamplesThatWaitedAreStoredOnceWhereverTheKillFell) {
  const uint32_t counter = p_->entry(EntryKind::kSensor, encode_sensor(rapl()));
  const uint32_t load = p_->entry(EntryKind::kSensor, encode_sensor(gauge()));
  drained(1);
  const std::vector<PlainSample> samples = some_samples(counter, load);
  add_samples(*p_, 3, samples);
  const std::string record = records_of(p_->frames().back()).back();

  struct State {
    const char* name;
    std::function<void(RingFixture&)> make;
    int samples;
    int64_t accepted;  // numbers: the task's, the records' and of the collector's gap
    int64_t dropped = 0;
  };
  const auto waits = [&](RingFixture& ring, uint64_t past) {
    ring.waiting(3, samples).record_past = past;
  };
  const auto dropped = static_cast<uint32_t>(GapReason::kPoolExhausted);
  const State states[] = {
      {"claimed", [&](auto& ring) { ring.waiting(3, {}); }, 0, 1},
      {"a sample is half written",
       [&](auto& ring) {
         waits(ring, 0);
         --ring.header().waiting.count;
       },
       6, 2},
      {"they wait", [&](auto& ring) { waits(ring, 0); }, 7, 2},
      {"the number is known", [&](auto& ring) { waits(ring, 1); }, 7, 2},
      {"a chunk was taken for the record",
       [&](auto& ring) {
         waits(ring, 1);
         ring.records(3, 0, 0, {});
       },
       7, 2},
      {"the record is committed",
       [&](auto& ring) {
         waits(ring, 1);
         ring.records(3, 0, 0, {record});
       },
       7, 2},
      {"later ones have no number yet",
       [&](auto& ring) {
         waits(ring, 0);
         ring.records(3, 0, 0, {record});
       },
       14, 3},
      {"later ones have the next number",
       [&](auto& ring) {
         waits(ring, 2);
         ring.records(3, 0, 0, {record});
       },
       14, 3},
      {"no sample waits",
       [&](auto& ring) {
         waits(ring, 1);
         ring.header().waiting.count = 0;
         ring.records(3, 0, 0, {record});
       },
       7, 2},
      {"the number is cleared",
       [&](auto& ring) {
         ring.waiting(3, {});
         ring.records(3, 0, 0, {record});
       },
       7, 2},
      {"the record was dropped, there was no chunk",
       [&](auto& ring) {
         waits(ring, 1);
         ring.header().first_drops[0] = {3, dropped, 1, 0};
       },
       0, 3, 1},
      {"the record was dropped after others",
       [&](auto& ring) {
         waits(ring, 2);
         auto& chunk = ring.records(3, 0, 0, {record});
         chunk.dropped_after = 1;
         chunk.drop_reason = dropped;
       },
       7, 4, 1},
  };
  for (const State& state : states) {
    RingFixture ring(directory_, 7);
    state.make(ring);
    const auto path = ring.write();
    const std::string bytes = contents(path);
    store::Store store = memory();
    const FoldReport report = fold_into(store);
    EXPECT_EQ(report.adopted.damaged, 0u) << state.name;
    EXPECT_EQ(report.quarantined, 0u) << state.name;
    EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), state.samples) << state.name;
    EXPECT_EQ(text(store, "SELECT accepted || '-' || dropped || '-' || missing FROM accounting"),
              std::to_string(state.accepted) + "-" + std::to_string(state.dropped) + "-0")
        << state.name;
    // A collector that was killed before the unlink, and one that found its segment gone.
    std::ofstream(path, std::ios::binary) << bytes;
    fold_into(store);
    std::filesystem::remove(list_segments(directory_).back().path);
    std::ofstream(path, std::ios::binary) << bytes;
    fold_into(store);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), state.samples) << state.name;
    std::filesystem::remove(list_segments(directory_).back().path);
  }
}

TEST_F(AdoptTest, SamplesThatWaitedAndAreInASegmentAreNotStoredAgain) {
  const uint32_t counter = p_->entry(EntryKind::kSensor, encode_sensor(rapl()));
  const uint32_t load = p_->entry(EntryKind::kSensor, encode_sensor(gauge()));
  const std::vector<PlainSample> samples = some_samples(counter, load);
  add_samples(*p_, 3, samples);
  drained(1);
  ring_->waiting(3, samples).record_past = 1;
  ring_->write();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).adopted.waiting_samples, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), 7);
  EXPECT_EQ(integer(store, "SELECT accepted FROM accounting"), 2);
}

// They come in the order of their times, with the values and flags that they had.
TEST_F(AdoptTest, SamplesThatWaitedAreReadAsIfTheProcessHadRecordedThem) {
  const uint32_t counter = p_->entry(EntryKind::kSensor, encode_sensor(rapl()));
  const uint32_t load = p_->entry(EntryKind::kSensor, encode_sensor(gauge()));
  drained(1);
  const std::string segment = list_segments(directory_).back().path;
  const std::string rows =
      "SELECT string_agg(sensor || ' ' || time::VARCHAR || ' ' || coalesce(value::VARCHAR, 'gap'), "
      "', ' ORDER BY sensor, time) FROM sample";
  std::string told[2];
  for (const bool recorded : {false, true}) {
    const std::string kept = contents(segment);
    RingFixture ring(directory_, 7);
    if (recorded) {
      add_samples(*p_, 3, some_samples(counter, load));
      ring.records(3, 0, 0, {records_of(p_->frames().back()).back()});
    } else {
      ring.waiting(3, some_samples(counter, load));
    }
    ring.write();
    store::Store store = memory();
    EXPECT_EQ(fold_into(store).adopted.waiting_samples, recorded ? 0u : 7u);
    told[recorded] = text(store, rows);
    for (const SegmentFile& file : list_segments(directory_)) std::filesystem::remove(file.path);
    std::ofstream(segment, std::ios::binary) << kept;
  }
  EXPECT_EQ(told[0], told[1]);
  EXPECT_NE(told[0].find("gap"), std::string::npos) << told[0];
}

TEST_F(AdoptTest, AKilledCollectorLeavesItToTheNextOne) {
  drained(3);
  ring_->records(1, 0, 0, tasks(1, 8));
  ring_->open_task(50, activity_);
  const auto path = ring_->write();
  const std::string bytes = contents(path);
  ASSERT_EQ(adopt(directory_, Liveness()).rings, 1u);
  const auto segment = list_segments(directory_).back();
  const std::string first = contents(segment.path);
  // Killed between the rename and the unlink: the ring is still there.
  std::ofstream(path, std::ios::binary) << bytes;
  const AdoptReport again = adopt(directory_, Liveness());
  EXPECT_EQ(again.rings, 1u);
  EXPECT_EQ(again.records, 0u);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(list_segments(directory_).size(), 2u);
  // Killed before the rename: half a file of another name.
  std::filesystem::remove(segment.path);
  std::ofstream(path, std::ios::binary) << bytes;
  std::ofstream(segment.path.parent_path() / "000000000000007-000001.adopt") << "half";
  ASSERT_EQ(adopt(directory_, Liveness()).rings, 1u);
  EXPECT_EQ(contents(segment.path), first) << "the same ring gives the same segment";
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 9);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.spool())) {
    files += entry.exists() ? 1 : 0;
  }
  EXPECT_EQ(files, 2u);
}

TEST_F(AdoptTest, AForgottenSegmentIsAdoptedAgainWithEqualRecords) {
  drained(3);
  ring_->records(1, 0, 0, tasks(1, 8));
  ring_->open_task(50, activity_);
  const auto path = ring_->write();
  const std::string bytes = contents(path);
  store::Store store = memory();
  fold_into(store);
  std::filesystem::remove(list_segments(directory_).back().path);
  std::ofstream(path, std::ios::binary) << bytes;
  const FoldReport again = fold_into(store);
  EXPECT_EQ(again.adopted.rings, 1u);
  EXPECT_EQ(again.records, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 9);
}

TEST_F(AdoptTest, FilesOfTheLivingAndOfOthersAreNotTouched) {
  drained(1);
  ring_->records(1, 0, 0, tasks(1, 2));
  const Liveness here;
  const auto untouched = [&] {
    const auto path = ring_->write();
    struct stat before {};
    struct stat after {};
    EXPECT_EQ(stat(path.c_str(), &before), 0);
    EXPECT_EQ(adopt(directory_, here).rings, 0u);
    EXPECT_FALSE(has_dead_rings(directory_, here));
    return stat(path.c_str(), &after) == 0 && before.st_ino == after.st_ino;
  };
  // This process itself.
  std::ifstream stat_file("/proc/self/stat");
  std::string field;
  for (int i = 1; i <= 22; ++i) stat_file >> field;
  ring_->header().pid = static_cast<uint32_t>(getpid());
  ring_->header().start_time_ticks = std::stoull(field);
  RingFixture::set_text(ring_->header().boot_id, here.boot_id());
  EXPECT_TRUE(untouched());
  // A process of a container that has numbers of its own.
  ring_->header().pid = 99'999'999;
  ring_->header().pid_namespace = 1;
  EXPECT_TRUE(untouched());
  // Another machine's.
  ring_->header().pid_namespace = here.pid_namespace();
  RingFixture::set_text(ring_->header().hostname, here.hostname() + "-not");
  EXPECT_TRUE(untouched());
  // Another folder's.
  RingFixture::set_text(ring_->header().hostname, here.hostname());
  const std::string spool = directory_.spool().string() + "2";
  ring_->header().spool_path_bytes = static_cast<uint32_t>(spool.size());
  std::memcpy(ring_->header().spool_path, spool.data(), spool.size());
  EXPECT_TRUE(untouched());
  // Being read by another collector.
  ring_->header().spool_path_bytes -= 1;
  const auto path = ring_->write();
  const int held = open(path.c_str(), O_RDONLY);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  EXPECT_EQ(adopt(directory_, here).rings, 0u);
  EXPECT_TRUE(std::filesystem::exists(path));
  close(held);
  EXPECT_EQ(adopt(directory_, here).rings, 1u);
}

TEST_F(AdoptTest, DamageGoesToQuarantineAndStopsNothing) {
  drained(2);
  ring_->records(1, 0, 0, tasks(1, 5));
  ring_->records(1, 1, 5, tasks(6, 9)).kind = 77;
  capture::ChunkHeader& torn = ring_->records(1, 2, 9, tasks(10, 12));
  torn.committed += 8;
  ring_->write();
  store::Store store = memory();
  const FoldReport report = fold_into(store);
  EXPECT_EQ(report.adopted.damaged, 2u);
  EXPECT_EQ(report.quarantined, 2u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 8);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(file || ': ' || reason, ', ' ORDER BY \"offset\") FROM "
                 "quarantine"),
            "000000000000007.ring: the chunk is of no known kind, "
            "000000000000007.ring: no record begins here");
  EXPECT_EQ(text(store, "SELECT min(kept_as) FROM quarantine").substr(0, 20),
            "000000000000007.ring");
  EXPECT_EQ(integer(store, "SELECT sum(quarantined) FROM accounting"), 4);
  EXPECT_TRUE(*nothing_new(directory_, store));
  EXPECT_EQ(fold_into(store).quarantined, 0u);
}

TEST_F(AdoptTest, AHeaderThatSaysNothingLeavesTheSegmentsWord) {
  // Nobody knows whose this is.
  ring_->header().magic[0] = 'X';
  auto path = ring_->write();
  EXPECT_EQ(adopt(directory_, Liveness()).rings, 0u);
  EXPECT_TRUE(std::filesystem::exists(path));
  // Its segments name a process that is gone.
  p_->describe({{"host", Liveness().hostname()}, {"pid", "99999999"}, {"boot_id", "another boot"}});
  static_cast<void>(task(1));
  p_->seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).adopted.damaged, 1u);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(text(store, "SELECT reason FROM quarantine"), "it does not begin as a ring file");
}

// Every write of an adoption fails in turn, once and from then on.
class NthFails : public FileSystem {
 public:
  int fail_from = 0;
  int fail_to = 0;
  int calls = 0;
  int create(const char* path) override { return fails() ? -ENOSPC : FileSystem::create(path); }
  ssize_t write(int fd, const void* from, size_t n) override {
    return fails() ? -EIO : FileSystem::write(fd, from, n);
  }
  int sync(int fd) override { return fails() ? -EIO : FileSystem::sync(fd); }
  int rename(const char* from, const char* to) override {
    return fails() ? -EROFS : FileSystem::rename(from, to);
  }
  int sync_folder(const char* path) override {
    return fails() ? -EIO : FileSystem::sync_folder(path);
  }
  int unlink(const char* path) override { return fails() ? -EACCES : FileSystem::unlink(path); }

 private:
  bool fails() {
    ++calls;
    return calls >= fail_from && calls < fail_to;
  }
};

TEST_F(AdoptTest, WhateverFailsNothingIsLostAndTheNextOneDoesIt) {
  drained(3);
  ring_->records(1, 0, 0, tasks(1, 8));
  ring_->records(1, 1, 8, tasks(9, 9)).committed += 8;
  ring_->open_task(50, activity_);
  int rounds = 0;
  for (const bool once : {true, false}) {
    for (int nth = 1;; ++nth, ++rounds) {
      for (const SegmentFile& f : list_segments(directory_)) {
        if (f.ordinal > 0) std::filesystem::remove(f.path);
      }
      std::filesystem::remove_all(directory_.quarantine());
      const auto path = ring_->write();
      NthFails files;
      files.fail_from = nth;
      files.fail_to = once ? nth + 1 : 1'000'000;
      FileSystem::replace_for_test(&files);
      const AdoptReport report = adopt(directory_, Liveness());
      FileSystem::replace_for_test(nullptr);
      EXPECT_EQ(report.left + report.rings, 1u);
      EXPECT_EQ(report.left, std::filesystem::exists(path) ? 1u : 0u);
      store::Store store = memory();
      EXPECT_EQ(fold_into(store).adopted.left, 0u);
      EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 10) << "call " << nth;
      EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine"), 1) << "call " << nth;
      EXPECT_FALSE(std::filesystem::exists(path));
      if (files.calls < nth) break;
    }
  }
  std::printf("%d failing calls\n", rounds);
}

}  // namespace
}  // namespace headrace::collect
