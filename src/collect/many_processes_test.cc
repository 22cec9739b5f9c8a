// Many processes at one store: each gets an answer or is told who has it, and nothing is lost.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "collect/collect_now.h"
#include "collect/fold_fixture.h"

namespace headrace::collect {
namespace {

constexpr uint64_t kTasksOfProducer = 200;

class ManyProcessesFork : public FoldTest {
 protected:
  void add_producer(ProducerId uid) {
    SpoolFixture p(directory_, uid);
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    const uint32_t activity = p.activity("a");
    const uint32_t shape = p.shape({{"x", Role::kUsed, ValueTag::kFloat}});
    for (uint64_t n = 1; n <= kTasksOfProducer; ++n) {
      p.task({.activity = activity,
              .number = n,
              .begin = n,
              .end = n + 1,
              .shape = shape,
              .cells = {cell_of(static_cast<double>(n))}});
    }
    p.seal();
  }
  static pid_t start(const std::function<bool()>& program) {
    const pid_t pid = fork();
    if (pid == 0) _exit(program() ? 0 : 1);
    return pid;
  }
  static int end_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return status;
  }
  static int64_t tasks_in(const store::Store& store) {
    return store.connection().integer("SELECT count(*) FROM task").value_or(-1);
  }
};

// What a reader sees grows and is always whole producers' worth.
bool reads_on(const Directory& directory, int times) {
  int64_t seen = 0;
  for (int i = 0; i < times; ++i) {
    OpenOptions options;
    options.store.wait_ms = 30'000;
    const Result<store::Store> store = open_folded(directory, options);
    if (!store.ok()) {
      std::fprintf(stderr, "reader: %s\n", store.status().message().c_str());
      return false;
    }
    const int64_t now = store->connection().integer("SELECT count(*) FROM task").value_or(-1);
    const int64_t sum =
        store->connection().integer("SELECT sum(d0)::BIGINT FROM task_slots").value_or(-1);
    const int64_t each = kTasksOfProducer * (kTasksOfProducer + 1) / 2;
    if (now < seen || sum * static_cast<int64_t>(kTasksOfProducer) != now * each) {
      std::fprintf(stderr, "reader: %ld tasks after %ld, sum %ld\n", now, seen, sum);
      return false;
    }
    seen = now;
  }
  return true;
}

TEST_F(ManyProcessesFork, ReadAndFoldAtOnceAndLoseNothing) {
  add_producer(1);
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    children.push_back(start([this] { return reads_on(directory_, 4); }));
  }
  for (ProducerId uid = 2; uid <= 8; ++uid) {
    add_producer(uid);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
  const Result<store::Store> store = open_folded(directory_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(tasks_in(*store), static_cast<int64_t>(8 * kTasksOfProducer));
}

TEST_F(ManyProcessesFork, OneThatIsKilledWhileItFoldsHarmsNothing) {
  for (ProducerId uid = 1; uid <= 5; ++uid) {
    add_producer(uid);
    const pid_t child = start([this] { return open_folded(directory_).ok(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(uid * 7));
    kill(child, SIGKILL);
    end_of(child);
  }
  const Result<store::Store> store = open_folded(directory_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(store->note(), "");
  EXPECT_EQ(tasks_in(*store), static_cast<int64_t>(5 * kTasksOfProducer));
}

TEST_F(ManyProcessesFork, AFollowerTakesInWhatComesAndEndsWhenAllHaveEnded) {
  add_producer(1);
  add_producer(2);
  FollowOptions options;
  options.until_done = true;
  options.most_bytes = 1;  // a segment a round
  uint64_t rounds = 0;
  uint64_t tasks = 0;
  const Status done = follow(
      directory_, options, [](int64_t) { return true; },
      [&](const Collected& round) {
        ++rounds;
        tasks += round.report.tasks;
        EXPECT_EQ(round.is_up_to_date, rounds == 2);
      });
  EXPECT_TRUE(done.ok()) << done.message();
  EXPECT_EQ(rounds, 2u);
  EXPECT_EQ(tasks, 2 * kTasksOfProducer);
}

TEST_F(ManyProcessesFork, AFollowerWaitsForAFolderAndStopsWhenTold) {
  std::filesystem::remove_all(directory_.root);
  int pauses = 0;
  uint64_t tasks = 0;
  const Status done = follow(
      directory_, {},
      [&](int64_t wait_ms) {
        EXPECT_EQ(wait_ms, 1000);
        if (++pauses == 2) add_producer(7);
        return pauses < 4;
      },
      [&](const Collected& round) { tasks += round.report.tasks; });
  EXPECT_TRUE(done.ok()) << done.message();
  EXPECT_EQ(pauses, 4);
  EXPECT_EQ(tasks, kTasksOfProducer);
}

TEST_F(ManyProcessesFork, CollectingAgainFindsNothingNew) {
  add_producer(1);
  Result<Collected> first = collect_now(directory_);
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ(first->report.tasks, kTasksOfProducer);
  EXPECT_EQ(first->producers, 1u);
  EXPECT_EQ(first->running, 0u);
  Result<Collected> again = collect_now(directory_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->report.segments, 0u);
  EXPECT_EQ(again->producers, 1u);
}

}  // namespace
}  // namespace headrace::collect
