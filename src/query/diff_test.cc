#include "query/diff.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "query/diff_facts.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

const DiffLine* line_of(const Diff& diff, const std::string& what, const std::string& where = "") {
  for (const DiffLine& line : diff.lines) {
    if (line.what == what && line.where == where) return &line;
  }
  return nullptr;
}
const DiffLine* total_of(const Diff& diff, DiffSection section) {
  for (const DiffLine& line : diff.lines) {
    if (line.what == "in all" && line.section == section) return &line;
  }
  return nullptr;
}

Diff of(const Session& session, const std::string& a, const std::string& b,
        const DiffOptions& options = {}) {
  Result<Diff> answer = diff(session, a, b, "/", options);
  EXPECT_TRUE(answer.ok()) << answer.status().message();
  return answer.ok() ? std::move(*answer) : Diff();
}

// Two workflows of a training with epochs inside, and what each was given.
struct Two {
  StoreForTest store;
  int a = 0;
  int b = 0;

  Two(const std::string& attributes_a, const std::string& attributes_b) {
    const std::string campaign = store.campaign("study");
    a = store.workflow(campaign, "first", R"({"epochs":2})", attributes_a);
    b = store.workflow(campaign, "second", R"({"epochs":2})", attributes_b);
  }
  int64_t train(int workflow, double lr, double loss, double seconds = 4) {
    const int64_t run = store.task(
        workflow, {"train", {{"lr", lr}, {"width", int64_t{64}}}, {{"loss", loss}}, 0, seconds});
    for (int epoch = 0; epoch < 2; ++epoch) {
      store.task(workflow,
                 {"epoch", {{"epoch", int64_t{epoch}}}, {{"loss", loss + 1 - epoch}}, run, 1});
    }
    return run;
  }
};

TEST(Diff, EqualRunsAreEqualWhateverTheyTook) {
  Two two("{}", "{}");
  two.train(two.a, 0.1, 2, 4);
  two.train(two.b, 0.1, 2, 5);
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_TRUE(d.equal);
  EXPECT_EQ(d.pairs, 3u);
  EXPECT_EQ(d.a.alone + d.b.alone, 0u);
  EXPECT_TRUE(line_of(d, "train")->differs);  // its time
  EXPECT_NE(diff_text(d, false).find("Equal but for"), std::string::npos);
  EXPECT_EQ(diff_text(d, false).find("width"), std::string::npos);
  EXPECT_NE(diff_text(d, true).find("train.width"), std::string::npos);
}

TEST(Diff, ParametersAndMetricsOfMatchedTasks) {
  Two two("{}", "{}");
  two.train(two.a, 0.1, 2);
  two.train(two.a, 0.2, 3);
  two.train(two.b, 0.2, 3.5);
  two.train(two.b, 0.4, 5);
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_FALSE(d.equal);
  EXPECT_EQ(d.pairs, 6u);
  EXPECT_EQ(d.pairs_with_other_parameters, 1u);
  // lr=0.2 has its own partner, and only then what is left is matched in order.
  const DiffLine* lr = line_of(d, "train.lr");
  ASSERT_NE(lr, nullptr);
  EXPECT_EQ(lr->a, Json(0.1));
  EXPECT_EQ(lr->b, Json(0.4));
  EXPECT_EQ(lr->note, "in 1 of 2 pairs");
  const DiffLine* loss = line_of(d, "train.loss", "lr=0.2");
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->a, Json(3.0));
  EXPECT_EQ(loss->b, Json(3.5));
  EXPECT_FALSE(loss->comparison.has_value());
  EXPECT_NE(line_of(d, "epoch.loss", "epoch=1 lr=0.2"), nullptr);
}

