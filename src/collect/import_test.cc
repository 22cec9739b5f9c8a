// What an import brings is what a fold of all segments would have brought.
#include "collect/import.h"

#include <fstream>
#include <map>

#include "collect/every_kind_fixture.h"
#include "collect/fold_fixture.h"
#include "collect/same_store_fixture.h"
#include "store/amendment.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class ImportTest : public FoldTest {
 protected:
  Directory folder(const std::string& name) {
    const Directory out{directory_.root.parent_path() / name / ".headrace"};
    fs::create_directories(out.spool());
    return out;
  }
  // Two processes of one study, everything that the format can say, in several segments each.
  static void record(const Directory& to, uint64_t study, const std::string& ended = "clean") {
    for (uint64_t i = 1; i <= 2; ++i) {
      SpoolFixture p(to, study << 8 | i);
      p.frame_bytes = 400;
      p.skip(7, 1);
      say_everything(p, {.host = "elsewhere", .ended = ended, .study = study});
      CampaignRecord unknown{};
      unknown.header.kind = static_cast<RecordKind>(77);
      p.add(1, unknown, {cell_of("of a newer version")});
      add_wide_task(p, study);
      p.seal();
    }
  }
  // More values than one row holds, and in even studies in another order, so that they stand
  // elsewhere.
  static void add_wide_task(SpoolFixture& p, uint64_t study) {
    std::vector<ShapeField> fields;
    std::vector<CellValue> cells;
    for (int i = 0; i < 40; ++i) {
      const int at = study % 2 == 0 ? 39 - i : i;
      fields.push_back({"wide" + std::to_string(at), Role::kUsed, ValueTag::kFloat});
      cells.push_back(cell_of(at / 8.0));
    }
    add_task(p, "wide", fields, cells);
  }
  static void add_task(SpoolFixture& p, const char* activity, const std::vector<ShapeField>& fields,
                       const std::vector<CellValue>& cells) {
    p.task({.activity = p.activity(activity),
            .number = 900,
            .begin = 300,
            .end = 310,
            .shape = p.shape(fields),
            .cells = cells});
  }
  // Other keys first, so that those of a study find their columns taken.
  static void record_other_keys(const Directory& to, ProducerId uid) {
    SpoolFixture p(to, uid);
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    std::vector<ShapeField> fields;
    std::vector<CellValue> cells;
    for (int i = 0; i < 10; ++i) {
      fields.push_back({"mine" + std::to_string(i), Role::kUsed, ValueTag::kFloat});
      cells.push_back(cell_of(i / 4.0));
      fields.push_back({"text" + std::to_string(i), Role::kUsed, ValueTag::kString});
      cells.push_back(cell_of("t" + std::to_string(i)));
    }
    add_task(p, "other", fields, cells);
    p.seal();
  }
  static void collect(const Directory& d) {
    const Result<store::Store> store = open_for_change(d);
    ASSERT_TRUE(store.ok()) << store.status().message();
  }
  static Imported import(const Directory& into, const fs::path& other) {
    Result<Imported> out = import_folder(into, other);
    EXPECT_TRUE(out.ok()) << out.status().message();
    for (const auto& entry : fs::directory_iterator(into.root)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with("incoming")) << entry.path();
    }
    return out.ok() ? *out : Imported{};
  }
  static void copy_spool(const Directory& from, const Directory& to) {
    for (const auto& entry : fs::directory_iterator(from.spool())) {
      fs::copy_file(entry.path(), to.spool() / entry.path().filename(),
                    fs::copy_options::overwrite_existing);
    }
  }
  static void drop_spool(const Directory& d) {
    for (const auto& entry : fs::directory_iterator(d.spool())) fs::remove(entry.path());
  }
  static std::string place_of(const Directory& d, const std::string& key) {
    const Result<store::Store> store = open_folded(d);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return text(*store, "SELECT any_value((page, slot)) FROM field WHERE key = '" + key + "'");
  }
  static store::Store opened(const Directory& d) {
    Result<store::Store> store = open_for_change(d);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(*store);
  }
  static void say(const Directory& d, const std::string& action, const std::string& value,
                  const std::string& workflow = "outer") {
    const store::Store store = opened(d);
    const std::string id =
        text(store, "SELECT workflow_id FROM workflow WHERE name = '" + workflow + "'");
    const Status said = store::amend(store, {"workflow", *Uuid::parse(id), action, value});
    ASSERT_TRUE(said.ok()) << said.message();
  }
  static void expect_same(const Directory& a, const Directory& b) {
    const Result<store::Store> is = open_folded(a);
    ASSERT_TRUE(is.ok()) << is.status().message();
    const Result<store::Store> should = open_folded(b);
    ASSERT_TRUE(should.ok()) << should.status().message();
    expect_accounted(*is, MayMiss::kYes);
    expect_same_stores(*is, *should);
  }
};

