// Folds what real processes captured, ended and killed. Named for the fork, after which gcc's
// ThreadSanitizer lets nobody start a thread.
#include <csignal>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/recorder.h"
#include "capture/sample.h"
#include "capture/task.h"
#include "capture/waiting_place.h"
#include "capture/workflow.h"
#include "collect/accounting_fixture.h"
#include "collect/fold.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class ForkedCaptureFoldTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "headrace-capture-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = {fs::path(pattern) / ".headrace"};
    Result<store::Store> store = store::Store::open_in_memory();
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_.emplace(std::move(*store));
  }
  void TearDown() override { fs::remove_all(directory_.root.parent_path()); }

  // Runs `program` in a child that captures into the folder. It says "ready" with a byte.
  pid_t start(const std::function<void(int ready)>& program) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      close(ends[0]);
      setenv("HEADRACE_TELEMETRY", "0", 1);  // samples would come all the time
      if (!capture::Recorder::use_directory(directory_.root).ok()) _exit(3);
      program(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1) << "the child ended early";
    close(ends[0]);
    return pid;
  }
  static void ready(int fd) {
    if (write(fd, "r", 1) != 1) _exit(4);
  }
  FoldReport fold_now() {
    Result<FoldReport> report = fold(directory_, *store_);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.value_or({});
  }
  int64_t count(const std::string& from) {
    const Result<int64_t> out = store_->connection().integer("SELECT count(*) FROM " + from);
    EXPECT_TRUE(out.ok()) << out.status().message();
    return out.value_or(-1);
  }

  Directory directory_;
  std::optional<store::Store> store_;
};

TEST_F(ForkedCaptureFoldTest, EverythingOfAProcessThatEnds) {
  const int64_t before_ns = now_realtime_ns();
  const pid_t pid = start([](int fd) {
    capture::enter_campaign("sweep", capture::Fields());
    capture::WorkflowState* workflow = capture::begin_workflow("one", capture::Fields());
    const uint32_t outer = capture::intern_activity("outer");
    const uint32_t inner = capture::intern_activity("inner", "x.cc", 7);
    capture::TaskState* task = capture::begin_task(outer);
    for (int i = 0; i < 1000; ++i) {
      capture::TaskState* step = capture::begin_task(inner);
      step->fields.add_int(Role::kUsed, capture::name_id("i"), i);
      step->fields.add_float(Role::kGenerated, capture::name_id("half"), i / 2.0);
      capture::end_task(step, i == 7 ? TaskStatus::kFailed : TaskStatus::kFinished);
    }
    capture::Fields metric;
    metric.add_float(Role::kGenerated, capture::name_id("loss"), 0.5);
    capture::log_values(task, LogStream::kMetric, metric);
    capture::end_task(task, TaskStatus::kFinished);
    capture::end_workflow(workflow, TaskStatus::kFinished, capture::Fields());
    capture::stop_capture(TaskStatus::kFinished);
    ready(fd);
  });
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  const FoldReport report = fold_now();
  EXPECT_EQ(report.quarantined, 0u);
  EXPECT_EQ(report.tasks, 1001u);
  EXPECT_EQ(count("task WHERE activity = 'inner' AND status = 'finished'"), 999);
  EXPECT_EQ(count("task WHERE status = 'failed' AND (used->>'i')::INT = 7"), 1);
  EXPECT_EQ(count("task i JOIN task o ON i.parent_task_id = o.task_id WHERE o.activity = 'outer'"),
            1000);
  EXPECT_EQ(count("task WHERE campaign = 'sweep' AND pid = " + std::to_string(pid)), 1001);
  EXPECT_EQ(count("workflow WHERE status = 'finished' AND name = 'one'"), 1);
  EXPECT_EQ(count("log WHERE (metrics->>'loss')::DOUBLE = 0.5 AND task_id IS NOT NULL"), 1);
  EXPECT_EQ(count("accounting WHERE spooled <> 0 OR missing <> 0 OR accepted <> stored"), 0);
  EXPECT_EQ(count("producer WHERE state = 'ended'"), 1);
  const std::string after = std::to_string(now_realtime_ns());
  EXPECT_EQ(count("task WHERE epoch_ns(started_at) >= " + std::to_string(before_ns) +
                  " AND epoch_ns(ended_at) <= " + after + " AND duration_s >= 0"),
            1001);
}

