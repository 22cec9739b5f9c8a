#include "collect/fold.h"

#include <chrono>

#include "base/liveness.h"
#include "collect/fold_fixture.h"
#include "collect/sample_records_fixture.h"
#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

TEST_F(FoldTest, TasksAndWorkflowsEndUpInTheViews) {
  SpoolFixture p(directory_, 0x123456789abcdefULL);
  p.describe({{"host", "node1"}, {"pid", "77"}, {"rank", "3"}});
  const Uuid workflow = random_uuid();
  const Uuid campaign = named_uuid("campaign", "study");
  const uint32_t wf = p.workflow_id(workflow);
  p.workflow({.workflow = wf,
              .campaign = p.campaign_id(campaign, "study"),
              .name = p.string("finetune"),
              .begin = 1000,
              .shape = p.shape({{"width", Role::kUsed, ValueTag::kInt}}),
              .cells = {cell_of(int64_t{64})}});
  const uint32_t shape = p.shape({{"lr", Role::kUsed, ValueTag::kFloat},
                                  {"loss", Role::kGenerated, ValueTag::kFloat},
                                  {"name", Role::kUsed, ValueTag::kString}});
  p.task({.activity = p.activity("train"),
          .workflow = wf,
          .number = (1ULL << 40) | 1,
          .begin = 2000,
          .end = 5000,
          .shape = shape,
          .cells = {cell_of(0.5), cell_of(0.25), cell_of("it's \"it\"")}});
  p.task({.activity = p.activity("step"),
          .workflow = wf,
          .number = (1ULL << 40) | 2,
          .parent = (1ULL << 40) | 1,
          .begin = 3000,
          .end = 4000});
  p.workflow({.workflow = wf,
              .campaign = p.campaign_id(campaign, "study"),
              .name = p.string("finetune"),
              .begin = 1000,
              .end = 9000,
              .shape = p.shape({{"best", Role::kGenerated, ValueTag::kFloat}}),
              .cells = {cell_of(0.125)},
              .status = TaskStatus::kFinished});
  p.seal();

  store::Store store = memory();
  const FoldReport report = fold_into(store);
  EXPECT_EQ(report.records, 4u);
  EXPECT_EQ(report.tasks, 2u);
  EXPECT_EQ(report.quarantined, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 2);
  const std::string train = "FROM task WHERE activity = 'train'";
  EXPECT_EQ(text(store, "SELECT task_id " + train),
            task_uuid(0x123456789abcdefULL, (1ULL << 40) | 1).text());
  EXPECT_EQ(text(store, "SELECT workflow_id " + train), workflow.text());
  EXPECT_EQ(text(store, "SELECT campaign " + train), "study");
  EXPECT_EQ(text(store, "SELECT used " + train), R"({"lr":0.5,"name":"it's \"it\""})");
  EXPECT_EQ(text(store, "SELECT generated " + train), R"({"loss":0.25})");
  EXPECT_EQ(text(store, "SELECT hostname || pid || rank " + train), "node1773");
  EXPECT_EQ(text(store, "SELECT status " + train), "finished");
  EXPECT_EQ(text(store, "SELECT duration_s " + train), "3e-06");
  EXPECT_EQ(integer(store, "SELECT epoch_ns(started_at) " + train), kEpoch_ns + 2000);
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM task c JOIN task p ON c.parent_task_id = p.task_id"
                    " WHERE c.activity = 'step' AND p.activity = 'train'"),
            1);
  EXPECT_EQ(text(store, "SELECT error IS NULL AND tags IS NULL " + train), "true");
  EXPECT_EQ(text(store, "SELECT name || status || used || generated FROM workflow"),
            R"(finetunefinished{"width":64}{"best":0.125})");
  EXPECT_EQ(text(store, "SELECT duration_s FROM workflow"), "8e-06");
  EXPECT_EQ(text(store, "SELECT name || workflows || tasks FROM campaign"), "study12");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM edge WHERE relation = 'parent'"), 1);

  const FoldReport again = fold_into(store);
  EXPECT_EQ(again.segments, 0u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 2);
}

