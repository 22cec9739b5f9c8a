#include "telemetry/election.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

TEST(Election, OneIsElectedForAFolderAndTheNextOnceItResigns) {
  const Tree tree;
  Election first(tree.path());
  Election second(tree.path());
  EXPECT_TRUE(first.stand());
  EXPECT_TRUE(first.stand());
  EXPECT_FALSE(second.stand());
  first.resign();
  EXPECT_TRUE(second.stand());
}

TEST(Election, TwoFoldersHaveTwo) {
  const Tree one;
  const Tree other;
  Election first(one.path());
  Election second(other.path());
  EXPECT_TRUE(first.stand());
  EXPECT_TRUE(second.stand());
}

TEST(Election, TheSameFolderByAnotherPathIsTheSame) {
  const Tree tree;
  tree.write("a/b", "");
  Election first(tree.path("a"));
  Election second(tree.path("a/../a"));
  EXPECT_TRUE(first.stand());
  EXPECT_FALSE(second.stand());
}

// What the elected does when it is killed, and what its fork children must not hold on to.
TEST(Election, AKilledProcessIsSucceededAlthoughItsForkChildLives) {
  const Tree tree;
  int ready[2];
  int release[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(release), 0);
  const pid_t elected = fork();
  if (elected == 0) {
    Election mine(tree.path());
    if (!mine.stand()) _exit(1);
    if (fork() == 0) {
      char byte = 'c';
      if (write(ready[1], &byte, 1) != 1 || read(release[0], &byte, 1) < 0) _exit(2);
      _exit(0);
    }
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  Election next(tree.path());
  EXPECT_FALSE(next.stand());
  kill(elected, SIGKILL);
  waitpid(elected, nullptr, 0);
  EXPECT_TRUE(next.stand());
  EXPECT_EQ(write(release[1], &byte, 1), 1);
  for (const int fd : {ready[0], ready[1], release[0], release[1]}) close(fd);
}

}  // namespace
}  // namespace headrace::telemetry
