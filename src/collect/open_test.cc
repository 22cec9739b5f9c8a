#include "collect/open.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/fold_fixture.h"
#include "store/amendment.h"
#include "store/schema.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class OpenTest : public FoldTest {
 protected:
  void SetUp() override {
    FoldTest::SetUp();
    // A child that is another user must reach it.
    fs::permissions(directory_.root.parent_path(), fs::perms::all);
    options_.store.wait_ms = 50;
  }
  void TearDown() override {
    fs::permissions(directory_.root, fs::perms::owner_all);
    FoldTest::TearDown();
  }
  void add_tasks(ProducerId uid, uint64_t count) {
    SpoolFixture p(directory_, uid);
    p.describe({{"host", "h"}, {"pid", "1"}, {"ended", "clean"}});
    const uint32_t activity = p.activity("a");
    const uint32_t wf = p.workflow_id(named_uuid("w", std::to_string(uid)));
    p.workflow({.workflow = wf, .name = p.string("w"), .begin = 1});
    for (uint64_t n = 1; n <= count; ++n) {
      p.task({.activity = activity, .workflow = wf, .number = n, .begin = n, .end = n + 1});
    }
    p.seal();
  }
  int64_t tasks_now() {
    Result<store::Store> store = open_folded(directory_, options_);
    EXPECT_TRUE(store.ok()) << store.status().message();
    if (!store.ok()) return -1;
    note_ = store->note();
    return integer(*store, "SELECT count(*) FROM task");
  }
  // Runs `program` in a child; true when it returns true. A child of root is an ordinary user.
  static bool in_child(const std::function<bool()>& program) {
    const pid_t pid = fork();
    if (pid == 0) {
      if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(9);
      _exit(program() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  OpenOptions options_;
  std::string note_;
};

TEST_F(OpenTest, FoldsWhatIsNewAndOnlyThen) {
  add_tasks(1, 3);
  FoldReport report;
  options_.report = &report;
  EXPECT_EQ(tasks_now(), 3);
  EXPECT_EQ(report.tasks, 3u);
  report = {};
  EXPECT_EQ(tasks_now(), 3);
  EXPECT_EQ(report.segments, 0u);
  add_tasks(2, 2);
  EXPECT_EQ(tasks_now(), 5);
  EXPECT_EQ(report.tasks, 2u);
  EXPECT_EQ(note_, "");
}

TEST_F(OpenTest, SaysWhatIsMissing) {
  const Directory nowhere{directory_.root / "absent"};
  const Status status = open_folded(nowhere).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("HEADRACE_DIR"), std::string::npos);
  fs::remove_all(directory_.spool());
  EXPECT_EQ(open_folded(directory_).status().code(), StatusCode::kNotFound);
}

// Readers of one process, then two processes: one that holds the store for writing, one for
// reading.
TEST_F(OpenTest, WaitsForAnotherProcessAndThenSaysWho) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  {
    Result<store::Store> one = open_folded(directory_, options_);
    Result<store::Store> two = open_folded(directory_, options_);
    EXPECT_TRUE(one.ok() && two.ok()) << two.status().message();
  }
  for (const store::OpenMode mode : {store::OpenMode::kReadWrite, store::OpenMode::kReadOnly}) {
    int ready[2];
    int done[2];
    ASSERT_EQ(pipe(ready) + pipe(done), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      Result<store::Store> held = store::Store::open(directory_.store(), mode);
      char byte = held.ok() ? 'y' : 'n';
      if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(1);
      _exit(0);
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    ASSERT_EQ(byte, 'y');
    add_tasks(mode == store::OpenMode::kReadWrite ? 2 : 3, 1);
    Result<store::Store> store = open_folded(directory_, options_);
    if (mode == store::OpenMode::kReadWrite) {
      EXPECT_EQ(store.status().code(), StatusCode::kUnavailable);
      EXPECT_NE(store.status().message().find("process " + std::to_string(pid)), std::string::npos)
          << store.status().message();
    } else {
      // Another reader does not keep us from reading, only from folding.
      ASSERT_TRUE(store.ok()) << store.status().message();
      EXPECT_EQ(integer(*store, "SELECT count(*) FROM task"), 4);
      EXPECT_NE(store->note().find("last fold"), std::string::npos) << store->note();
    }
    ASSERT_EQ(write(done[1], "x", 1), 1);
    ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
    for (const int fd : {ready[0], ready[1], done[0], done[1]}) close(fd);
    if (mode == store::OpenMode::kReadWrite) {
      EXPECT_EQ(tasks_now(), 4);
    }
  }
  EXPECT_EQ(tasks_now(), 5);
}

// The holder goes away while we wait.
TEST_F(OpenTest, GoesOnWhenTheOtherProcessHasFinished) {
  add_tasks(1, 3);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    Result<store::Store> held = store::Store::open(directory_.store(), store::OpenMode::kReadWrite);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    usleep(200'000);
    _exit(held.ok() ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  options_.store.wait_ms = 60'000;
  EXPECT_EQ(tasks_now(), 3);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(OpenTest, AFolderThatCannotBeWrittenIsReadAllTheSame) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  add_tasks(2, 2);
  const auto read_only = fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                         fs::perms::others_exec;
  fs::permissions(directory_.root, read_only);
  EXPECT_TRUE(in_child([this] {
    Result<store::Store> store = open_folded(directory_, options_);
    return store.ok() && integer(*store, "SELECT count(*) FROM task") == 5 &&
           integer(*store, "SELECT count(*) FROM workflow") == 2 &&
           store->note().find("cannot be written") != std::string::npos;
  }));
  // Without any store, too.
  fs::permissions(directory_.root, fs::perms::owner_all);
  fs::remove(directory_.store());
  fs::permissions(directory_.root, read_only);
  EXPECT_TRUE(in_child([this] {
    Result<store::Store> store = open_folded(directory_, options_);
    return store.ok() && integer(*store, "SELECT count(*) FROM task") == 5;
  }));
  EXPECT_FALSE(fs::exists(directory_.store()));
}

TEST_F(OpenTest, AnOlderSchemaIsBuiltAgainFromTheSegmentsAndKeepsAmendments) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  {
    Result<store::Store> store = open_for_change(directory_, options_);
    ASSERT_TRUE(store.ok());
    const store::Amendment tag{"workflow", named_uuid("w", "1"), "tag", "baseline=yes"};
    const store::Amendment note{"workflow", named_uuid("w", "1"), "note", "it's \"fine\""};
    ASSERT_TRUE(store::amend(*store, tag).ok());
    ASSERT_TRUE(store::amend(*store, note).ok());
    ASSERT_TRUE(store->connection()
                    .run("UPDATE meta SET value = '0' WHERE key = 'schema_version'; DROP VIEW task")
                    .ok());
  }
  EXPECT_EQ(tasks_now(), 3);
  EXPECT_NE(note_.find("built again"), std::string::npos) << note_;
  EXPECT_EQ(tasks_now(), 3);
  EXPECT_EQ(note_, "");
  Result<store::Store> store = open_folded(directory_, options_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(text(*store, "SELECT tags || note FROM workflow"), R"({"baseline":"yes"}it's "fine")");
}

TEST_F(OpenTest, ViewsOfAnotherVersionAreMadeAgain) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  {
    Result<store::Store> store = open_for_change(directory_, options_);
    ASSERT_TRUE(store->connection()
                    .run("CREATE OR REPLACE VIEW task AS SELECT 1 AS other; "
                         "UPDATE meta SET value = 'old' WHERE key = 'views'")
                    .ok());
  }
  Result<store::Store> store = open_for_change(directory_, options_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(integer(*store, "SELECT count(activity) FROM task"), 3);
  EXPECT_EQ(store->note(), "");
}

TEST_F(OpenTest, ANewerSchemaIsRefusedAndLeftAlone) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  {
    Result<store::Store> store = open_for_change(directory_, options_);
    ASSERT_TRUE(
        store->connection().run("UPDATE meta SET value = '999' WHERE key = 'schema_version'").ok());
  }
  const Status status = open_folded(directory_, options_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("newer headrace"), std::string::npos) << status.message();
  EXPECT_TRUE(fs::exists(directory_.store()));
}

TEST_F(OpenTest, ADamagedStoreIsMovedAsideAndBuiltAgain) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  // The third lies where DuckDB's file keeps what tables there are.
  const auto block = [this] {
    Result<store::Store> store = open_folded(directory_, options_);
    EXPECT_TRUE(store.ok());
    return integer(*store, "SELECT max(block_id) FROM pragma_metadata_info()");
  };
  for (const uint64_t at : {uint64_t{0}, uint64_t{4096}, 12288 + 262144 * uint64_t(block())}) {
    {
      std::fstream file(directory_.store(), std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(5000, '\x5A');
    }
    EXPECT_EQ(tasks_now(), 3) << "damaged at " << at;
    EXPECT_NE(note_.find("damaged"), std::string::npos) << note_;
    EXPECT_EQ(tasks_now(), 3);
  }
  EXPECT_TRUE(fs::exists(directory_.store().string() + ".damaged-3"));
}

TEST_F(OpenTest, AStoreThatWasCutShortIsBuiltAgain) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  const uint64_t whole = fs::file_size(directory_.store());
  for (const uint64_t part : {1, 2}) {
    fs::resize_file(directory_.store(), whole / 4 * part);
    EXPECT_EQ(tasks_now(), 3) << "cut to " << part << " quarters";
    EXPECT_NE(note_.find("damaged"), std::string::npos) << note_;
  }
}

TEST_F(OpenTest, AStoreWithAnotherVersionsViewsGetsThisOnes) {
  add_tasks(1, 3);
  ASSERT_EQ(tasks_now(), 3);
  {
    Result<store::Store> store = open_for_change(directory_, options_);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(store->connection()
                    .run("CREATE OR REPLACE VIEW log AS SELECT 1 AS other;"
                         "UPDATE meta SET value = 'other' WHERE key = 'views'")
                    .ok());
  }
  EXPECT_FALSE(store::Store::open(directory_.store(), store::OpenMode::kReadOnly, {}).ok());
  Result<store::Store> store = open_folded(directory_, options_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(integer(*store, "SELECT count(*) FROM log WHERE time IS NULL"), 0);
}

TEST_F(OpenTest, WhatWasRemovedStaysAway) {
  add_tasks(1, 3);
  add_tasks(2, 2);
  ASSERT_EQ(tasks_now(), 5);
  {
    Result<store::Store> store = open_for_change(directory_, options_);
    ASSERT_TRUE(store::amend(*store, {"workflow", named_uuid("w", "1"), "remove", ""}).ok());
    EXPECT_EQ(store::amend(*store, {"workflow", {}, "explode", ""}).code(),
              StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(tasks_now(), 2);
  fs::remove(directory_.store());
  EXPECT_EQ(tasks_now(), 2) << "folded again from the segments";
  Result<store::Store> store = open_folded(directory_, options_);
  EXPECT_EQ(integer(*store, "SELECT count(*) FROM workflow"), 1);
}

}  // namespace
}  // namespace headrace::collect
