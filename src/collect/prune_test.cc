#include "collect/prune.h"

#include <algorithm>
#include <fstream>
#include <random>

#include "base/clock.h"
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kHour_ns = 3'600'000'000'000;

class PruneTest : public FoldTest {
 protected:
  struct Run {
    uint64_t which = 0;
    const char* campaign = "c";
    TaskStatus status = TaskStatus::kFinished;
    bool is_running = false;
    uint64_t parent = 0;
    uint64_t tasks = 100;
    size_t text_bytes = 1;  // of a value that does not compress
  };
  static Uuid id_of(uint64_t which) { return named_uuid("run", std::to_string(which)); }
  // A process with a workflow of its own, an object that it makes, a sample and a log row.
  void record(const Run& r) {
    SpoolFixture p(directory_, r.which);
    p.describe({{"host", "h" + std::to_string(r.which)}, {"pid", "1"}});
    const uint32_t campaign = p.campaign_id(named_uuid("campaign", r.campaign), r.campaign);
    const uint32_t workflow = p.workflow_id(id_of(r.which));
    const uint32_t parent = r.parent == 0 ? 0 : p.workflow_id(id_of(r.parent));
    const uint64_t begin = r.which * kHour_ns;
    p.frame_bytes = kMaxPayloadBytes;
    std::mt19937_64 random(r.which);
    std::string noise(r.text_bytes, ' ');
    const SpoolFixture::Workflow begun{.workflow = workflow,
                                       .parent = parent,
                                       .campaign = campaign,
                                       .name = p.string("run " + std::to_string(r.which)),
                                       .begin = begin};
    p.workflow(begun);
    const Uuid made = named_uuid("object", std::to_string(r.which));
    const uint32_t shape = p.shape({{"model", Role::kGenerated, ValueTag::kObject},
                                    {"x", Role::kUsed, ValueTag::kFloat},
                                    {"noise", Role::kUsed, ValueTag::kString}});
    for (uint64_t n = 1; n <= r.tasks; ++n) {
      for (char& c : noise) c = static_cast<char>(' ' + random() % 90);
      p.task({.activity = p.activity("train"),
              .workflow = workflow,
              .number = n,
              .begin = begin + n,
              .end = begin + n + 1,
              .shape = shape,
              .cells = {cell_of(made), cell_of(1.0 / static_cast<double>(n)), cell_of(noise)}});
    }
    object(p, made, workflow, "blobs/ab/" + std::to_string(r.which), begin);
    fs::create_directories(directory_.blobs() / "ab");
    std::ofstream(directory_.blobs() / "ab" / std::to_string(r.which)) << "bytes";
    LogRecord log{};
    log.header.kind = RecordKind::kLog;
    log.workflow_id = workflow;
    log.at_ticks = begin;
    p.add(2, log);
    if (!r.is_running) {
      SpoolFixture::Workflow ended = begun;
      ended.end = begin + 1000;
      ended.status = r.status;
      p.workflow(ended);
      p.describe({{"host", "h" + std::to_string(r.which)},
                  {"pid", "1"},
                  {"ended", "clean"},
                  {"records", std::to_string(p.drawn())}});
    }
    p.seal();
  }
  static void object(SpoolFixture& p, const Uuid& id, uint32_t workflow, const std::string& path,
                     uint64_t at) {
    ObjectRecord record{};
    record.header.kind = RecordKind::kObject;
    const auto bytes = id.bytes();
    std::copy(bytes.begin(), bytes.end(), record.object);
    record.kind_id = p.string("model");
    record.workflow_id = workflow;
    record.at_ticks = at;
    record.shape_id = p.shape({{"path", Role::kAttribute, ValueTag::kString}});
    p.add(2, record, {cell_of(path)});
  }
  Pruned prune_now(const PruneOptions& options) {
    Result<Pruned> out = prune(directory_, options);
    EXPECT_TRUE(out.ok()) << out.status().message();
    return out.ok() ? std::move(*out) : Pruned{};
  }
  store::Store opened() {
    Result<store::Store> store = open_for_change(directory_);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(*store);
  }
  // "1 2 4": the runs that are in the store.
  std::string runs() {
    return text(opened(),
                "SELECT coalesce(string_agg(substr(name, 5), ' ' ORDER BY name), '') FROM workflow "
                "WHERE name IS NOT NULL");
  }
  static std::vector<std::string> chosen(const Pruned& pruned) {
    std::vector<std::string> out;
    for (const PrunedWorkflow& w : pruned.workflows) out.push_back(w.name.substr(4));
    return out;
  }
  using Names = std::vector<std::string>;
};

