// What can go wrong with the store's file: nothing that was captured is lost, and a person is told.
#include <csignal>
#include <fstream>
#include <functional>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/fold_fixture.h"
#include "collect/open.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kTasks = 60'000;

class BadStoreFork : public FoldTest {
 protected:
  // Enough for several MB in the store.
  void add_tasks(ProducerId uid) {
    std::mt19937_64 random(uid);
    SpoolFixture p(directory_, uid);
    p.frame_bytes = kMaxPayloadBytes;
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    const uint32_t activity = p.activity("a");
    std::vector<ShapeField> fields;
    for (int i = 0; i < 8; ++i) {
      fields.push_back({"x" + std::to_string(i), Role::kUsed, ValueTag::kFloat});
    }
    const uint32_t shape = p.shape(fields);
    std::vector<CellValue> cells(fields.size());
    for (uint64_t n = 1; n <= kTasks; ++n) {
      for (CellValue& cell : cells) cell = cell_of(static_cast<double>(random()) / 3);
      p.task({.activity = activity,
              .number = n,
              .begin = n,
              .end = n + 1,
              .shape = shape,
              .cells = cells});
    }
    p.seal();
  }
  // In a child, in which no file may grow beyond `most_bytes`, as on a full disk.
  static void with_little_room(uint64_t most_bytes, const std::function<bool()>& program) {
    const pid_t pid = fork();
    if (pid == 0) {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{most_bytes, most_bytes};
      setrlimit(RLIMIT_FSIZE, &limit);
      _exit(program() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "room for " << most_bytes;
  }
};

TEST_F(BadStoreFork, AFullDiskStopsTheFoldAndLosesNothing) {
  add_tasks(1);
  {
    const Result<store::Store> store = open_folded(directory_);
    ASSERT_TRUE(store.ok()) << store.status().message();
  }
  add_tasks(2);
  const uint64_t size = fs::file_size(directory_.store());
  for (const uint64_t more : {uint64_t{1} << 12, uint64_t{1} << 20, uint64_t{3} << 20}) {
    with_little_room(size + more, [this] {
      const Result<store::Store> store = open_folded(directory_);
      return store.status().code() == StatusCode::kIo &&
             store.status().message().find("nothing is lost") != std::string::npos;
    });
    EXPECT_FALSE(fs::exists(directory_.store().string() + ".damaged-1"));
  }
  const Result<store::Store> store = open_folded(directory_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(store->note(), "");
  EXPECT_EQ(integer(*store, "SELECT count(*) FROM task"), static_cast<int64_t>(2 * kTasks));
}

TEST_F(BadStoreFork, DamageInTheMiddleIsSaidAndTheStoreCanBeBuiltAgain) {
  add_tasks(1);
  std::string sum;
  {
    const Result<store::Store> store = open_folded(directory_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    sum = text(*store, "SELECT sum(d0) FROM task_slots");
  }
  const uint64_t size = fs::file_size(directory_.store());
  {
    std::fstream file(directory_.store(), std::ios::binary | std::ios::in | std::ios::out);
    for (uint64_t at = size / 4; at < size - 8192; at += 262'144) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(512, '\x5A');
    }
  }
  const auto read_all = [this]() -> Status {
    const Result<store::Store> store = open_folded(directory_);
    if (!store.ok()) return store.status();
    return store->connection().run(
        "SELECT sum(d0 + d1 + d2 + d3 + d4 + d5 + d6 + d7) FROM task_slots");
  };
  const Status damaged = read_all();
  EXPECT_EQ(damaged.code(), StatusCode::kCorrupt) << damaged.message();
  EXPECT_NE(damaged.message().find("built again from the segments kept"), std::string::npos)
      << damaged.message();
  ASSERT_TRUE(store::Store::move_aside(directory_.store(), damaged).ok());
  EXPECT_TRUE(read_all().ok());
  const Result<store::Store> store = open_folded(directory_);
  EXPECT_EQ(text(*store, "SELECT sum(d0) FROM task_slots"), sum);
}

}  // namespace
}  // namespace headrace::collect
