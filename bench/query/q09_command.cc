// A command started anew that answers q02, beside a bare program that opens the plain tables.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "made_tasks.h"
#include "questions.h"

extern char** environ;  // NOLINT: as POSIX names it

namespace headrace::bench {
namespace {

// Runs a program to its end with its output thrown away; why it failed, or "".
std::string run_program(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return "cannot start " + words[0];
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? "" : words[0] + " failed";
}

}  // namespace

void q09_command(Bench& bench) {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string headrace = here / "headrace";
  const std::string bare = here / "headrace_bench_bare_duckdb";
  const auto measure = [&](const std::string& name, const std::string& sql) {
    Row row{.name = name, .budget_ms = 60, .most_times_plain = 2.3};
    row.floor = "a bare program with libduckdb";
    row.floor_ms = least_ms([&] { row.problem += run_program({bare, bench.plain_file(), sql}); });
    row.ms = least_ms([&] {
      row.problem +=
          run_program({headrace, "--dir", bench.root(), "query", "--format", "csv", sql});
    });
    bench.add(row);
  };
  const std::string select = "SELECT task_id, activity, status, started_at, duration_s FROM task ";
  measure("q09 command: tasks of one workflow",
          select + "WHERE workflow_id = '" + workflow_uuid(617).text() + "' ORDER BY started_at");
  measure("q09 command: one task by id",
          select + "WHERE task_id = '" +
              task_uuid(producer_uid(2), (uint64_t{1} << 40) + bench.tasks() / 10).text() + "'");
}

}  // namespace headrace::bench
