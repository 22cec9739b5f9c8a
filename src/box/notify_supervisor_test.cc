// Real programs under a real supervisor. What it writes is compared with strace in tests/boxes.
#include "box/notify_supervisor.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <linux/seccomp.h>
#include <new>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "box/elf.h"
#include "box/notify_spawn.h"

extern char** environ;

namespace headrace::box {
namespace {

namespace fs = std::filesystem;

struct Seen {
  LogHeader image;
  BoxKind kind;
  RecordHeader record;
  FileBody file;
  std::string path;
  std::string path2;
};

std::vector<Seen> read_log(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::vector<Seen> out;
  LogHeader image{};
  std::memcpy(&image, bytes.data(), sizeof image);
  EXPECT_EQ(image.magic, kLogMagic);
  EXPECT_EQ(image.mechanism, Mechanism::kNotify);
  for (size_t at = kLogHeaderBytes; at < image.tail;) {
    Seen one{image, {}, {}, {}, {}, {}};
    std::memcpy(&one.record, &bytes[at], sizeof one.record);
    EXPECT_EQ(one.record.mark, kRecordMark);
    if (one.record.size_bytes == 0) break;
    one.kind = one.record.kind;
    const size_t body = body_bytes(one.kind);
    if (body == sizeof one.file) std::memcpy(&one.file, &bytes[at + 48], body);
    one.path = bytes.substr(at + 48 + body, one.record.path_bytes);
    one.path2 = bytes.substr(at + 48 + body + one.record.path_bytes, one.record.path2_bytes);
    out.push_back(one);
    at += one.record.size_bytes;
  }
  return out;
}

class Supervised : public testing::Test {
 protected:
  Supervised() {
    std::string pattern = "/dev/shm/headrace-supervised-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      pattern = (fs::temp_directory_path() / "headrace-supervised-XXXXXX").string();
      EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    }
    folder_ = pattern;
    fs::create_directory(folder_ / "logs");
  }
  ~Supervised() override { fs::remove_all(folder_); }

  // What wait() says of `sh -c script`, run in the folder.
  int run(const std::string& script) {
    return run_command({"sh", "-c", "cd " + folder_.string() + "; " + script});
  }
  int run_command(std::vector<std::string> command) {
    SupervisedPlan plan;
    plan.command = std::move(command);
    for (char** at = environ; *at != nullptr; ++at) plan.environment.emplace_back(*at);
    SupervisedSpawn spawn;
    const Status started = spawn.start(plan);
    EXPECT_TRUE(started.ok()) << started.message();
    if (!started.ok()) return -1;
    Supervisor supervisor(spawn.listener(), (folder_ / "logs").string());
    EXPECT_TRUE(supervisor.guard().ok()) << supervisor.guard().message();
    exec_error_ = spawn.finish();
    int status = -1;
    if (exec_error_ == 0) waitpid(spawn.pid(), &status, 0);
    supervisor.finish(wait_ms_);
    counts_ = supervisor.counts();
    return status;
  }
  std::vector<Seen> seen() {
    std::vector<Seen> out;
    for (const auto& entry : fs::directory_iterator(folder_ / "logs")) {
      if (entry.path().extension() != ".box") continue;  // base/run_folder.h
      const std::vector<Seen> one = read_log(entry.path());
      out.insert(out.end(), one.begin(), one.end());
    }
    return out;
  }
  std::vector<Seen> of(BoxKind kind, const std::string& name) {
    std::vector<Seen> out = seen();
    out.erase(std::remove_if(out.begin(), out.end(),
                             [&](const Seen& one) {
                               return one.kind != kind || one.path != (folder_ / name).string();
                             }),
              out.end());
    return out;
  }
  bool build(const std::string& source, const std::string& options = "") {
    std::ofstream(folder_ / "program.c") << source;
    const std::string folder = folder_.string();
    return std::system(("cc -O1 -w " + folder + "/program.c -o " + folder + "/program -lpthread " +
                        options + " 2>/dev/null")
                           .c_str()) == 0;
  }

