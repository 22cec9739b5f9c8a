// f08: the power fails at any moment. What the writer had published as durable is there, nothing
// that was not written is ever taken for a record, and readers come to an end.
//
// One thread, virtual time, one seed a case: a failure's seed makes the same run again.
//   HEADRACE_TEST_ALL=1         10,000 cuts instead of 2,000; a tenth under a sanitizer
//   HEADRACE_POWER_CUTS=500     how many
//   HEADRACE_SEED=123           only this one
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>

#include "base/long_form_for_test.h"
#include "collect/fold_fixture.h"
#include "collect/frame_walk.h"
#include "spool/segment_writer.h"
#include "spool/simulated_disk_for_test.h"

namespace headrace::collect {
namespace {

constexpr ProducerId kProducer = 0x123;
constexpr uint32_t kRings = 3;
constexpr uint64_t kFoldEvery = 50;

struct Totals {
  uint64_t cuts = 0;
  uint64_t power_safe = 0;
  uint64_t frames = 0;
  uint64_t durable = 0;
  uint64_t lost = 0;
  uint64_t saved_beyond = 0;  // frames after the watermark that were there all the same
  uint64_t damage = 0;
  uint64_t failed_syncs = 0;
  uint64_t refusals = 0;
  uint64_t folds = 0;
};

class PowerCut : public FoldTest, public testing::WithParamInterface<uint64_t> {
 protected:
  void run(uint64_t seed, Totals& totals);

 private:
  struct Written {
    uint32_t ring;
    uint64_t first;
    uint64_t count;
    int64_t at_ns;
  };
  void fold_image(const std::map<std::string, std::string>& image, uint64_t expected);
};

void PowerCut::run(uint64_t seed, Totals& totals) {
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15ull + 1);
  const auto chance = [&random](unsigned one_in) { return random() % one_in == 0; };
  SimulatedDisk disk(seed);
  int64_t now_ns = 1'000'000'000;
  SpoolPolicy policy;
  policy.monotonic_ns = [&now_ns] { return now_ns; };
  policy.power_safe = seed % 5 != 0;
  if (chance(3)) policy.fallback = "/other";
  if (chance(4)) policy.quota_bytes = 200'000 + random() % 400'000;

  // What a disk may say meanwhile, in some of the cases.
  const bool syncs_fail = chance(4);
  const bool space_fails = chance(4);
  const unsigned fault_one_in = 3 + static_cast<unsigned>(random() % 30);
  disk.fault = [&](const std::string& call) {
    if (syncs_fail && call == "sync" && chance(fault_one_in)) return EIO;
    if (space_fails && (call == "write" || call == "reserve" || call == "create") &&
        chance(fault_one_in)) {
      return chance(2) ? ENOSPC : EIO;
    }
    return 0;
  };

  SpoolFixture source(directory_, kProducer);
  source.describe({{"host", "h"}, {"pid", "1"}});
  const uint32_t activity = source.activity("a");
  const uint32_t shape = source.shape(
      {{"n", Role::kUsed, ValueTag::kInt}, {"label", Role::kGenerated, ValueTag::kString}});
  SegmentWriter* self = nullptr;
  SegmentWriter writer(
      {"/disk/.headrace"}, kProducer,
      [&] {
        for (const auto& meta : source.meta_frames()) {
          self->write_meta(meta.payload, meta.header.records);
        }
      },
      policy, disk);
  self = &writer;

