// The C++ headers over the C interface: scopes, exceptions, moves, threads, parents.
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include <headrace/headrace.hpp>

#include "capture/recorded_for_test.h"

namespace headrace::capture {
namespace {

TEST(CppApi, ValuesOfEveryType) {
  const Recorded recorded = record_in_process([] {
    const std::string word = "upwind";
    const std::vector<int64_t> shape{128, 64};
    static const Name dt("dt");
    Task task("step", {{"number", 3},
                       {dt, 0.1},
                       {"single", 0.5f},
                       {"scheme", word},
                       {"literal", "x"},
                       {"is_last", true},
                       {"none", nullptr},
                       {"big", UINT64_MAX},
                       {"shape", shape},
                       {"cells", std::vector<double>{0.5, 0.25}}});
    task.tag({{"stage", "test"}}).generated({{"residual", 1e-6}});
    task.generated({{"residual", 2e-6}});  // the last one holds
  });
  ASSERT_EQ(recorded.tasks.size(), 1u);
  const Recorded::Values expected{
      {"used.number", "3"},       {"used.dt", "0.1"},
      {"used.single", "0.5"},     {"used.scheme", "\"upwind\""},
      {"used.literal", "\"x\""},  {"used.is_last", "true"},
      {"used.none", "null"},      {"used.big", "{\"$int\":\"18446744073709551615\"}"},
      {"used.shape", "[128,64]"}, {"used.cells", "[0.5,0.25]"},
      {"tag.stage", "\"test\""},  {"generated.residual", "2e-06"}};
  EXPECT_EQ(recorded.tasks[0].values, expected);
}

TEST(CppApi, AnExceptionThatLeavesTheScopeFailsTaskAndWorkflow) {
  const Recorded recorded = record_in_process([] {
    try {
      const Workflow workflow("solve");
      const Task outer("outer");
      { const Task fine("fine"); }
      throw std::runtime_error("diverged");
    } catch (const std::runtime_error&) {
      const Task after("after");  // not failed: the exception is handled
    }
  });
  EXPECT_EQ(recorded.task("fine")->status, TaskStatus::kFinished);
  EXPECT_EQ(recorded.task("outer")->status, TaskStatus::kFailed);
  EXPECT_NE(recorded.task("outer")->values.at("error.message").find("exception"),
            std::string::npos);
  EXPECT_EQ(recorded.task("after")->status, TaskStatus::kFinished);
  ASSERT_GE(recorded.workflows.size(), 2u);
  EXPECT_EQ(recorded.workflows[1].status, TaskStatus::kFailed);
}

TEST(CppApi, ATaskMadeWhileUnwindingIsJudgedByItsOwnScope) {
  struct Cleaner {
    ~Cleaner() { const Task task("clean up"); }
  };
  const Recorded recorded = record_in_process([] {
    try {
      const Cleaner cleaner;
      throw std::runtime_error("diverged");
    } catch (const std::runtime_error&) {
    }
  });
  ASSERT_NE(recorded.task("clean up"), nullptr);
  EXPECT_EQ(recorded.task("clean up")->status, TaskStatus::kFinished);
}

TEST(CppApi, InTaskKeepsTypeAndTextOfAnExceptionAndLetsItGoOn) {
  const Recorded recorded = record_in_process([] {
    const int answer = in_task("add", {{"a", 1}}, [](Task& task) {
      task.generated({{"sum", 3}});
      return 3;
    });
    if (answer != 3) _exit(1);
    try {
      in_task("fail", {}, [](Task&) { throw std::invalid_argument("no such mesh"); });
      _exit(2);
    } catch (const std::invalid_argument& error) {
      if (std::string(error.what()) != "no such mesh") _exit(3);
    }
  });
  EXPECT_EQ(recorded.exit_status, 0);
  EXPECT_EQ(recorded.task("add")->values.at("generated.sum"), "3");
  EXPECT_EQ(recorded.task("fail")->status, TaskStatus::kFailed);
  EXPECT_EQ(recorded.task("fail")->values.at("error.message"), "\"no such mesh\"");
  EXPECT_EQ(recorded.task("fail")->values.at("error.type"), "\"std::invalid_argument\"");
}

TEST(CppApi, ThreadsHaveTheirOwnRingsAndTheParentTheyAreGiven) {
  const Recorded recorded = record_in_process([] {
    const Task outer("outer");
    const TaskId parent = outer.id();
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i, parent] {
        const Task under("under", parent, {{"thread", i}});
        const Task inner("inner");
        { const Task alone("alone", TaskId()); }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  ASSERT_EQ(recorded.tasks.size(), 13u);
  std::map<std::string, std::string> under_of_ring;
  for (const Recorded::Task& task : recorded.tasks) {
    if (task.activity == "under") {
      EXPECT_EQ(task.parent, recorded.task("outer")->id);
      EXPECT_TRUE(under_of_ring.emplace(std::to_string(task.ring), task.id).second);
    }
    if (task.activity == "alone") {
      EXPECT_EQ(task.parent, "");
    }
    EXPECT_EQ(task.workflow, recorded.tasks[0].workflow);
  }
  for (const Recorded::Task& task : recorded.tasks) {
    if (task.activity == "inner") {
      EXPECT_EQ(task.parent, under_of_ring.at(std::to_string(task.ring)));
    }
  }
}

TEST(CppApi, ADetachedTaskMovesToAnotherThreadAndIsNobodysParent) {
  const Recorded recorded = record_in_process([] {
    Task sent = Task::detached("send", {{"to", 2}});
    { const Task beside("beside"); }
    std::thread([moved = std::move(sent)]() mutable { moved.generated({{"bytes", 8}}); }).join();
    // Moved from: there is nothing to add to.
    // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
    sent.generated({{"ignored", 1}});
    Task first("first");
    first = Task("second");  // ends the first, after the second began
    first.end();
    first.end();
  });
  ASSERT_EQ(recorded.tasks.size(), 4u);
  EXPECT_EQ(recorded.task("send")->values,
            (Recorded::Values{{"used.to", "2"}, {"generated.bytes", "8"}}));
  EXPECT_EQ(recorded.task("beside")->parent, "");
  EXPECT_EQ(recorded.task("second")->parent, recorded.task("first")->id);
}

TEST(CppApi, WorkflowsNestAndBelongToTheirCampaign) {
  const Recorded recorded = record_in_process([] {
    const Campaign campaign("mesh study", {{"question", "which"}});
    const Workflow outer("outer");
    {
      Workflow inner("inner", {{"nx", 8}});
      inner.generated({{"error", 0.5}});
      const Task task("step");
      if (inner.id().size() != 36) _exit(1);
    }
    const Task task("after");
  });
  ASSERT_EQ(recorded.exit_status, 0);
  ASSERT_EQ(recorded.workflows.size(), 4u);
  const Recorded::Workflow& outer = recorded.workflows[0];
  const Recorded::Workflow& inner = recorded.workflows[1];
  EXPECT_EQ(outer.campaign, "mesh study");
  EXPECT_EQ(inner.campaign, "mesh study");
  EXPECT_EQ(inner.parent, outer.id);
  EXPECT_EQ(recorded.workflows[2].values.at("generated.error"), "0.5");
  EXPECT_EQ(recorded.task("step")->workflow, inner.id);
  EXPECT_EQ(recorded.task("after")->workflow, outer.id);
}

TEST(CppApi, ObjectsLinkTasks) {
  const Recorded recorded = record_in_process([] {
    const Object table = named_object("dataset", "rows", "v2", {{"rows", 10}});
    if (!table) _exit(1);
    { const Task write("write", {}); }
    Task task("read", {{"table", table}});
    log({{"step", 1}, {"loss", 0.5}});
  });
  ASSERT_EQ(recorded.exit_status, 0);
  ASSERT_EQ(recorded.objects.size(), 1u);
  EXPECT_EQ(recorded.objects[0].values.at("attribute.rows"), "10");
  EXPECT_EQ(recorded.objects[0].values.at("attribute.version"), "\"v2\"");
  EXPECT_NE(recorded.task("read")->values.at("used.table").find(recorded.objects[0].id),
            std::string::npos);
  ASSERT_EQ(recorded.logs.size(), 1u);
  EXPECT_EQ(recorded.logs[0].values.at("generated.loss"), "0.5");
  EXPECT_NE(recorded.logs[0].task, 0u);
}

TEST(CppApi, AnObjectNamedBeforeTheWorkflowMakesNoOther) {
  const Recorded recorded = record_in_process([] {
    const Workflow workflow("read", {{"table", named_object("dataset", "rows")}});
  });
  ASSERT_EQ(recorded.workflows.size(), 2u);
  EXPECT_EQ(recorded.workflows[0].id, recorded.workflows[1].id);
}

TEST(CppApi, AProgramStartedFromATaskContinuesIt) {
  const Recorded recorded = record_in_process([] {
    char parent[HEADRACE_PARENT_TEXT_BYTES];
    headrace_parent_text(parent);
    if (parent[0] != '\0') _exit(1);  // neither task nor workflow yet
    const Workflow workflow("outer");
    const Task task("start");
    headrace_parent_text(parent);
    if (parent != workflow.id() + ":" + task.id().text()) _exit(2);
    if (TaskId::parse(task.id().text()).text() != task.id().text()) _exit(3);
  });
  EXPECT_EQ(recorded.exit_status, 0);
}

}  // namespace
}  // namespace headrace::capture