// A segment that grows, is sealed and is followed by another: each fold takes what is new.
TEST_F(FoldTest, TakesOnlyWhatIsNew) {
  SpoolFixture p(directory_, 5);
  store::Store store = memory();
  const uint32_t activity = p.activity("a");
  uint64_t number = 0;
  const auto add_tasks = [&](int count) {
    for (int i = 0; i < count; ++i) {
      p.task({.activity = activity, .number = ++number, .begin = number, .end = number + 1});
    }
  };
  add_tasks(10);
  p.write_open();
  EXPECT_EQ(fold_into(store).records, 10u);
  EXPECT_TRUE(*nothing_new(directory_, store));
  add_tasks(7);
  p.write_open();
  EXPECT_FALSE(*nothing_new(directory_, store));
  const FoldReport grown = fold_into(store);
  EXPECT_EQ(grown.records, 7u);
  EXPECT_EQ(grown.repeated, 0u);
  p.seal();
  EXPECT_TRUE(*nothing_new(directory_, store)) << "sealing adds nothing";
  add_tasks(3);
  p.seal();
  EXPECT_EQ(fold_into(store).records, 3u);
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT task_id) FROM task"), 20);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 20);
}

// What a batch could not hold is taken by the next, to the record.
TEST_F(FoldTest, BatchesEndInTheMiddleOfFrames) {
  SpoolFixture p(directory_, 5);
  const uint32_t activity = p.activity("a");
  for (uint64_t n = 1; n <= 1000; ++n) {
    p.task({.activity = activity, .number = n, .begin = n, .end = n + 1});
  }
  p.seal();
  store::Store store = memory();
  FoldOptions options;
  options.batch_rows = 64;
  EXPECT_EQ(fold_into(store, options).tasks, 1000u);
  EXPECT_EQ(integer(store, "SELECT count(DISTINCT task_id) FROM task"), 1000);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM watermark WHERE first = 0 AND past = 1000"), 1);
}

TEST_F(FoldTest, OpenTasksRunUntilTheyEndOrTheirProcessIsGone) {
  const Liveness here;
  SpoolFixture p(directory_, 5);
  // No process has this number: the kernel's own limit is 2^22.
  p.describe({{"host", here.hostname()}, {"boot_id", "another boot"}, {"pid", "99999999"}});
  SpoolFixture elsewhere(directory_, 6);
  elsewhere.describe({{"host", here.hostname() + "-not"}, {"boot_id", "x"}, {"pid", "1"}});
  for (SpoolFixture* one : {&p, &elsewhere}) {
    const uint32_t activity = one->activity("long");
    const uint32_t wf = one->workflow_id(random_uuid());
    one->workflow({.workflow = wf, .name = one->string("w"), .begin = 1});
    one->task({.activity = activity,
               .workflow = wf,
               .number = 1,
               .begin = 10,
               .status = TaskStatus::kRunning,
               .flags = kTaskIsOpen,
               .ring = 0});
    one->task({.activity = activity,
               .workflow = wf,
               .number = 2,
               .begin = 10,
               .status = TaskStatus::kRunning,
               .flags = kTaskIsOpen,
               .ring = 0});
    one->task({.activity = activity, .workflow = wf, .number = 2, .begin = 10, .end = 20});
    one->write_open();
  }
  store::Store store = memory();
  EXPECT_EQ(fold_into(store).lost_producers, 1u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 4);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'finished'"), 2);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'lost'"), 1);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'running'"), 1);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM workflow WHERE status = 'lost'"), 1);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM workflow WHERE status = 'running'"), 1);
  EXPECT_TRUE(*nothing_new(directory_, store));
  // It was alive after all, or its last words took long.
  p.seal();
  p.task({.activity = p.activity("long"), .number = 1, .begin = 10, .end = 30});
  p.seal();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'finished'"), 3);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 4);
}

