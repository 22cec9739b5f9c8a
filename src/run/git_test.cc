#include "run/git.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "run/command_output.h"
#include "run/folder_for_test.h"

namespace headrace::run {
namespace {

class GitFactsTest : public testing::Test {
 protected:
  void git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "-C", folder_.path().string(), "-c", "user.name=n",
                                         "-c", "user.email=e@x"});
    const auto done = output_of(arguments, {}, now_monotonic_ns() + 60'000'000'000, 1 << 20);
    ASSERT_TRUE(done.ok() && done->exit_code == 0);
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
  }
  void commit_file() {
    git({"init", "-q", "-b", "work"});
    write("solver.py", "one\n");
    git({"add", "."});
    git({"commit", "-q", "-m", "first"});
  }
  const FolderForTest folder_;
};

TEST_F(GitFactsTest, OutsideOfATreeThereIsNothing) {
  const GitFacts facts = read_git(folder_.path());
  EXPECT_TRUE(facts.root.empty());
  EXPECT_TRUE(facts.nested().empty());
}

TEST_F(GitFactsTest, ACleanTreeIsItsCommit) {
  commit_file();
  const GitFacts facts = read_git(folder_.path());
  EXPECT_EQ(facts.commit.size(), 40u);
  EXPECT_EQ(facts.branch, "work");
  EXPECT_FALSE(facts.dirty);
  EXPECT_TRUE(facts.diff.empty());
  EXPECT_EQ(facts.untracked_count, 0u);
}

TEST_F(GitFactsTest, ChangesAndUntrackedFilesAreSeen) {
  commit_file();
  git({"remote", "add", "origin", "https://me:hunter2@host/x.git"});
  write("solver.py", "two\n");
  write("notes.txt", "x");
  const GitFacts facts = read_git(folder_.path());
  EXPECT_TRUE(facts.dirty);
  EXPECT_NE(facts.diff.find("-one\n+two\n"), std::string::npos);
  EXPECT_EQ(facts.untracked, std::vector<std::string>{"notes.txt"});
  EXPECT_EQ(facts.remote, "https://host/x.git");
  EXPECT_NE(facts.nested().json().find("\"dirty\":true"), std::string::npos);
}

TEST_F(GitFactsTest, ARenameIsOneChangeWithTwoPaths) {
  commit_file();
  git({"mv", "solver.py", "? other.py"});
  const GitFacts facts = read_git(folder_.path());
  EXPECT_TRUE(facts.dirty);
  EXPECT_EQ(facts.untracked_count, 0u);
  EXPECT_NE(facts.diff.find("rename to ? other.py"), std::string::npos);
}

TEST_F(GitFactsTest, BeforeTheFirstCommitThereIsNoCommit) {
  git({"init", "-q"});
  write("a", "x");
  git({"add", "a"});
  const GitFacts facts = read_git(folder_.path());
  EXPECT_TRUE(facts.commit.empty());
  EXPECT_TRUE(facts.dirty);
}

TEST_F(GitFactsTest, NothingThatTheRepositoryConfiguresIsRun) {
  commit_file();
  write("ran", "");
  const std::string spy = "touch " + (folder_.path() / "ran.really").string() + "; cat";
  git({"config", "core.fsmonitor", spy});
  git({"config", "diff.external", spy});
  write(".gitattributes", "*.py diff=spy\n");
  git({"config", "diff.spy.textconv", spy});
  write("solver.py", "two\n");
  EXPECT_NE(read_git(folder_.path()).diff.find("+two"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "ran.really"));
}

TEST_F(GitFactsTest, TooSlowSaysSo) {
  commit_file();
  EXPECT_NE(read_git(folder_.path(), 0).missing.find("too long"), std::string::npos);
}

}  // namespace
}  // namespace headrace::run
