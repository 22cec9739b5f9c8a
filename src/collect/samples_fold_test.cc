// Records of many samples (SamplesRecord) in the fold.
#include "collect/fold_fixture.h"
#include "collect/sample_records_fixture.h"
#include "store/schema.h"

namespace headrace::collect {
namespace {

constexpr const char* kRows =
    "SELECT string_agg(sensor || ' ' || time::VARCHAR || ' ' || coalesce(value::VARCHAR, 'gap'), "
    "', ' ORDER BY sensor, time) FROM sample";
constexpr const char* kFlags =
    "SELECT string_agg((flags & 127)::VARCHAR, ' ' ORDER BY sensor, ts) FROM sample_row";

class SamplesFoldTest : public FoldTest {
 protected:
  struct Sensors {
    uint32_t counter, load;
  };
  static Sensors describe(SpoolFixture& p) {
    p.describe({{"host", "h"}, {"pid", "9"}, {"boot_id", "b"}, {"start_time_ticks", "9"}});
    return {p.entry(EntryKind::kSensor, encode_sensor(rapl())),
            p.entry(EntryKind::kSensor, encode_sensor(gauge()))};
  }
};

TEST_F(SamplesFoldTest, ReadAsTheSameSamplesOneByOne) {
  std::string rows[2], flags[2];
  for (const bool together : {false, true}) {
    for (const auto& old : std::filesystem::directory_iterator(directory_.spool())) {
      std::filesystem::remove(old.path());
    }
    SpoolFixture p(directory_, 5);
    const auto [counter, load] = describe(p);
    std::vector<PlainSample> samples = some_samples(counter, load);
    if (together) {
      add_samples(p, 2, samples);
    } else {
      for (const PlainSample& one : samples) add_sample(p, 2, one);
    }
    p.seal();
    store::Store store = memory();
    const FoldReport report = fold_into(store);
    EXPECT_EQ(report.quarantined, 0u);
    rows[together] = text(store, kRows);
    flags[together] = text(store, kFlags);
    EXPECT_EQ(integer(store, "SELECT stored FROM accounting"), together ? 1 : 7)
        << "a record is one number, however many samples it holds";
  }
  EXPECT_EQ(rows[1], rows[0]);
  EXPECT_EQ(flags[1], flags[0]);
  EXPECT_EQ(flags[0], "0 0 13 0 0 2 2");
}

TEST_F(SamplesFoldTest, ABlockThatMakesNoSenseIsRefusedWhole) {
  SpoolFixture p(directory_, 5);
  const auto [counter, load] = describe(p);
  std::vector<PlainSample> samples = some_samples(counter, load);
  SamplesRecord fixed{};
  fixed.header.kind = RecordKind::kSamples;
  fixed.samples = 7;
  std::string block = block_of(samples);
  fixed.block_bytes = static_cast<uint32_t>(block.size() - 1);
  p.add(2, fixed, {}, block);  // its last reading is cut
  fixed.block_bytes = static_cast<uint32_t>(block.size());
  fixed.samples = 8;
  p.add(2, fixed, {}, block);
  fixed.samples = 7;
  fixed.block_bytes = 60000;
  p.add(2, fixed, {}, block);
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT sum(quarantined) FROM accounting"), 3);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), 0);
}

// Of a sensor that no entry describes: kept, and nothing of the record taken.
TEST_F(SamplesFoldTest, OneUnknownSensorKeepsTheRecordForLater) {
  SpoolFixture p(directory_, 5);
  const uint32_t counter = describe(p).counter;
  std::vector<PlainSample> samples = some_samples(counter, 99);
  add_samples(p, 2, samples);
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 1u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), 0);
  EXPECT_EQ(integer(store, "SELECT quarantined FROM accounting"), 1);
}

TEST_F(SamplesFoldTest, WhatANewerVersionPutsBehindIsKept) {
  SpoolFixture p(directory_, 5);
  const auto [counter, load] = describe(p);
  std::vector<PlainSample> samples = some_samples(counter, load);
  const std::string block = block_of(samples);
  SamplesRecord fixed{};
  fixed.header.kind = RecordKind::kSamples;
  fixed.header.flags = kRecordIsExtended;
  fixed.samples = 7;
  fixed.block_bytes = static_cast<uint32_t>(block.size());
  p.add(2, fixed, {}, block + "of a newer version");
  p.seal();
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).quarantined, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), 7);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM unknown_row WHERE NOT whole"), 1);
}

}  // namespace
}  // namespace headrace::collect
