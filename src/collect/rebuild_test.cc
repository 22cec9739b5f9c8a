// A store of another schema version: brought to ours, or left as it is, and never in between.
#include "collect/rebuild.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/every_kind_fixture.h"
#include "collect/fold_fixture.h"
#include "store/held_store.h"
#include "store/migration.h"
#include "store/schema.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class RebuildFork : public FoldTest {
 protected:
  void SetUp() override {
    FoldTest::SetUp();
    record_everything(directory_);
    const store::Store store = opened();
    tasks_ = integer(store, "SELECT count(*) FROM task");
  }
  store::Store opened() {
    Result<store::Store> store = open_for_change(directory_);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(*store);
  }
  // As 2 was: the energy of a task knew neither activity nor workflow.
  void make_version(int version) {
    const store::Store store = opened();
    const Status made = store.connection().run(
        "INSERT INTO task_energy_row(producer, seq, domain, attributed_j) SELECT producer, seq, "
        "'node', 1 FROM task_slots;"
        "ALTER TABLE task_energy_row DROP COLUMN activity; ALTER TABLE task_energy_row DROP COLUMN "
        "wf; ALTER TABLE task_energy_row DROP COLUMN self_j; ALTER TABLE task_energy_row DROP "
        "COLUMN "
        "share_j; ALTER TABLE task_energy_row DROP COLUMN split_u95_j; ALTER TABLE task_energy_row "
        "DROP COLUMN resolution; ALTER TABLE task_energy_row DROP COLUMN reason; DROP TABLE "
        "activity_energy_row; DROP TABLE energy_domain_row; DROP TABLE exposure_row; DROP TABLE "
        "layer_energy_row; ALTER TABLE energy_mark DROP COLUMN exposures; UPDATE meta SET value = "
        "'" +
        std::to_string(version) +
        "' WHERE key = 'schema_version'; UPDATE meta SET value = 'old' WHERE key = 'views'");
    ASSERT_TRUE(made.ok()) << made.message();
  }
  void drop_segments() {
    for (const auto& entry : fs::directory_iterator(directory_.spool())) fs::remove(entry.path());
  }
  std::string bytes() {
    std::ifstream file(directory_.store(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The exit code of a child that runs this, or minus the signal that ended it.
  static int in_child(const std::function<int()>& program) {
    const pid_t pid = fork();
    if (pid == 0) _exit(program());
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  int64_t tasks_ = 0;
};

TEST_F(RebuildFork, AVersion2StoreIsMigratedInPlaceWithoutItsSegments) {
  make_version(2);
  drop_segments();
  const store::Store store = opened();
  EXPECT_EQ(store.note(), "");
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), tasks_);
  EXPECT_EQ(integer(store, "SELECT value::BIGINT FROM meta WHERE key = 'schema_version'"),
            store::kSchemaVersion);
  // All is computed anew, and of these tasks no sensor tells anything.
  EXPECT_EQ(integer(store, "SELECT count(activity) + count(share_j) + count(*) FROM task_energy"),
            0);
}

TEST_F(RebuildFork, AStoreThatNothingMigratesIsBuiltAgainFromItsSegments) {
  make_version(1);
  const store::Store store = opened();
  EXPECT_NE(store.note().find("built again"), std::string::npos) << store.note();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), tasks_);
  EXPECT_FALSE(fs::exists(directory_.store().string() + ".rebuilt"));
}

TEST_F(RebuildFork, WithoutItsSegmentsItIsRefusedAndNotTouched) {
  make_version(1);
  drop_segments();
  const std::string before = bytes();
  const Status refused = open_for_change(directory_).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnsupported);
  const std::string versions =
      "schema version 1, this program " + std::to_string(store::kSchemaVersion);
  for (const std::string& words :
       {versions, std::string("1 of its 1 segments"), std::string("nothing was changed")}) {
    EXPECT_NE(refused.message().find(words), std::string::npos) << refused.message();
  }
  EXPECT_EQ(bytes(), before);
}

TEST_F(RebuildFork, ANewerStoreNamesBothVersions) {
  make_version(99);
  const std::string before = bytes();
  const Status refused = open_folded(directory_).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnsupported);
  EXPECT_NE(refused.message().find("schema version 99, this program reads up to " +
                                   std::to_string(store::kSchemaVersion)),
            std::string::npos)
      << refused.message();
  EXPECT_EQ(bytes(), before);
}

TEST_F(RebuildFork, KilledHalfWayTheOldStoreIsThere) {
  make_version(2);
  const auto killed = [this](const std::function<void()>& program) {
    EXPECT_EQ(in_child([&program] {
                alarm(1);  // ends it in the middle
                signal(SIGALRM, SIG_DFL);
                program();
                return 0;
              }),
              -SIGALRM);
    const Result<store::HeldStore> old = store::HeldStore::open(directory_.store(), {});
    ASSERT_TRUE(old.ok()) << old.status().message();
    EXPECT_EQ(old->schema_version(), 2);
  };
  killed([this] {
    const Result<store::Database> database = store::Database::open(directory_.store(), {});
    const std::vector<store::Migration> steps = {
        {2,
         "DELETE FROM task_slots; DROP TABLE sample_row; SELECT count(*) FROM "
         "range(100000000) a, range(100000000) b WHERE a.range + b.range = 7"}};
    static_cast<void>(store::migrate(*database->connect(), steps, 2, 3));
  });
  const store::Store store = opened();
  EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), tasks_);
  EXPECT_EQ(integer(store, "SELECT count(*) FROM sample_row"), 4);
}

TEST_F(RebuildFork, AFullDiskLeavesTheOldStore) {
  for (const int version : {1, 2}) {
    make_version(version);
    const auto size = fs::file_size(directory_.store());
    const int code = in_child([this] {
      signal(SIGXFSZ, SIG_IGN);
      constexpr rlim_t kRoom = 16 << 10;
      const rlimit limit{kRoom, kRoom};
      setrlimit(RLIMIT_FSIZE, &limit);
      return open_for_change(directory_).status().code() == StatusCode::kIo ? 0 : 1;
    });
    EXPECT_EQ(code, 0) << version;
    EXPECT_EQ(fs::file_size(directory_.store()), size);
    EXPECT_FALSE(fs::exists(directory_.store().string() + ".rebuilt"));
    const store::Store store = opened();
    EXPECT_EQ(integer(store, "SELECT count(*) FROM task"), tasks_) << version;
  }
}

}  // namespace
}  // namespace headrace::collect
