#include "collect/same_source.h"

#include <stdexcept>

#include "collect/fold_fixture.h"
#include "collect/import.h"
#include "collect/intake.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBegin_ns = 1'700'000'000'000'000'000;

class SameSourceTest : public FoldTest {
 protected:
  Directory folder(const std::string& name) const {
    return Directory{directory_.root.parent_path() / name / ".headrace"};
  }
  // Tasks 1 to `ended` that have ended, and one that goes on where `is_running`.
  static void take_in(const Directory& into, int ended, bool is_running = false,
                      int64_t begin_ns = kBegin_ns, const std::string& identity = "/data/mesh") {
    Result<Intake> intake = Intake::open(into, {"mesh", identity});
    ASSERT_TRUE(intake.ok()) << intake.status().message();
    const int before = intake->position().empty() ? 0 : std::stoi(intake->position());
    const int last = ended + (is_running ? 1 : 0);
    for (int i = 1; i <= last; ++i) {
      const std::string run = i == 3 ? "later" : "run";
      WorkflowTold workflow;
      workflow.id = run;
      workflow.name = run;
      ASSERT_TRUE(intake->workflow(workflow).ok());
      TaskTold task;
      task.id = "t" + std::to_string(i);
      task.activity = "solve";
      task.workflow = run;
      task.begin_ns = begin_ns + i;
      if (i <= ended) task.end_ns = begin_ns + i + 1000;
      if (i > ended) task.status = TaskStatus::kRunning;
      ASSERT_TRUE(intake->task(task).ok());
      if (i <= before) continue;
      RowTold row;
      row.task = task.id;
      row.workflow = run;
      row.at_ns = begin_ns + i;
      row.values.add("loss", Value::of(0.5));
      ASSERT_TRUE(intake->row(row).ok());
    }
    ASSERT_TRUE(intake->quarantine("{", "its JSON ends early").ok());
    ASSERT_TRUE(intake->commit(std::to_string(last)).ok());
  }
  static void record_native(const Directory& to, ProducerId uid) {
    fs::create_directories(to.spool());
    SpoolFixture p(to, uid);
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    p.task({.activity = p.activity("native"), .number = 9, .begin = 1, .end = 2});
    p.seal();
  }
  static Imported import(const Directory& into, const Directory& other) {
    Result<Imported> out = import_folder(into, other.root);
    if (!out.ok()) throw std::runtime_error(out.status().message());
    return std::move(*out);
  }
  // "activity status count" of all tasks, then log rows and workflows.
  static std::string seen(const Directory& d) {
    const Result<store::Store> store = open_for_change(d);
    EXPECT_TRUE(store.ok()) << store.status().message();
    expect_accounted(*store);
    return text(*store,
                "SELECT string_agg(activity || ' ' || status || ' ' || n, ', ' ORDER BY activity, "
                "status) FROM (SELECT activity, status, count(*) AS n FROM task GROUP BY ALL)") +
           "; " +
           text(*store,
                "concat_ws(' ', (SELECT count(*) FROM log), (SELECT count(*) FROM workflow))");
  }
  // Also when the store is built again, and when the same is imported again.
  static void expect_stays(const Directory& d, const Directory& other, const std::string& what) {
    EXPECT_EQ(seen(d), what);
    fs::remove(d.store());
    EXPECT_EQ(seen(d), what) << "built again";
    EXPECT_TRUE(import(d, other).merged.is_nothing());
    EXPECT_EQ(seen(d), what) << "imported again";
  }
};

TEST_F(SameSourceTest, ComesOnceInBothOrdersAndNativeTasksCome) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  take_in(a, 2);
  take_in(b, 2);
  record_native(a, 5);
  record_native(b, 6);
  for (const bool is_a_first : {true, false}) {
    const Directory both = folder(is_a_first ? "ab" : "ba");
    import(both, is_a_first ? a : b);
    const Imported second = import(both, is_a_first ? b : a);
    EXPECT_EQ(second.merged.tasks, 1);
    EXPECT_EQ(second.merged.quarantined, 0);
    ASSERT_EQ(second.notes.size(), 1u);
    EXPECT_EQ(second.notes[0],
              "2 tasks of mesh /data/mesh had been taken in by both folders and did not come a "
              "second time");
    expect_stays(both, a, "native finished 2, solve finished 2; 2 1");
    expect_stays(both, b, "native finished 2, solve finished 2; 2 1");
  }
}

TEST_F(SameSourceTest, WhatWentFurtherThereIsSaidAndTheSourceBringsIt) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  take_in(a, 1, true);
  take_in(b, 3);
  const Imported done = import(a, b);
  EXPECT_TRUE(done.merged.is_nothing());
  ASSERT_EQ(done.notes.size(), 1u);
  EXPECT_NE(done.notes[0].find("2 tasks went further there: run headrace import mesh /data/mesh"),
            std::string::npos)
      << done.notes[0];
  expect_stays(a, b, "solve finished 1, solve running 1; 2 1");
  take_in(a, 3);
  expect_stays(a, b, "solve finished 3; 3 2");
  EXPECT_EQ(import(b, a).notes.size(), 1u);
  expect_stays(b, a, "solve finished 3; 3 2");
}

TEST_F(SameSourceTest, AFolderThatGoesOnBringsItsNews) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  take_in(a, 1, true);
  import(b, a);
  take_in(a, 3);
  EXPECT_TRUE(import(b, a).notes.empty());
  expect_stays(b, a, "solve finished 3; 3 2");
}

TEST_F(SameSourceTest, OtherSourcesAtOnePlaceAndOtherPlacesComeWhole) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  const Directory c = folder("c");
  take_in(a, 2);
  take_in(b, 2, false, kBegin_ns + 77);
  take_in(c, 2, false, kBegin_ns, "/data/other");
  EXPECT_TRUE(import(a, b).notes.empty());
  EXPECT_TRUE(import(a, c).notes.empty());
  expect_stays(a, b, "solve finished 6; 6 2");
}

TEST_F(SameSourceTest, AFolderThatHasItTwiceIsImportedOnce) {
  const Directory a = folder("a");
  const Directory b = folder("b");
  take_in(a, 2);
  take_in(b, 3);
  for (const auto& entry : fs::directory_iterator(b.spool())) {
    fs::copy(entry.path(), a.spool() / entry.path().filename());
  }
  const Directory once = folder("once");
  EXPECT_EQ(import(once, a).merged.tasks, 3);
  expect_stays(once, a, "solve finished 3; 3 2");
}

}  // namespace
}  // namespace headrace::collect