TEST_F(ForkedCaptureFoldTest, AKilledProcessLeavesItsOpenTasksLost) {
  const pid_t pid = start([](int fd) {
    capture::begin_workflow("w", capture::Fields());
    const uint32_t activity = capture::intern_activity("endless");
    capture::begin_task(activity);
    capture::end_task(capture::begin_task(activity), TaskStatus::kFinished);
    // The open task is announced after a second; wait until it is in the file.
    sleep(2);
    capture::Recorder::get()->flush();
    ready(fd);
    pause();
  });
  fold_now();
  EXPECT_EQ(count("task WHERE status = 'running'"), 1);
  EXPECT_EQ(count("task WHERE status = 'finished'"), 1);
  EXPECT_EQ(count("workflow WHERE status = 'running'"), 1);
  EXPECT_TRUE(*nothing_new(directory_, *store_));
  kill(pid, SIGKILL);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  EXPECT_FALSE(*nothing_new(directory_, *store_));
  EXPECT_EQ(fold_now().lost_producers, 1u);
  EXPECT_EQ(count("task WHERE status = 'lost' AND ended_at IS NULL"), 1);
  EXPECT_EQ(count("task"), 2);
  EXPECT_EQ(count("workflow WHERE status = 'lost'"), 1);
  EXPECT_EQ(count("producer WHERE state = 'lost'"), 1);
  EXPECT_EQ(count("accounting WHERE accepted <> stored"), 0);
  EXPECT_TRUE(*nothing_new(directory_, *store_));
}

// A process that gathers samples and records them, killed after each of its steps.
TEST_F(ForkedCaptureFoldTest, SamplesThatWaitAreStoredOnceWhereverTheKillFalls) {
  int64_t samples = 0;
  for (int last = 0; last <= 8; ++last) {
    const pid_t pid = start([last](int fd) {
      capture::Recorder& recorder = *capture::Recorder::get();
      capture::Ring& ring = *recorder.ring();
      Sensor sensor;
      sensor.name = "gauge";
      const uint32_t id = capture::intern_sensor(recorder, sensor);
      std::vector<PlainSample> read;
      SampleBlockWriter blocks(4);
      capture::WaitingPlace place;
      int step = 0;
      const auto may_die = [&] {
        if (step++ != last) return;
        ready(fd);
        raise(SIGKILL);
      };
      const auto sample = [&](uint64_t raw) {
        read.push_back({id, 0, ticks(), raw});
        place.add(read.back());
      };
      place.claim(recorder, ring);
      may_die();
      sample(1);
      may_die();
      sample(2);
      may_die();
      place.recorded_as(ring.index(), ring.numbers());
      may_die();
      capture::record_samples(recorder, 2, blocks.write(read));
      may_die();
      recorder.flush();
      may_die();
      place.leave();
      read.clear();
      may_die();
      place.claim(recorder, ring);
      sample(3);
      may_die();
      place.recorded_as(ring.index(), ring.numbers());
      may_die();
    });
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status)) << last;
    EXPECT_EQ(fold_now().quarantined, 0u) << last;
    samples += last < 2 ? last : last < 7 ? 2 : 3;
    EXPECT_EQ(count("sample_row"), samples) << "killed after step " << last;
    EXPECT_EQ(count("accounting WHERE dropped <> 0"), 0);
    expect_accounted(*store_);
  }
  EXPECT_EQ(count("(SELECT DISTINCT ts, sensor FROM sample_row)"), samples);
}

}  // namespace
}  // namespace headrace::collect
