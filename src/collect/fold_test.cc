#include "collect/fold.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "collect/spool_fixture.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class FoldTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "headrace-fold-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = {fs::path(pattern) / ".headrace"};
    fs::create_directories(directory_.spool());
  }
  void TearDown() override { fs::remove_all(directory_.root.parent_path()); }

  static store::Store memory() {
    Result<store::Store> store = store::Store::open_in_memory();
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(*store);
  }
  FoldReport fold_into(store::Store& store, const FoldOptions& options = {}) {
    Result<FoldReport> report = fold(directory_, store, options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? *report : FoldReport{};
  }
  static int64_t integer(const store::Store& store, const std::string& sql) {
    const Result<int64_t> out = store.connection().integer(sql);
    EXPECT_TRUE(out.ok()) << sql << ": " << out.status().message();
    return out.value_or(-1);
  }
  static std::string text(const store::Store& store, const std::string& sql) {
    const Result<std::string> out = store.connection().text("SELECT (" + sql + ")::VARCHAR");
    EXPECT_TRUE(out.ok()) << sql << ": " << out.status().message();
    return out.value_or("");
  }

  Directory directory_;
};

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

}  // namespace
}  // namespace headrace::collect
