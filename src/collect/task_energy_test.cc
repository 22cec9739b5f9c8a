// The whole way of a joule: sampled beside a program, folded, divided among its tasks.
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/recorder.h"
#include "capture/task.h"
#include "collect/open.h"
#include "telemetry/telemetry.h"

namespace headrace::collect {
namespace {

class TaskEnergyFork : public testing::Test {
 protected:
  TaskEnergyFork() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-energy-XXXXXX").string();
    root_ = mkdtemp(name.data()) == nullptr ? "" : name;
  }
  ~TaskEnergyFork() override {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  std::filesystem::path root_;
};

void burn(int64_t cpu_ns) {
  const int64_t until = read_clock_ns(CLOCK_THREAD_CPUTIME_ID) + cpu_ns;
  while (read_clock_ns(CLOCK_THREAD_CPUTIME_ID) < until) {
  }
}

TEST_F(TaskEnergyFork, ShortTasksOfARealProcessGetTheirShare) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root_.c_str(), 1);
    setenv("HEADRACE_SYSFS_ROOT", root_.c_str(), 1);  // no counter: the estimate
    setenv("HEADRACE_CPU_WATT", "10", 1);
    telemetry::install();
    auto* outer = capture::begin_task(capture::intern_activity("outer"));
    auto* small = capture::begin_task(capture::intern_activity("small"));
    burn(20'000'000);
    capture::end_task(small, TaskStatus::kFinished);
    auto* large = capture::begin_task(capture::intern_activity("large"));
    burn(200'000'000);
    capture::end_task(large, TaskStatus::kFinished);
    capture::end_task(outer, TaskStatus::kFinished);
    capture::stop_capture(TaskStatus::kFinished);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);

  Result<store::Store> store = open_folded(Directory{root_});
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(store->note(), "");
  Result<store::QueryResult> rows = store->connection().query(
      "SELECT t.activity, e.share_j, e.coverage, e.truth, e.method, e.window_j, e.u95_j "
      "FROM task_energy e JOIN task t ON t.task_id = e.task_id ORDER BY t.activity");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_TRUE(rows->next());
  const store::Chunk& c = rows->chunk();
  ASSERT_EQ(c.rows(), 3u);
  const double large = c.real(1, 0);
  const double outer = c.real(1, 1);
  const double small = c.real(1, 2);
  // CPU time is what it is whatever else the machine does: 10 W of 0.2 s and of 0.22 s, and the
  // little that beginning and sampling take.
  EXPECT_GT(large, 1.5);
  EXPECT_GE(outer, large + small);
  EXPECT_GT(outer, 2.2 * 0.95);
  EXPECT_GT(small, 0);
  for (size_t row = 0; row < 3; ++row) {
    EXPECT_GT(c.real(2, row), 0.5) << "covered from its first moment";
    EXPECT_EQ(c.text(3, row), "estimated");
    EXPECT_EQ(c.text(4, row), "cpu_time_x_constant");
    EXPECT_GE(c.real(5, row), 0.95 * c.real(1, row)) << "but for where in a window it was used";
    EXPECT_GT(c.real(6, row), 0);
  }
  EXPECT_EQ(*store->connection().integer(
                "SELECT count(*) FROM energy_balance_row WHERE measured_uj <> attributed_uj + "
                "idle_uj + unattributed_uj OR measured_uj < 2000000"),
            0);
  EXPECT_EQ(*store->connection().integer("SELECT count(*) FROM energy_balance_row"), 1);
}

}  // namespace
}  // namespace headrace::collect