TEST(Diff, TasksWithoutAPartnerAreCounted) {
  Two two("{}", "{}");
  two.train(two.a, 0.1, 2);
  two.train(two.a, 0.2, 2);
  two.train(two.b, 0.2, 2);
  two.store.task(two.b, {"report", {}, {}, 0, 1});
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_EQ(d.a.alone, 3u);
  EXPECT_EQ(d.b.alone, 1u);
  EXPECT_EQ(line_of(d, "epoch without a partner")->a, Json(int64_t{2}));
  EXPECT_EQ(line_of(d, "report without a partner")->b, Json(int64_t{1}));
  EXPECT_NE(diff_text(d, false).find("without a partner 3 and 1"), std::string::npos);
}

TEST(Diff, RepeatsAreTestedAndFewerThanThreeAreNot) {
  Two two("{}", "{}");
  const double a[] = {2.10, 2.05, 2.20, 2.15, 2.08};
  const double b[] = {1.95, 2.00, 1.90, 2.02, 1.99, 1.93};
  for (int i = 0; i < 5; ++i) {
    two.store.task(two.a, {"fit", {{"lr", 0.1}, {"seed", int64_t{i}}}, {{"loss", a[i]}}});
  }
  for (int i = 0; i < 6; ++i) {
    two.store.task(two.b, {"fit", {{"lr", 0.1}, {"seed", int64_t{i}}}, {{"loss", b[i]}}});
  }
  for (int i = 0; i < 2; ++i) {
    two.store.task(two.a, {"test", {{"seed", int64_t{i}}}, {{"loss", a[i]}}});
    two.store.task(two.b, {"test", {{"seed", int64_t{i}}}, {{"loss", b[i]}}});
  }
  const Session session = two.store.session();
  Diff d = of(session, "first", "second");
  const DiffLine* fit = line_of(d, "fit.loss");
  ASSERT_NE(fit, nullptr);
  ASSERT_TRUE(fit->comparison && fit->comparison->p);
  EXPECT_EQ(fit->comparison->n_a, 5u);
  EXPECT_EQ(fit->comparison->n_b, 6u);
  EXPECT_NEAR(*fit->comparison->p, 0.0019752433083373325, 1e-12);  // scipy's
  EXPECT_EQ(d.tests, 2u);  // the loss and, as all are repeats, the time
  EXPECT_NEAR(*fit->p_adjusted, 2 * *fit->comparison->p, 1e-12);
  EXPECT_NE(fit->note.find("differs: Welch's t"), std::string::npos) << fit->note;
  const DiffLine* test = line_of(d, "test.loss");
  ASSERT_NE(test, nullptr);
  EXPECT_FALSE(test->comparison.has_value());
  EXPECT_NE(test->note.find("too few repeats"), std::string::npos);
  d = of(session, "first", "second", {RepeatTest::kMannWhitney});
  EXPECT_NEAR(*line_of(d, "fit.loss")->comparison->p, 0.004329004329004329, 1e-12);
}

TEST(Diff, EpochsOfDifferentRunsAreNoRepeats) {
  Two two("{}", "{}");
  for (const double lr : {0.1, 0.2, 0.3, 0.4}) {
    two.train(two.a, lr, lr);
    two.train(two.b, lr, lr + 1);
  }
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_EQ(d.tests, 0u);
  EXPECT_NE(line_of(d, "epoch.loss", "epoch=0 lr=0.3"), nullptr);
}

TEST(Diff, ManyConfigurationsGiveOneLine) {
  Two two("{}", "{}");
  for (int i = 0; i < 20; ++i) {
    two.store.task(two.a, {"step", {{"n", int64_t{i}}}, {{"loss", 2.0}}});
    two.store.task(two.b, {"step", {{"n", int64_t{i}}}, {{"loss", i < 5 ? 3.0 : 2.0}}});
  }
  const Diff d = of(two.store.session(), "first", "second");
  const DiffLine* loss = line_of(d, "step.loss");
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->a, Json(2.0));
  EXPECT_EQ(loss->b, Json(2.25));
  EXPECT_EQ(loss->note, "means; differs in 5 of 20 pairs");
}

