// Durability levels, and a spool that fails under a running program: what the program's threads see
// is nothing, what is stored and counted is everything.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include <headrace/headrace.h>

#include "capture/group_sync.h"
#include "capture/recorded_for_test.h"
#include "capture/workflow.h"
#include "spool/faulty_files_for_test.h"

namespace headrace::capture {
namespace {

void run_tasks(int count) {
  static const uint32_t activity = headrace_activity("step", nullptr, 0);
  for (int i = 0; i < count; ++i)
    headrace_task_end(headrace_task_begin(activity), HEADRACE_FINISHED);
}

// What is written again after a failed sync is there twice, and stored once.
size_t distinct_tasks(const Recorded& recorded) {
  std::set<std::string> ids;
  for (const Recorded::Task& task : recorded.tasks) ids.insert(task.id);
  return ids.size();
}

// The real files, with syncs counted and faults as the body sets them. Of the child alone.
FaultyFiles& faulty_files() {
  static auto* const files = new FaultyFiles;
  FileSystem::replace_for_test(files);
  return *files;
}

TEST(Durability, Level1SyncsNothingAndSaysSo) {
  const Recorded recorded = record_in_process([] {
    std::atomic<int> syncs{0};
    faulty_files().fault = [&](std::string_view call, const std::string&) {
      syncs += call == "sync" || call == "sync_folder" ? 1 : 0;
      return 0;
    };
    run_tasks(100);
    if (Recorder::get()->wait_durable().code() != StatusCode::kUnsupported) _exit(3);
    if (Recorder::get()->durable_until_ns() != 0) _exit(4);
    stop_capture(TaskStatus::kFinished);
    if (syncs != 0) _exit(5);
  });
  EXPECT_EQ(recorded.exit_status, 0);
  EXPECT_EQ(distinct_tasks(recorded), 100u);
}

TEST(Durability, Level2PublishesAWatermarkThatFollows) {
  setenv("HEADRACE_DURABILITY", "2", 1);
  const Recorded recorded = record_in_process([] {
    std::atomic<int> syncs{0};
    std::atomic<int> folders{0};
    faulty_files().fault = [&](std::string_view call, const std::string&) {
      syncs += call == "sync" ? 1 : 0;
      folders += call == "sync_folder" ? 1 : 0;
      return 0;
    };
    for (int round = 0; round < 3; ++round) {
      run_tasks(100);
      const int64_t before_ns = now_realtime_ns();
      if (!Recorder::get()->wait_durable().ok()) _exit(3);
      if (Recorder::get()->durable_until_ns() < before_ns) _exit(4);
    }
    if (syncs < 3 || folders < 1) _exit(5);
    // It follows by itself.
    const int64_t at_ns = now_realtime_ns();
    run_tasks(1);
    while (Recorder::get()->durable_until_ns() < at_ns) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    stop_capture(TaskStatus::kFinished);
  });
  unsetenv("HEADRACE_DURABILITY");
  EXPECT_EQ(recorded.exit_status, 0);
  EXPECT_EQ(distinct_tasks(recorded), 301u);
}

TEST(Durability, Level2sWaitsWhereAWorkflowEnds) {
  setenv("HEADRACE_DURABILITY", "2s", 1);
  const Recorded recorded = record_in_process([] {
    WorkflowState* workflow = begin_workflow("w", Fields());
    run_tasks(10);
    const int64_t before_ns = now_realtime_ns();
    end_workflow(workflow, TaskStatus::kFinished, Fields());
    if (Recorder::get()->durable_until_ns() < before_ns) _exit(3);
    stop_capture(TaskStatus::kFinished);
  });
  unsetenv("HEADRACE_DURABILITY");
  EXPECT_EQ(recorded.exit_status, 0);
  EXPECT_EQ(distinct_tasks(recorded), 10u);
}

TEST(Durability, EveryErrorForAWhileLosesNothing) {
  for (const char* level : {"1", "2"}) {
    for (const int error : {ENOSPC, EDQUOT, EROFS, EIO}) {
      for (const std::string_view broken : {"write", "create", "reserve", "sync", "rename"}) {
        SCOPED_TRACE(std::string(level) + ' ' + std::string(broken) + ' ' + std::to_string(error));
        setenv("HEADRACE_DURABILITY", level, 1);
        const Recorded recorded = record_in_process([&] {
          std::atomic<bool> failing{false};
          faulty_files().fault = [&](std::string_view call, const std::string&) {
            return failing && call == broken ? error : 0;
          };
          run_tasks(10);
          Recorder::get()->flush();
          failing = true;
          run_tasks(1000);
          Recorder::get()->flush();
          run_tasks(1000);
          failing = false;
          run_tasks(1000);
          stop_capture(TaskStatus::kFinished);
          if (Recorder::get()->counters().dropped != 0) _exit(3);
        });
        EXPECT_EQ(recorded.exit_status, 0);
        EXPECT_EQ(distinct_tasks(recorded), 3010u);
      }
    }
  }
  unsetenv("HEADRACE_DURABILITY");
}

TEST(GroupSync, WaitsForARoundThatBeganAfterTheCall) {
  std::atomic<int> rounds{0};
  std::atomic<bool> works{false};
  GroupSync group({[&] {
                     ++rounds;
                     return GroupSync::Steps::Begun{true, std::nullopt};
                   },
                   [&](const auto&) { return works.load(); }});
  EXPECT_FALSE(group.wait(0).ok()) << "no thread: a round on this one, which fails";
  EXPECT_EQ(group.until_ns(), 0);
  group.start();
  EXPECT_EQ(group.wait(1'000'000).code(), StatusCode::kUnavailable);
  works = true;
  EXPECT_TRUE(group.wait(60'000'000'000).ok());
  EXPECT_GT(group.until_ns(), 0);
  group.stop();
  const int before = rounds;
  EXPECT_TRUE(group.wait(0).ok());
  EXPECT_EQ(rounds, before + 1);
}

}  // namespace
}  // namespace headrace::capture