  std::map<std::pair<uint32_t, uint64_t>, std::string> records;  // everything that was ever tried
  std::vector<Written> written;
  uint64_t published = 0;
  uint64_t tasks = 0;
  size_t taken = 0;
  std::optional<SegmentSync> sync;
  bool sync_ran = false;
  int64_t sync_due_ns = now_ns;
  disk.cut_power_after(5 + random() % (chance(3) ? 60 : 900));
  while (disk.has_power() && written.size() < 2000) {
    now_ns += chance(40) ? static_cast<int64_t>(random() % 4'000'000'000)
                         : static_cast<int64_t>(random() % 8'000'000);
    const uint32_t ring = 1 + static_cast<uint32_t>(random() % kRings);
    source.frame_bytes = kMaxPayloadBytes - 1024;
    const uint64_t count = chance(20) ? 1 + random() % 500 : 1 + random() % 12;
    for (uint64_t i = 0; i < count; ++i) {
      ++tasks;
      source.task(
          {.activity = activity,
           .number = tasks,
           .begin = tasks,
           .end = tasks + 1,
           .shape = shape,
           .cells = {cell_of(static_cast<int64_t>(tasks)), cell_of("v" + std::to_string(tasks))},
           .ring = ring});
    }
    for (const auto& frames = source.frames(); taken < frames.size(); ++taken) {
      const SpoolFixture::Frame& frame = frames[taken];
      std::string_view rest = frame.payload;
      for (uint64_t i = 0; i < frame.header.records; ++i) {
        const uint32_t size = load_le<uint32_t>(rest.data());
        records[{frame.header.ring, frame.header.first_number + i}] = rest.substr(0, size);
        rest.remove_prefix(size);
      }
      bool ok = false;
      for (int attempt = 0; attempt < 50 && !ok && disk.has_power(); ++attempt) {
        ok = writer.write(frame.header, frame.payload).ok();
        if (!ok) now_ns += 20'000'000;
      }
      if (!ok) break;
      written.push_back(
          {frame.header.ring, frame.header.first_number, frame.header.records, now_ns});
    }
    if (taken < source.frames().size()) break;  // no space for good, or no power
    if (!sync && now_ns >= sync_due_ns) {
      sync = writer.begin_sync();
      sync_ran = sync && chance(2);
      if (sync_ran) sync->run();
      sync_due_ns = now_ns + SpoolPolicy::kGroupSync_ns;
    } else if (sync && chance(2)) {
      if (!sync_ran) sync->run();
      writer.finish_sync(*sync);
      sync.reset();
      published = writer.durability().durable;
      ASSERT_LE(published, written.size()) << "seed " << seed;
    }
  }

  // The power is back.
  const std::map<std::string, std::string> image = disk.after_power_cut();
  std::set<std::pair<uint32_t, uint64_t>> seen;
  for (const auto& [path, bytes] : image) {
    if (!path.ends_with(".seg") && !path.ends_with(".open")) continue;
    FrameWalk walk(bytes, true, 0, kProducer);
    size_t steps = 0;
    while (walk.next()) {
      ASSERT_LT(++steps, bytes.size()) << "a reader that goes round, seed " << seed;
      if ((walk.frame().header.flags & kFrameIsMeta) != 0) continue;
      for_each_record(walk.frame(), [&](const RecordView& record, uint64_t number) {
        const auto found = records.find({walk.frame().header.ring, number});
        ASSERT_TRUE(found != records.end()) << "a record that nobody wrote, seed " << seed;
        ASSERT_EQ(record.bytes(), found->second) << "a wrong record, seed " << seed;
        seen.insert(found->first);
      });
    }
    totals.damage += walk.damage().size();
  }
  uint64_t frames_there = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    bool whole = true;
    for (uint64_t n = 0; n < written[i].count; ++n) {
      whole = whole && seen.contains({written[i].ring, written[i].first + n});
    }
    frames_there += whole ? 1 : 0;
    if (i >= published) {
      totals.saved_beyond += whole ? 1 : 0;
      continue;
    }
    ASSERT_TRUE(whole) << "frame " << i << " of " << written.size() << " is lost, though "
                       << published << " were published as durable; seed " << seed;
  }
  EXPECT_EQ(writer.counters().not_durable, 0u) << "seed " << seed;
  ++totals.cuts;
  totals.power_safe += policy.power_safe ? 1 : 0;
  totals.frames += written.size();
  totals.durable += published;
  totals.lost += written.size() - frames_there;
  totals.failed_syncs += writer.counters().poisoned;
  totals.refusals += writer.counters().refusals();
  if (seed % kFoldEvery == 1) {
    fold_image(image, seen.size());
    ++totals.folds;
  }
}

// The same files through the whole collector. Records whose dictionary was lost are set aside, so
// the store may have fewer; never others, and never a value that was not captured.
void PowerCut::fold_image(const std::map<std::string, std::string>& image, uint64_t expected) {
  std::filesystem::remove_all(directory_.root);
  std::filesystem::create_directories(directory_.spool());
  for (const auto& [path, bytes] : image) {
    std::filesystem::path name = std::filesystem::path(path).filename();
    if (name.extension() != ".seg" && name.extension() != ".open") continue;
    std::ofstream(directory_.spool() / name.replace_extension(".seg"), std::ios::binary) << bytes;
  }
  store::Store store = memory();
  const FoldReport report = fold_into(store);
  EXPECT_EQ(report.records, expected);
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task "
                    "WHERE generated->>'label' IS DISTINCT FROM 'v' || (used->>'n')"),
            0);
  EXPECT_EQ(integer(store, "SELECT count(*) - count(DISTINCT task_id) FROM task"), 0);
}

TEST_P(PowerCut, WhatWasPublishedAsDurableIsThere) {
  const uint64_t only = number_from("HEADRACE_SEED", 0);
  if (only != 0 && GetParam() != 0) GTEST_SKIP() << "one seed is the first share's";
  const uint64_t usual = (wants_long_form() ? 10'000 : 2'000) / kOneInUnderSanitizer;
  const uint64_t cuts = number_from("HEADRACE_POWER_CUTS", usual);
  const Seeds seeds = only != 0 ? Seeds{only, only + 1} : share_of(cuts, GetParam());
  Totals totals;
  for (uint64_t seed = seeds.first; seed < seeds.past; ++seed) {
    run(seed, totals);
    if (HasFatalFailure()) return;
  }
  std::cout << "f08: " << totals.cuts << " power cuts (seeds " << seeds.first << ".."
            << seeds.past - 1 << "), " << totals.power_safe << " at level 2: " << totals.frames
            << " frames written, " << totals.durable << " published as durable, of them lost 0; "
            << totals.lost << " lost and " << totals.saved_beyond
            << " kept after the watermark or at level 1; " << totals.damage
            << " damaged places, 0 wrong records; " << totals.failed_syncs << " segments poisoned, "
            << totals.refusals << " writes refused, " << totals.folds << " folded\n";
  EXPECT_GT(totals.durable, 0u);
  EXPECT_GT(totals.lost, 0u) << "cuts that lose nothing prove nothing";
}

INSTANTIATE_TEST_SUITE_P(Share, PowerCut, testing::Range(uint64_t{0}, kShares));

}  // namespace
}  // namespace headrace::collect