TEST_F(FoldTest, LostTasksKeepTheValuesThatTheyHad) {
  SpoolFixture p(directory_, 5);
  const uint32_t activity = p.activity("long");
  const auto announce = [&](uint64_t number, uint32_t shape, std::vector<CellValue> cells) {
    p.task({.activity = activity,
            .number = number,
            .begin = 10,
            .shape = shape,
            .cells = std::move(cells),
            .status = TaskStatus::kRunning,
            .flags = kTaskIsOpen,
            .ring = 0});
  };
  const Uuid object = random_uuid();
  const uint32_t shape =
      p.shape({{"lr", Role::kUsed, ValueTag::kFloat}, {"model", Role::kUsed, ValueTag::kObject}});
  // The process told of the task while it ran; who recovered its memory knows what it used.
  announce(1, 0, {});
  announce(1, shape, {cell_of(0.5), cell_of(object)});
  announce(2, 0, {});
  p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "abruptly"}});
  p.seal();
  for (const uint64_t batch_rows : {uint64_t{1}, FoldOptions().batch_rows}) {
    store::Store store = memory();
    FoldOptions options;
    options.batch_rows = batch_rows;
    fold_into(store, options);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 2);
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task WHERE status = 'lost'"), 2);
    EXPECT_EQ(text(store, "SELECT used FROM task WHERE used <> '{}'"),
              R"({"lr":0.5,"model":{"$object":")" + object.text() + R"("}})");
    EXPECT_EQ(text(store, "SELECT from_id FROM edge WHERE relation = 'used'"), object.text());
  }
}

TEST_F(FoldTest, AProcessThatEndedAbruptlyIsLostWhereverItRan) {
  SpoolFixture p(directory_, 5);
  const uint32_t wf = p.workflow_id(random_uuid());
  p.workflow({.workflow = wf, .name = p.string("w"), .begin = 1});
  p.describe({{"host", "another machine"}, {"pid", "1"}});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store, "SELECT state FROM producer"), "running");
  p.describe({{"host", "another machine"}, {"pid", "1"}, {"ended", "abruptly"}});
  p.seal();
  fold_into(store);
  EXPECT_EQ(text(store, "SELECT state FROM producer"), "lost");
  EXPECT_EQ(text(store, "SELECT status FROM workflow"), "lost");
}

TEST_F(FoldTest, LossesAreAccountedFor) {
  SpoolFixture p(directory_, 5);
  const uint32_t activity = p.activity("a");
  const auto add_task = [&](uint64_t n) {
    p.task({.activity = activity, .number = n, .begin = n, .end = n + 1});
  };
  add_task(1);
  p.skip(1, 4);  // these the producer says it dropped
  add_task(2);
  p.skip(1, 2);  // of these nobody says anything
  add_task(3);
  GapRecord gap{};
  gap.header.kind = RecordKind::kGap;
  gap.header.flags = static_cast<uint8_t>(GapReason::kWriteFailed);
  gap.ring = 1;
  gap.first_number = 1;
  gap.count = 4;
  p.add(0, gap);
  p.describe({{"host", "h"}, {"pid", "1"}});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM gap WHERE reason = 'missing'"), 0)
      << "the producer runs: what is missing may still come";
  // Stored 4 tasks and the gap's record, 4 dropped, 2 missing between, 4 never seen at all.
  p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}, {"records", "15"}});
  add_task(4);
  p.seal();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(reason || ' ' || first_number || '+' || count, ', ' "
                 "ORDER BY first_number) FROM gap WHERE ring = 1"),
            "write failed 1+4, missing 6+2");
  EXPECT_EQ(integer(store, "SELECT count FROM gap WHERE ring IS NULL"), 4);
  EXPECT_EQ(text(store,
                 "SELECT printf('%d = %d stored %d quarantined %d dropped %d missing %d "
                 "spooled', accepted, stored, quarantined, dropped, missing, spooled) "
                 "FROM accounting"),
            "15 = 5 stored 0 quarantined 4 dropped 6 missing 0 spooled");
}

TEST_F(FoldTest, CountersThatWrapGoOn) {
  SpoolFixture p(directory_, 5);
  p.describe({{"host", "h"}, {"pid", "9"}});
  const uint32_t counter = p.entry(EntryKind::kSensor, encode_sensor(rapl()));
  const uint32_t load = p.entry(EntryKind::kSensor, encode_sensor(gauge()));
  add_sample(p, 2, {counter, 0, 10, 40});
  add_sample(p, 2, {counter, 0, 20, 90});
  add_sample(p, 2, {counter, kSampleIsGap, 25, 0});
  add_sample(p, 2, {counter, 0, 30, 10});
  add_sample(p, 2, {counter, 0, 40, 5});
  add_sample(p, 2, {load, 0, 10, 7});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(coalesce(value::VARCHAR, 'gap'), ' ' ORDER BY time) "
                 "FROM sample WHERE sensor = 'rapl'"),
            "20.0 45.0 gap 55.0 102.5");
  EXPECT_EQ(
      text(store, "SELECT value::VARCHAR || hostname || pid FROM sample WHERE sensor = 'load'"),
      "7.0h9");
  EXPECT_EQ(text(store, "SELECT unit || kind || truth FROM sensor WHERE name = 'rapl'"),
            "Jcountermeasured");
}