TEST_F(ImportTest, OfStoresWithoutSegmentsIsWhatAFoldOfAllWouldBe) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  const Directory direct = folder("direct");
  record_other_keys(a, 77);
  record(a, 3);
  record(b, 4, "abruptly");
  record(b, 5, "");
  copy_spool(a, direct);
  copy_spool(b, direct);
  for (const Directory& d : {a, b, direct}) collect(d);
  drop_spool(b);
  EXPECT_NE(place_of(a, "wide0"), place_of(b, "wide0")) << "values must move";
  const Imported first = import(a, b.root.parent_path());
  EXPECT_EQ(first.merged.producers, 4);
  EXPECT_GT(first.merged.tasks, 0);
  expect_same(a, direct);
  EXPECT_TRUE(import(a, b.root).merged.is_nothing());
  expect_same(a, direct);
}

TEST_F(ImportTest, IntoAnEmptyFolderKeepsSegmentsToBuildFrom) {
  const Directory a = folder("a");
  const Directory b{directory_.root.parent_path() / "new" / ".headrace"};
  record(a, 3);
  collect(a);
  EXPECT_EQ(import(b, a.root).segments, 2u);
  expect_same(b, a);
  fs::remove(b.store());
  expect_same(b, a);
}

TEST_F(ImportTest, OfOverlappingFoldersInAnyOrder) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  const Directory c = folder("c");
  record(a, 3);
  record(b, 4);
  collect(a);
  collect(b);
  import(b, a.root);
  import(c, b.root);
  const Imported again = import(c, a.root);
  EXPECT_TRUE(again.merged.is_nothing());
  expect_same(c, b);
}

// A process that goes on while its folder is imported again and again, and times that later clock
// readings have made more exact.
TEST_F(ImportTest, OfAProcessThatGoesOnBringsEachRecordOnce) {
  const Directory there = folder("there");
  const Directory here = folder("here");
  SpoolFixture p(there, 5);
  p.describe({{"host", "elsewhere"}, {"pid", "1"}});
  Sensor sensor;
  sensor.name = "s";
  const uint32_t of_sensor = p.entry(EntryKind::kSensor, encode_sensor(sensor));
  const uint32_t line = p.shape({{"text", Role::kAttribute, ValueTag::kString}});
  const uint32_t file = p.shape({{"file", Role::kUsed, ValueTag::kObject}});
  for (uint64_t round = 1; round <= 3; ++round) {
    for (uint64_t n = 1; n <= 4; ++n) {
      SampleRecord sample{};
      sample.header.kind = RecordKind::kSample;
      sample.sensor_id = of_sensor;
      sample.at_ticks = round * 1'000'000 + n * 10'000;
      p.add(2, sample);
      LogRecord log{};
      log.header.kind = RecordKind::kLog;
      log.header.flags = static_cast<uint8_t>(LogStream::kStdout);
      log.shape_id = line;
      log.at_ticks = sample.at_ticks;
      p.add(2, log, {cell_of("the same")});
      p.task({.activity = p.activity("step"),
              .number = round * 10 + n,
              .begin = sample.at_ticks,
              .end = sample.at_ticks + 5,
              .shape = file,
              .cells = {cell_of(named_uuid("file", "one"))}});
    }
    p.write_open();
    if (round == 2) {
      // As a clock reading that came too late for the rows that are here.
      const store::Store store = opened(here);
      ASSERT_TRUE(store.connection()
                      .run("UPDATE sample_row SET ts = ts - 40; UPDATE log_row SET ts "
                           "= ts + 40")
                      .ok());
    }
    EXPECT_EQ(import(here, there.root).merged.tasks, 4);
  }
  const store::Store store = opened(here);
  for (const char* table : {"task", "sample", "log", "edge"}) {
    EXPECT_EQ(integer(store, std::string("SELECT count(*) FROM ") + table), 12) << table;
  }
  expect_accounted(store);
}