TEST_F(PruneTest, TakesWhatEveryOptionSpeaksOf) {
  record({.which = 1});
  record({.which = 2, .status = TaskStatus::kFailed});
  record({.which = 3, .campaign = "other", .status = TaskStatus::kFailed});
  record({.which = 4});
  const auto would = [this](PruneOptions options) {
    options.dry_run = true;
    return chosen(prune_now(options));
  };
  const std::vector<Uuid> c = {named_uuid("campaign", "c")};
  EXPECT_EQ(would({.campaigns = c}), (Names{"1", "2", "4"}));
  EXPECT_EQ(would({.statuses = {"failed"}}), (Names{"2", "3"}));
  EXPECT_EQ(would({.campaigns = c, .statuses = {"failed"}}), (Names{"2"}));
  EXPECT_EQ(would({.keep_last = 1}), (Names{"1", "2"}));
  EXPECT_EQ(would({.workflows = {id_of(4)}}), (Names{"4"}));
  const int64_t age_ns = now_realtime_ns() - kEpoch_ns;
  EXPECT_EQ(would({.older_than_ns = age_ns - static_cast<int64_t>(2 * kHour_ns + kHour_ns / 2)}),
            (Names{"1", "2"}));
  EXPECT_EQ(would({.older_than_ns = age_ns}), Names{});
  EXPECT_EQ(prune(directory_, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(PruneTest, ADryRunSaysTheSameAndChangesNothing) {
  for (uint64_t n = 1; n <= 3; ++n) record({.which = n});
  PruneOptions options{.keep_last = 1, .dry_run = true};
  const Pruned would = prune_now(options);
  EXPECT_EQ(runs(), "1 2 3");
  EXPECT_FALSE(fs::exists(directory_.root / "amendments.jsonl"));
  EXPECT_GT(would.bytes, 0u);  // segments and blobs
  options.dry_run = false;
  const Pruned did = prune_now(options);
  EXPECT_EQ(chosen(would), chosen(did));
  EXPECT_EQ(would.removed.tasks, 200);
  EXPECT_EQ(did.removed.tasks, 200);
  EXPECT_EQ(did.removed.objects, 2);
  EXPECT_EQ(did.removed.log_rows, 2);
  EXPECT_EQ(would.segments, did.segments);
  EXPECT_EQ(did.segments, 2u);
  EXPECT_EQ(did.blobs, 2u);
  EXPECT_EQ(runs(), "3");
  EXPECT_TRUE(fs::exists(directory_.blobs() / "ab" / "3"));
  EXPECT_FALSE(fs::exists(directory_.blobs() / "ab" / "1"));
}

TEST_F(PruneTest, WhatIsPrunedDoesNotComeBackAndNewWorkDoes) {
  for (uint64_t n = 1; n <= 3; ++n) record({.which = n});
  const fs::path saved = directory_.root.parent_path() / "saved";
  fs::copy(directory_.spool(), saved);
  prune_now({.campaigns = {named_uuid("campaign", "c")}, .keep_last = 1});
  fs::copy(saved, directory_.spool(), fs::copy_options::skip_existing);
  EXPECT_EQ(runs(), "3") << "its segments are here again";
  fs::remove(directory_.store());
  EXPECT_EQ(runs(), "3") << "built again";
  prune_now({.campaigns = {named_uuid("campaign", "c")}});
  EXPECT_EQ(integer(opened(), "SELECT count(*) FROM campaign"), 0);
  record({.which = 4});
  record({.which = 5});
  EXPECT_EQ(runs(), "4 5") << "the same campaign goes on";
  EXPECT_EQ(integer(opened(), "SELECT count(DISTINCT wf) FROM workflow_row"), 2);
  EXPECT_EQ(integer(opened(), "SELECT count(*) FROM task WHERE campaign = 'c'"), 200);
}

TEST_F(PruneTest, WhatRunsStaysWithAllThatItIsPartOf) {
  record({.which = 1});
  record({.which = 2, .is_running = true, .parent = 1});
  record({.which = 3});
  const Pruned done = prune_now({.campaigns = {named_uuid("campaign", "c")}});
  EXPECT_EQ(chosen(done), Names{"3"});
  EXPECT_EQ(done.running, 2u);
  EXPECT_EQ(done.blobs, 0u) << "a blob of the running one may be on its way";
  EXPECT_EQ(runs(), "1 2");
}

TEST_F(PruneTest, TheFileShrinksAndAnObjectThatOthersUseStays) {
  record({.which = 1, .tasks = 800, .text_bytes = 30'000});
  record({.which = 2});
  {
    SpoolFixture p(directory_, 9);
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    p.task({.activity = p.activity("evaluate"),
            .workflow = p.workflow_id(id_of(2)),
            .number = 1,
            .begin = 1,
            .end = 2,
            .shape = p.shape({{"model", Role::kUsed, ValueTag::kObject}}),
            .cells = {cell_of(named_uuid("object", "1"))}});
    p.seal();
  }
  EXPECT_EQ(runs(), "1 2");
  const auto before = fs::file_size(directory_.store());
  const Pruned would = prune_now({.workflows = {id_of(1)}, .dry_run = true});
  const Pruned done = prune_now({.workflows = {id_of(1)}});
  EXPECT_LT(would.bytes, 2 * done.bytes);
  EXPECT_GT(2 * would.bytes, done.bytes);
  EXPECT_LT(fs::file_size(directory_.store()), before / 2);
  EXPECT_GE(done.bytes, before - fs::file_size(directory_.store()));
  EXPECT_EQ(done.removed.objects, 0);
  EXPECT_EQ(integer(opened(), "SELECT count(*) FROM object"), 2);
  EXPECT_EQ(integer(opened(), "SELECT count(x) FROM activity.train"), 100);
}

}  // namespace
}  // namespace headrace::collect