  fs::path folder_;
  int exec_error_ = 0;
  int wait_ms_ = 2000;
  Supervisor::Counts counts_;
};

TEST_F(Supervised, FilesAreSeenWithTheirSizes) {
  EXPECT_EQ(run("printf 12345 > a; cat a > b; exit 3"), 3 << 8);
  const std::vector<Seen> a = of(BoxKind::kOpen, "a");
  ASSERT_EQ(a.size(), 2U);
  const Seen& read = a[0].file.open_flags % 4 == O_RDONLY ? a[0] : a[1];
  EXPECT_EQ(read.file.size_bytes, 5);
  struct stat facts {};
  ASSERT_EQ(stat((folder_ / "a").c_str(), &facts), 0);
  EXPECT_EQ(read.file.ino, facts.st_ino);
  EXPECT_EQ(read.file.dev, facts.st_dev);
  ASSERT_EQ(stat((folder_ / "b").c_str(), &facts), 0);
  int64_t closed_bytes = 0;
  for (const Seen& one : seen()) {
    if (one.kind == BoxKind::kClose && one.file.ino == facts.st_ino) {
      closed_bytes = std::max(closed_bytes, one.file.size_bytes);
    }
  }
  EXPECT_EQ(closed_bytes, 5);
  EXPECT_FALSE(counts_.left_behind);
}

TEST_F(Supervised, ProcessesSayWhoTheyAre) {
  EXPECT_EQ(run("cat /dev/null; (exit 7)"), 7 << 8);
  int shells = 0;
  int forks = 0;
  LogHeader shell{};
  for (const Seen& one : seen()) {
    if (one.kind == BoxKind::kArguments && one.path.rfind("sh", 0) == 0) {
      ++shells;
      if (one.image.is_fork_child == 0) shell = one.image;
      forks += one.image.is_fork_child != 0 ? 1 : 0;
    }
  }
  EXPECT_EQ(shells, 2);
  EXPECT_EQ(forks, 1);
  EXPECT_EQ(shell.parent_pid, getpid());
  for (const Seen& one : seen()) {
    EXPECT_EQ(one.image.lost_records, 0U);
    if (one.kind == BoxKind::kArguments && one.path == std::string("cat\0/dev/null\0", 14)) {
      EXPECT_EQ(one.image.parent_pid, shell.pid);
      EXPECT_EQ(one.image.parent_epoch, shell.epoch);
      EXPECT_EQ(one.image.parent_start_time_ticks, shell.start_time_ticks);
    }
    if (one.kind == BoxKind::kExit && one.image.is_fork_child != 0) {
      EXPECT_EQ(one.record.result, 7);
    }
  }
}

TEST_F(Supervised, WhatFailsIsNotClaimed) {
  std::ofstream(folder_ / "there") << "x";
  ASSERT_TRUE(build(R"(
    #include <fcntl.h>
    #include <stdio.h>
    #include <sys/resource.h>
    #include <unistd.h>
    int main(void) {
      open("gone", O_RDONLY);
      open("there", O_CREAT | O_EXCL | O_WRONLY, 0644);
      open("there", O_DIRECTORY);
      open("there/below", O_RDONLY);
      rename("gone", "new");
      unlink("gone");
      mkdir("there", 0755);
      link("there", "no/such/folder");
      execl("gone", "gone", NULL);
      struct rlimit none = {0, 0};
      setrlimit(RLIMIT_NOFILE, &none);
      open("there", O_RDONLY);
      return 0;
    })"));
  EXPECT_EQ(run("exec ./program"), 0);
  EXPECT_TRUE(of(BoxKind::kOpen, "gone").empty());
  EXPECT_TRUE(of(BoxKind::kOpen, "there").empty());
  uint64_t failed = 0;
  for (const Seen& one : seen()) {
    EXPECT_NE(one.kind, BoxKind::kRename) << one.path;
    EXPECT_NE(one.kind, BoxKind::kLink) << one.path;
    EXPECT_NE(one.kind, BoxKind::kUnlink) << one.path;
    EXPECT_NE(one.kind, BoxKind::kMakeDirectory) << one.path;
    failed = std::max(failed, one.image.failed_opens);
  }
  EXPECT_GE(failed, 5U);
}

TEST_F(Supervised, ThreadsThatOpenAtOnceAreAllSeen) {
  ASSERT_TRUE(build(R"(
    #include <fcntl.h>
    #include <pthread.h>
    #include <stdio.h>
    #include <unistd.h>
    void* work(void* n) {
      for (int i = 0; i < 50; ++i) {
        char name[32], to[32];
        sprintf(name, "t%ld-%d", (long)n, i);
        sprintf(to, "r%ld-%d", (long)n, i);
        int fd = open(name, O_CREAT | O_WRONLY, 0644);
        if (write(fd, name, 4) != 4) _exit(1);
        close(fd);
        rename(name, to);
      }
      return NULL;
    }
    int main(void) {
      pthread_t threads[8];
      for (long n = 0; n < 8; ++n) pthread_create(&threads[n], NULL, work, (void*)n);
      for (int n = 0; n < 8; ++n) pthread_join(threads[n], NULL);
      return 0;
    })"));
  EXPECT_EQ(run("exec ./program"), 0);
  int opened = 0;
  int renamed = 0;
  for (const Seen& one : seen()) {
    const std::string name = fs::path(one.path).filename().string();
    opened += one.kind == BoxKind::kOpen && name[0] == 't' && one.file.ino != 0 ? 1 : 0;
    renamed += one.kind == BoxKind::kRename ? 1 : 0;
  }
  EXPECT_EQ(opened, 400);
  EXPECT_EQ(renamed, 400);
}

TEST_F(Supervised, AStormOfProcessesIsSeenWhole) {
  EXPECT_EQ(run("i=0; while [ $i -lt 1000 ]; do cat /dev/null || exit 9; i=$((i+1)); done; exit 4"),
            4 << 8);
  int ended = 0;
  for (const Seen& one : seen()) ended += one.kind == BoxKind::kExit ? 1 : 0;
  EXPECT_EQ(ended, 1001);
  EXPECT_EQ(counts_.processes, 1001U);
}

TEST_F(Supervised, ManyProcessesAtOnceAreSeen) {
  EXPECT_EQ(run("i=0; while [ $i -lt 100 ]; do (echo $i > f$i; cat f$i > g$i) & i=$((i+1)); done; "
                "wait"),
            0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(of(BoxKind::kOpen, "g" + std::to_string(i)).size(), 1U);
  }
}

TEST_F(Supervised, AKilledProgramKeepsItsOpensAndIsNotClaimedWhole) {
  EXPECT_EQ(run("exec 5>left; echo x >&5; kill -9 $$"), SIGKILL);
  const std::vector<Seen> left = of(BoxKind::kOpen, "left");
  ASSERT_EQ(left.size(), 1U);
  for (const Seen& one : seen()) EXPECT_NE(one.kind, BoxKind::kExit);
}

TEST_F(Supervised, UseOfIoUringIsMarked) {
  ASSERT_TRUE(build(R"(
    #include <string.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(void) {
      char parameters[256];
      memset(parameters, 0, sizeof parameters);
      syscall(SYS_io_uring_setup, 4, parameters);
      return 0;
    })"));
  EXPECT_EQ(run("exec ./program"), 0);
  bool marked = false;
  for (const Seen& one : seen()) {
    if (one.kind != BoxKind::kBlindSpot) continue;
    marked = true;
    EXPECT_EQ(one.record.flags, kSeenIoUring);
    EXPECT_NE(one.image.flags & kLogIoUring, 0U);
  }
  EXPECT_TRUE(marked);
}

TEST_F(Supervised, CallsOf32BitProgramsAreMarked) {
  if (!build("#include <stdio.h>\nint main(void) { return fopen(\"x\", \"w\") == NULL; }",
             "-m32")) {
    GTEST_SKIP() << "no 32-bit libc here";
  }
  EXPECT_EQ(run("exec ./program"), 0);
  bool marked = false;
  for (const Seen& one : seen()) {
    marked = marked || (one.kind == BoxKind::kBlindSpot && one.record.flags == kBlindMachine);
  }
  EXPECT_TRUE(marked);
}

TEST_F(Supervised, WhatCannotStartSaysWhy) {
  run_command({"no-such-program-here"});
  EXPECT_EQ(exec_error_, ENOENT);
  run_command({folder_.string()});
  EXPECT_EQ(exec_error_, EACCES);
  EXPECT_FALSE(counts_.left_behind);
}

TEST_F(Supervised, ASecondSupervisorIsRefused) {
  SupervisedPlan plan;
  plan.command = {"sleep", "60"};
  // The child of a supervised program tries to supervise one of its own.
  const pid_t child = fork();
  if (child == 0) {
    SupervisedSpawn outer;
    SupervisedPlan nested;
    nested.command = {"/proc/self/exe", "--gtest_filter=SupervisedInside.IsRefused",
                      "--gtest_also_run_disabled_tests"};
    nested.environment = {"PATH=/bin:/usr/bin", "HEADRACE_TEST_INSIDE=1"};
    if (!outer.start(nested).ok()) _exit(2);
    Supervisor supervisor(outer.listener(), (folder_ / "logs").string());
    if (outer.finish() != 0) _exit(3);
    int status = 0;
    waitpid(outer.pid(), &status, 0);
    supervisor.finish();
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(SupervisedInside, IsRefused) {
  if (std::getenv("HEADRACE_TEST_INSIDE") == nullptr) {
    GTEST_SKIP() << "runs inside ASecondSupervisorIsRefused";
  }
  SupervisedPlan plan;
  plan.command = {"true"};
  SupervisedSpawn spawn;
  const Status started = spawn.start(plan);
  EXPECT_EQ(started.code(), StatusCode::kUnsupported);
  EXPECT_NE(started.message().find("another supervisor"), std::string::npos) << started.message();
}

TEST_F(Supervised, ProgramsThatOutliveTheSupervisorGoOn) {
  wait_ms_ = 0;
  const std::string done = (folder_ / "done").string();
  EXPECT_EQ(
      run("(trap '' HUP; sleep 0.3; cat /dev/null && echo 1 > done.part && mv done.part done) "
          ">/dev/null 2>&1 &"),
      0);
  EXPECT_TRUE(counts_.left_behind);
  for (int i = 0; i < 500 && !fs::exists(done); ++i) usleep(20000);
  EXPECT_TRUE(fs::exists(done));
}

TEST_F(Supervised, ProgramsGoOnWhenTheSupervisorIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    SupervisedPlan plan;
    plan.command = {
        "sh", "-c",
        "cd " + folder_.string() +
            "; touch ready; sleep 0.3; cat /dev/null && touch done.part && mv done.part "
            "done"};
    plan.environment = {"PATH=/bin:/usr/bin"};
    SupervisedSpawn spawn;
    if (!spawn.start(plan).ok()) _exit(2);
    Supervisor supervisor(spawn.listener(), (folder_ / "logs").string());
    spawn.finish();
    pause();
  }
  for (int i = 0; i < 500 && !fs::exists(folder_ / "ready"); ++i) usleep(20000);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  for (int i = 0; i < 500 && !fs::exists(folder_ / "done"); ++i) usleep(20000);
  EXPECT_TRUE(fs::exists(folder_ / "done"));
}

// Killed between taking a call and answering it; once also before it could say which.
TEST_F(Supervised, ACallThatItsKilledSupervisorTookGoesOn) {
  for (const bool said : {true, false}) {
    const fs::path done = folder_ / (said ? "said" : "unsaid");
    const pid_t child = fork();
    if (child == 0) {
      SupervisedPlan plan;
      plan.command = {"sh", "-c", "echo > " + done.string()};
      plan.environment = {"PATH=/bin:/usr/bin"};
      SupervisedSpawn spawn;
      if (!spawn.start(plan).ok()) _exit(2);
      void* const shared =
          mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (shared == MAP_FAILED) _exit(3);
      auto* const taken = new (shared) std::atomic<uint64_t>(0);
      int ends[2];
      if (pipe(ends) != 0 || start_guard(spawn.listener(), ends[0], taken) < 0) _exit(4);
      close(ends[0]);
      alignas(seccomp_notif) char bytes[256] = {};
      auto* const call = reinterpret_cast<seccomp_notif*>(bytes);
      while (ioctl(spawn.listener(), SECCOMP_IOCTL_NOTIF_RECV, call) != 0) {
        if (errno != EINTR && errno != ENOENT) _exit(5);
      }
      taken->store(said ? call->id : call->id - 1);
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    for (int i = 0; i < 500 && !fs::exists(done); ++i) usleep(20000);
    EXPECT_TRUE(fs::exists(done)) << said;
  }
}

TEST_F(Supervised, AnOrdinaryUserNeedsNoPrivilege) {
  if (geteuid() != 0) GTEST_SKIP() << "is one already: all tests here show it";
  const pid_t child = fork();
  fs::permissions(folder_, fs::perms::all);
  fs::permissions(folder_ / "logs", fs::perms::all);
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
    const int status = run("echo 1 > mine; ls -l mine > /dev/null");
    _exit(status == 0 && !HasFailure() ? 0 : 8);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(of(BoxKind::kOpen, "mine").size(), 1U);
}

TEST_F(Supervised, ProgramsThatNeedAPrivilegeAreRefused) {
  EXPECT_TRUE(can_supervise("/bin/sh").ok());
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const fs::path program = folder_ / "privileged";
  fs::copy_file("/bin/true", program);
  ASSERT_EQ(chown(program.c_str(), 0, 0), 0);
  chmod(program.c_str(), 04755);
  EXPECT_TRUE(can_supervise(program.string()).ok());
  fs::permissions(folder_, fs::perms::all);
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
    const Status status = can_supervise(program.string());
    _exit(status.code() == StatusCode::kUnsupported &&
                  status.message().find("privilege") != std::string::npos
              ? 0
              : 8);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace headrace::box