TEST_F(FoldTest, WhatSomebodyKnowsMoreOfIsNoPlainFile) {
  SpoolFixture p(directory_, 5);
  const Uuid script = random_uuid();
  uint64_t at = 10;
  for (const char* kind : {"file", "code", "file"}) {
    ObjectRecord object{};
    object.header.kind = RecordKind::kObject;
    const auto bytes = script.bytes();
    std::copy(bytes.begin(), bytes.end(), object.object);
    object.kind_id = p.string(kind);
    object.at_ticks = at++;
    p.add(1, object, {});
  }
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store, "SELECT string_agg(kind) FROM object"), "code");
}

TEST_F(FoldTest, ObjectsHaveVersionsAndEdges) {
  SpoolFixture p(directory_, 5);
  const uint32_t wf = p.workflow_id(random_uuid());
  p.workflow({.workflow = wf, .name = p.string("w"), .begin = 1});
  const uint32_t shape = p.shape({{"name", Role::kAttribute, ValueTag::kString},
                                  {"path", Role::kAttribute, ValueTag::kString},
                                  {"sha256", Role::kAttribute, ValueTag::kBytes},
                                  {"size_bytes", Role::kAttribute, ValueTag::kInt}});
  const auto add_object = [&](const Uuid& id, uint64_t at, const char* path, char content) {
    ObjectRecord object{};
    object.header.kind = RecordKind::kObject;
    const auto bytes = id.bytes();
    std::copy(bytes.begin(), bytes.end(), object.object);
    object.kind_id = p.string("model");
    object.workflow_id = wf;
    object.at_ticks = at;
    object.shape_id = shape;
    p.add(1, object,
          {cell_of("m"), cell_of(path), cell_of(std::string_view(std::string(2, content))),
           cell_of(int64_t{12})});
  };
  const Uuid first = random_uuid();
  const Uuid second = random_uuid();
  const Uuid other = random_uuid();
  add_object(second, 30, "/m.pt", 'b');
  add_object(first, 10, "/m.pt", 'a');
  add_object(first, 50, "/m.pt", 'a');  // the same content again is the same version
  add_object(other, 20, "/n.pt", 'c');
  std::string list;
  NestedWriter nested(list);
  nested.begin_list(2);
  nested.object(first);
  nested.object(other);
  p.task({.activity = p.activity("merge"),
          .workflow = wf,
          .number = 1,
          .begin = 60,
          .end = 70,
          .shape = p.shape({{"models", Role::kUsed, ValueTag::kNested},
                            {"out", Role::kGenerated, ValueTag::kObject},
                            {"guess", Role::kUsed, ValueTag::kObject, kCellIsInferred}}),
          .cells = {cell_of(std::string_view(list)), cell_of(second), cell_of(other)}});
  p.workflow({.workflow = wf,
              .name = p.string("w"),
              .begin = 1,
              .end = 99,
              .shape = p.shape({{"result", Role::kGenerated, ValueTag::kObject}}),
              .cells = {cell_of(second)},
              .status = TaskStatus::kFinished});
  p.seal();
  store::Store store = memory();
  fold_into(store);
  EXPECT_EQ(text(store,
                 "SELECT string_agg(path || ' v' || version || ' ' || sha256 || ' ' || "
                 "size_bytes, ', ' ORDER BY path, version) FROM object WHERE kind = 'model'"),
            "/m.pt v1 6161 12, /m.pt v2 6262 12, /n.pt v1 6363 12");
  EXPECT_EQ(text(store,
                 "SELECT string_agg(relation || ':' || from_kind || '>' || to_kind || ':' || "
                 "name || CASE WHEN exact THEN '' ELSE '?' END, ', ' ORDER BY relation, name, "
                 "from_id) FROM edge WHERE relation <> 'parent'"),
            "generated:task>object:out, generated:workflow>object:result, used:object>task:guess?, "
            "used:object>task:models, used:object>task:models");
  EXPECT_EQ(integer(store,
                    "SELECT count(*) FROM edge e JOIN object o ON o.object_id = e.to_id "
                    "JOIN task t ON t.task_id = e.from_id WHERE e.relation = 'generated' AND "
                    "o.version = 2 AND t.activity = 'merge'"),
            1);
}