TEST(Diff, CodeAndEnvironment) {
  Two two(R"({"git":{"root":"/a","commit":"1111","branch":"main","dirty":false},"cwd":"/a",
              "environment":{"OMP_NUM_THREADS":"2","LANG":"C"},
              "python_packages":{"packages":{"torch":{"version":"2.9"},"numpy":{"version":"1"}},
                                 "modules":{"/a/train.py":"aa","/a/model.py":"bb"}}})",
          R"({"git":{"root":"/b","commit":"2222","branch":"work","dirty":true},"cwd":"/b",
              "environment":{"OMP_NUM_THREADS":"4","LANG":"C"},
              "python_packages":{"packages":{"torch":{"version":"2.10"},"numpy":{"version":"1"}},
                                 "modules":{"/b/train.py":"cc","/b/model.py":"bb"}}})");
  two.train(two.a, 0.1, 2);
  two.train(two.b, 0.1, 2);
  const std::string change = two.store.object("diff", "blobs/ab/abcd", "abcd");
  two.store.workflow_edge(two.b, change, false);
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_FALSE(d.equal);
  EXPECT_EQ(line_of(d, "git commit")->b, Json("2222"));
  EXPECT_TRUE(line_of(d, "file train.py")->differs);
  EXPECT_FALSE(line_of(d, "file model.py")->differs);  // in another checkout, and the same
  EXPECT_TRUE(line_of(d, "package torch")->differs);
  EXPECT_FALSE(line_of(d, "package numpy")->differs);
  EXPECT_TRUE(line_of(d, "variable OMP_NUM_THREADS")->differs);
  EXPECT_EQ(line_of(d, "uncommitted changes")->a, Json("none"));
  EXPECT_EQ(line_of(d, "uncommitted changes")->b, Json("abcd"));
}

TEST(Diff, LongTextsAreShownWhereTheyDiffer) {
  const std::string folder(80, 'x');
  const auto command = [&folder](const std::string& end) {
    return R"({"command": "python /)" + folder + "/" + end + R"("})";
  };
  Two two(command("train.py --lr 1"), command("tune.py"));
  two.train(two.a, 0.1, 2);
  two.train(two.b, 0.1, 2);
  const std::string text = diff_text(of(two.store.session(), "first", "second"), false);
  EXPECT_NE(text.find("…/train.py --lr 1 → …/tune.py"), std::string::npos) << text;
}

TEST(Diff, InputsByHashWhereverTheyLie) {
  Two two("{}", "{}");
  const int64_t a = two.train(two.a, 0.1, 2);
  const int64_t b = two.train(two.b, 0.1, 2);
  two.store.edge(a, two.store.object("dataset", "/old/data.bin", "same"), false);
  two.store.edge(b, two.store.object("dataset", "/new/data.bin", "same"), false);
  two.store.edge(a, two.store.object("dataset", "/data/corpus.txt", "one"), false);
  two.store.edge(b, two.store.object("dataset", "/data/corpus.txt", "two", 2), false);
  const std::string own = two.store.object("model", "/data/own.pt", "three");
  two.store.edge(b, own, true);
  two.store.edge(b, own, false);  // its own product, read again
  const Diff d = of(two.store.session(), "first", "second");
  const DiffLine* moved = line_of(d, "/old/data.bin");
  ASSERT_NE(moved, nullptr);
  EXPECT_FALSE(moved->differs);
  EXPECT_EQ(moved->note, "as /new/data.bin");
  const DiffLine* corpus = line_of(d, "/data/corpus.txt");
  ASSERT_NE(corpus, nullptr);
  EXPECT_TRUE(corpus->differs);
  EXPECT_EQ(corpus->b, Json("sha256 two"));
  EXPECT_EQ(line_of(d, "/data/own.pt"), nullptr);
}