TEST_F(ImportTest, TheLaterWordHoldsAndRemovalsTakeNothingAway) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  record(a, 3);
  copy_spool(a, b);
  collect(a);
  say(b, "note", "first");
  say(a, "note", "later");
  say(b, "tag", "kept");
  EXPECT_EQ(import(a, b.root).merged.words, 2);
  const auto word = [](const Directory& d, const char* column) {
    return text(opened(d), std::string("SELECT ") + column + " FROM workflow WHERE name = 'outer'");
  };
  EXPECT_EQ(word(a, "note"), "later");
  EXPECT_EQ(word(a, "tags"), "{\"kept\":true}");
  fs::remove(a.store());
  EXPECT_EQ(word(a, "tags"), "{\"kept\":true}") << "the journal has it too";

  say(b, "remove", "");
  EXPECT_EQ(import(a, b.root).merged.kept_here, 1);
  EXPECT_EQ(word(a, "note"), "later");
  say(b, "remove", "", "inner");
  const Imported back = import(b, a.root);
  EXPECT_EQ(back.merged.kept_out, 2);
  EXPECT_EQ(integer(opened(b), "SELECT (SELECT count(*) FROM workflow) + count(*) FROM campaign"),
            0);
}

TEST_F(ImportTest, OfBareSegmentsAndOfALoneStore) {
  const Directory a = folder("a");
  record(a, 3);
  collect(a);
  for (const fs::path& from : {a.spool(), a.store()}) {
    const Directory to = folder("to-" + from.filename().string());
    import(to, from);
    const store::Store store = opened(to);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM workflow"), 2) << from;
    EXPECT_EQ(integer(store, "SELECT count(*) FROM edge WHERE relation = 'used'"),
              integer(opened(a), "SELECT count(*) FROM edge WHERE relation = 'used'"));
  }
}

TEST_F(ImportTest, BlobsAndQuarantinedBytesComeAlong) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  fs::create_directories(a.blobs() / "ab");
  std::ofstream(a.blobs() / "ab" / "abcd") << "bytes";
  std::ofstream(a.blobs() / "ab" / "abce.7.part") << "being written";
  record(a, 3);
  for (const auto& entry : fs::directory_iterator(a.spool())) {
    std::ofstream(entry.path(), std::ios::app) << std::string(100, 'x');
  }
  collect(a);
  EXPECT_EQ(import(b, a.root).blobs, 1u);
  EXPECT_TRUE(fs::exists(b.blobs() / "ab" / "abcd"));
  EXPECT_FALSE(fs::exists(b.blobs() / "ab" / "abce.7.part"));
  const store::Store store = opened(b);
  const std::string kept = text(store, "SELECT min(kept_as) FROM quarantine");
  EXPECT_TRUE(fs::exists(b.quarantine() / kept)) << kept;
  EXPECT_EQ(integer(store, "SELECT count(*) FROM quarantine"), 2);
}

TEST_F(ImportTest, WhatCannotBeImportedIsSaid) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  record(a, 3);
  collect(a);
  const auto refused = [&b](const fs::path& other, StatusCode code, const std::string& words) {
    const Result<Imported> out = import_folder(b, other);
    EXPECT_EQ(out.status().code(), code) << out.status().message();
    EXPECT_NE(out.status().message().find(words), std::string::npos) << out.status().message();
    EXPECT_FALSE(fs::exists(b.store())) << "nothing was changed";
  };
  refused(b.root, StatusCode::kInvalidArgument, "this folder itself");
  refused(directory_.root.parent_path() / "nowhere", StatusCode::kNotFound, "nothing at");
  fs::create_directories(directory_.root.parent_path() / "empty");
  refused(directory_.root.parent_path() / "empty", StatusCode::kNotFound, "nothing of headrace");
  ASSERT_TRUE(
      opened(a).connection().run("UPDATE meta SET value = '99' WHERE key = 'schema_version'").ok());
  refused(a.root, StatusCode::kUnsupported, "schema version 99, this program reads up to");
  std::ofstream(a.store(), std::ios::trunc) << std::string(20'000, 'x');
  refused(a.root, StatusCode::kCorrupt, "headrace doctor");
}

}  // namespace
}  // namespace headrace::collect