TEST_F(FoldTest, RanksJoinOneWorkflow) {
  const Uuid id = named_uuid("workflow", "joined");
  store::Store store = memory();
  for (uint64_t rank = 0; rank < 3; ++rank) {
    SpoolFixture p(directory_, 10 + rank);
    p.describe({{"host", "n" + std::to_string(rank)}, {"pid", "5"}});
    const uint32_t wf = p.workflow_id(id);
    const uint32_t name = p.string("mpi");
    p.workflow({.workflow = wf, .name = name, .begin = 100 - rank});
    if (rank < 2) {
      p.workflow({.workflow = wf,
                  .name = name,
                  .begin = 100 - rank,
                  .end = 200 + rank,
                  .status = rank == 1 ? TaskStatus::kFailed : TaskStatus::kFinished});
    }
    p.seal();
    fold_into(store);
  }
  EXPECT_EQ(
      text(store, "SELECT status || epoch_ns(started_at) - 1700000000000000000 FROM workflow"),
      "running98");
  SpoolFixture last(directory_, 12);
  last.describe({{"host", "n2"}, {"pid", "5"}, {"ended", "clean"}});
  last.task({.activity = last.activity("a"), .number = 1, .begin = 1, .end = 2, .ring = 3});
  last.seal();
  // Rank 2 said that it ended and never ended its workflow; rank 1 failed.
  std::filesystem::remove_all(directory_.spool());
  std::filesystem::create_directories(directory_.spool());
  SpoolFixture later(directory_, 12);
  later.skip(1, 1);
  later.describe({{"host", "n2"}, {"pid", "5"}, {"ended", "clean"}});
  later.seal();
  later.seal();
  fold_into(store);
  EXPECT_EQ(text(store, "SELECT status || hostname FROM workflow"), "failedn2");
}

TEST_F(FoldTest, OldFoldedSegmentsAreDeletedBeyondTheQuota) {
  SpoolFixture p(directory_, 5);
  const uint32_t activity = p.activity("a");
  for (uint64_t n = 1; n <= 4; ++n) {
    p.task({.activity = activity, .number = n, .begin = n, .end = n + 1});
    const auto path = p.seal();
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(10 - n));
  }
  const uint64_t one = list_segments(directory_).front().size_bytes;
  store::Store store = memory();
  FoldOptions options;
  options.kept_bytes = 2 * one;
  EXPECT_EQ(fold_into(store, options).segments_deleted, 2u);
  const auto left = list_segments(directory_);
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left.front().ordinal, 2u);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), 4);
  EXPECT_TRUE(*nothing_new(directory_, store));
}

TEST_F(FoldTest, TheNewestSegmentOfAProducerThatHasNotEndedIsKept) {
  for (const ProducerId uid : {5u, 6u}) {
    SpoolFixture p(directory_, uid);
    const uint32_t activity = p.activity("a");
    for (uint64_t n = 1; n <= 2; ++n) {
      p.task({.activity = activity, .number = n, .begin = n, .end = n + 1});
      if (uid == 6 && n == 2) p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
      p.seal();
    }
  }
  store::Store store = memory();
  FoldOptions options;
  options.kept_bytes = 0;
  EXPECT_EQ(fold_into(store, options).segments_deleted, 3u);
  const auto left = list_segments(directory_);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left.front().producer, 5u);
  EXPECT_EQ(left.front().ordinal, 1u);
}

TEST_F(FoldTest, LeavesDuckDBsThreadsAsTheyWere) {
  store::StoreOptions options;
  options.threads = 3;
  Result<store::Store> store = store::Store::open_in_memory(options);
  ASSERT_TRUE(store.ok()) << store.status().message();
  SpoolFixture p(directory_, 5);
  p.task({.activity = p.activity("a"), .number = 1, .begin = 1, .end = 2});
  p.seal();
  EXPECT_EQ(fold_into(*store).tasks, 1u);
  EXPECT_EQ(integer(*store, "SELECT current_setting('threads')"), 3);
}

}  // namespace
}  // namespace headrace::collect