TEST(Diff, EnergyHasItsTruth) {
  Two two("{}", "{}");
  two.store.energy(two.train(two.a, 0.1, 2), "node/cpu", "10", "estimated");
  two.store.energy(two.train(two.b, 0.1, 2), "node/cpu", "14", "measured");
  const Diff d = of(two.store.session(), "first", "second");
  EXPECT_TRUE(d.equal);
  const DiffLine* time = total_of(d, DiffSection::kTime);
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->a, Json(8.0));  // of the workflows
  const DiffLine* all = total_of(d, DiffSection::kEnergy);
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->b, Json(14.0));
  EXPECT_EQ(all->note, "estimated → measured");
}

TEST(Diff, CurvesAreComparedPointByPoint) {
  Two two("{}", "{}");
  const int64_t tasks[] = {two.train(two.a, 0.1, 2), two.train(two.b, 0.1, 2)};
  for (int side = 0; side < 2; ++side) {
    for (int i = 0; i < 4; ++i) {
      two.store.run("INSERT INTO log_row VALUES (" + std::to_string(side + 1) + ", 1, " +
                    std::to_string(tasks[side]) + ", " + std::to_string(i) +
                    ", 0, NULL, '{\"val_loss\":" + std::to_string(9 - i - (side * i) / 2) + "}')");
    }
  }
  const Diff d = of(two.store.session(), "first", "second");
  const DiffLine* curve = line_of(d, "train.val_loss (curve)");
  ASSERT_NE(curve, nullptr);
  EXPECT_TRUE(curve->differs);
  EXPECT_EQ(curve->a, Json(6.0));
  EXPECT_EQ(curve->b, Json(5.0));
  EXPECT_EQ(curve->note, "last of 4 points; least 6 → 5; apart from point 3 on");
}

TEST(Diff, TasksAndObjectsAndCampaigns) {
  Two two("{}", "{}");
  const int64_t a = two.train(two.a, 0.1, 2);
  const int64_t b = two.train(two.b, 0.3, 2);
  two.train(two.b, 0.9, 7);
  two.store.edge(a, two.store.object("model", "/m/a.pt", "aaaa"), true);
  two.store.edge(b, two.store.object("model", "/m/b.pt", "bbbb"), true);
  const std::string other = two.store.campaign("other");
  two.store.task(two.store.workflow(other, "first", R"({"epochs":3})"),
                 {"train", {{"lr", 0.1}}, {{"loss", 2.0}}, 0, 1});
  const Session session = two.store.session();
  Diff d = of(session, StoreForTest::task_id(a), StoreForTest::task_id(b));
  EXPECT_EQ(d.a.tasks, 3u);  // with its epochs
  EXPECT_EQ(d.b.tasks, 3u);
  EXPECT_EQ(line_of(d, "train.lr")->b, Json(0.3));
  d = of(session, "a.pt", "b.pt");
  EXPECT_EQ(line_of(d, "sha256")->b, Json("bbbb"));
  EXPECT_EQ(line_of(d, "train.lr")->b, Json(0.3));
  d = of(session, "study", "other");
  EXPECT_EQ(line_of(d, "first.epochs")->b, Json(int64_t{3}));
  EXPECT_EQ(d.a.alone, 8u);  // the second workflow's six, two epochs
}

TEST(Diff, MistakesAreSaid) {
  Two two("{}", "{}");
  const Session session = two.store.session();
  Status status = diff(session, "first", "study", "/", {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().rfind("first is a workflow and study a campaign;", 0), 0u);
  status = diff(session, "first", "secnd", "/", {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("did you mean second"), std::string::npos);
}

TEST(TouchedFiles, OfAUnifiedDiff) {
  EXPECT_EQ(
      touched_files("diff --git a/x y.py b/x y.py\n--- a/x y.py\n+++ b/x y.py\n@@ -1 +1,2 @@\n"
                    "-old\n+new\n+more\n same\ndiff --git a/b.bin b/b.bin\nBinary\n"),
      "x y.py +2 -1, b.bin +0 -0");
  EXPECT_EQ(touched_files(""), "");
}

}  // namespace
}  // namespace headrace::query
