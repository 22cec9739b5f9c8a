// What is gathered about a run without starting one: variables, job, machine, code.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

#include "run/code.h"
#include "run/folder_for_test.h"
#include "run/job.h"
#include "run/machine.h"
#include "run/spawn.h"
#include "run/variables.h"

namespace headrace::run {
namespace {

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Variables, OnlyTheListedAreKeptAndNoSecretAmongThem) {
  EXPECT_TRUE(is_kept_variable("PATH"));
  EXPECT_TRUE(is_kept_variable("OMP_NUM_THREADS"));
  EXPECT_TRUE(is_kept_variable("SLURM_JOB_ID"));
  EXPECT_TRUE(is_kept_variable("CUDA_VISIBLE_DEVICES"));
  EXPECT_FALSE(is_kept_variable("SECRET_TOKEN"));
  EXPECT_FALSE(is_kept_variable("HOME_PAGE"));
  EXPECT_FALSE(is_kept_variable("SLURM_API_KEY"));
  EXPECT_FALSE(is_kept_variable("TF_VAR_db_password"));

  const Variable listed("OMP_NUM_THREADS", "3");
  const Variable secret("SECRET_TOKEN", "hunter2");
  const Variable inside("NCCL_PROXY", "http://me:hunter2@host");
  const std::string json = kept_variables().json();
  EXPECT_NE(json.find("\"OMP_NUM_THREADS\":\"3\""), std::string::npos);
  EXPECT_EQ(json.find("hunter2"), std::string::npos);
}

TEST(Job, IsWhatTheSchedulerSays) {
  EXPECT_TRUE(read_job().empty());
  const Variable id("SLURM_JOB_ID", "4711");
  const Variable task("SLURM_ARRAY_TASK_ID", "3");
  EXPECT_EQ(read_job().json(),
            "{\"scheduler\":\"slurm\",\"job_id\":\"4711\",\"array_task_id\":\"3\"}");
}

TEST(Machine, IsReadFromTheKernelsFiles) {
  const FolderForTest root;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root.path() / name).parent_path());
    std::ofstream(root.path() / name) << text;
  };
  write("proc/cpuinfo",
        "processor\t: 0\nmodel name\t: EPYC 7A53\nphysical id\t: 0\ncore id\t: 0\n\n"
        "processor\t: 1\nmodel name\t: EPYC 7A53\nphysical id\t: 0\ncore id\t: 0\n\n"
        "processor\t: 2\nmodel name\t: EPYC 7A53\nphysical id\t: 1\ncore id\t: 0\n\n");
  write("proc/meminfo", "MemTotal:       1024 kB\nSwapTotal: 0 kB\n");
  write("proc/self/cgroup", "0::/job/1\n");
  write("sys/fs/cgroup/job/1/memory.max", "4096\n");
  write("sys/fs/cgroup/job/1/cpu.max", "150000 100000\n");
  write("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nIRQ: 1\n");
  write("etc/os-release", "NAME=x\nPRETTY_NAME=\"SLES 15\"\n");
  const std::string json = read_machine(root.path()).json();
  for (const char* part :
       {"\"distribution\":\"SLES 15\"", R"("model":"EPYC 7A53","sockets":2,"cores":2,"threads":3)",
        "\"memory_bytes\":1048576", "\"cgroup_memory_bytes\":4096", "\"cgroup_cpus\":1.5",
        "\"gpus\":[\"NVIDIA H100\"]"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
}

TEST(Code, ScriptsAndTheirInterpretersAreFound) {
  const FolderForTest folder;
  const std::string script = folder.path() / "train.py";
  std::ofstream(script) << "print()\n";
  const std::string own = folder.path() / "solve";
  std::ofstream(own) << "#!/usr/bin/env -S sh -e\ntrue\n";
  std::filesystem::permissions(own, std::filesystem::perms::owner_all);

  const auto by_interpreter = code_of({"sh", "-e", script, "--lr"});
  ASSERT_EQ(by_interpreter.size(), 2u);
  EXPECT_EQ(by_interpreter[0].role, "executable");
  EXPECT_EQ(by_interpreter[1].role, "script");
  EXPECT_EQ(by_interpreter[1].path, script);

  const auto by_itself = code_of({own});
  ASSERT_EQ(by_itself.size(), 2u);
  EXPECT_EQ(by_itself[0].role, "script");
  EXPECT_EQ(by_itself[1].role, "interpreter");
  EXPECT_EQ(by_itself[1].path.filename(), "sh");

  EXPECT_TRUE(code_of({"no-such-program"}).empty());
  EXPECT_EQ(name_of_command({"sh", "-e", script}), "train.py");
  EXPECT_EQ(name_of_command({"python3", "-m", "pytest", "-q"}), "pytest");
  EXPECT_EQ(name_of_command({"/bin/echo", "x"}), "echo");
}

TEST(Code, ACommandIsQuotedForAShell) {
  EXPECT_EQ(quoted({"sh", "-c", "echo 'a b'", "", "x=1"}), "sh -c 'echo '\\''a b'\\''' '' x=1");
}

TEST(Spawn, ChangesOfTheEnvironmentReplace) {
  const Variable set("HEADRACE_TEST_VARIABLE", "old");
  const auto variables = environment_with({"HEADRACE_TEST_VARIABLE=new"});
  EXPECT_EQ(std::count(variables.begin(), variables.end(), "HEADRACE_TEST_VARIABLE=new"), 1);
  EXPECT_EQ(std::count(variables.begin(), variables.end(), "HEADRACE_TEST_VARIABLE=old"), 0);
}

}  // namespace
}  // namespace headrace::run
