#include "run/run_program.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>
#include <unistd.h>

#include "capture/recorder.h"
#include "capture/task.h"
#include "capture/workflow.h"
#include "run/boxes.h"
#include "run/code.h"
#include "run/deep.h"
#include "run/orphans.h"
#include "run/output.h"
#include "run/program.h"
#include "run/python_hook.h"
#include "run/run_facts.h"
#include "run/spawn.h"

namespace headrace::run {
namespace {

void warn(const std::string& message) { std::fprintf(stderr, "headrace: %s\n", message.c_str()); }

struct StartFailure {
  int exit_code;
  std::string message;
};

StartFailure start_failure(const std::string& name, int error) {
  std::error_code ignored;
  const bool exists = std::filesystem::exists(name, ignored) || !find_executable(name).empty();
  if (error == ENOENT && !exists) {
    return {kNoSuchProgram, "cannot run " + name + ": there is no such program" +
                                (name.find('/') == std::string::npos ? " on PATH" : "")};
  }
  if (error == ENOENT) {
    return {kCannotExecute,
            "cannot run " + name + ": the interpreter or loader that it names is not there"};
  }
  const char* const hint = error == EACCES ? "; is it a file that you may execute?" : "";
  const bool own = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
  return {own ? kRunFailed : kCannotExecute,
          "cannot run " + name + ": " + std::strerror(error) + hint};
}

// Becomes the program: nothing of Headrace is left.
int run_uncaptured(const std::vector<std::string>& command) {
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  const StartFailure failure = start_failure(command[0], errno);
  warn(failure.message);
  return failure.exit_code;
}

bool disabled() {
  const char* set = std::getenv("HEADRACE_DISABLED");
  return set != nullptr && *set != '\0' && std::strcmp(set, "0") != 0;
}

// Where records can be written; the reason where not.
Status prepare(const Directory& directory) {
  HEADRACE_RETURN_IF_ERROR(create_directory(directory));
  const std::string spool = directory.spool();
  if (access(spool.c_str(), W_OK | X_OK) != 0) return io_error("cannot write into " + spool, errno);
  return capture::Recorder::use_directory(directory.root);
}

TaskStatus status_of(const Ended& ended) {
  if (ended.exit_code == 0) return TaskStatus::kFinished;
  return ended.signal == SIGINT || ended.signal == SIGTERM ? TaskStatus::kCancelled
                                                           : TaskStatus::kFailed;
}

std::vector<std::string> variables_for(const Directory& directory, const Recorded& ids,
                                       const PythonHook* hook, const Boxes* boxes,
                                       const RunOptions& options) {
  std::vector<std::string> out = {"HEADRACE_DIR=" + directory.root.string(),
                                  "HEADRACE_WORKFLOW=" + ids.workflow.text(),
                                  "HEADRACE_PARENT=" + ids.workflow.text() + ":" + ids.task.text()};
  if (const std::string campaign = capture::current_campaign(); !campaign.empty()) {
    out.push_back("HEADRACE_CAMPAIGN=" + campaign);
  }
  if (options.torch) out.emplace_back("HEADRACE_TORCH=1");
  if (hook != nullptr) {
    for (std::string& variable : hook->environment()) out.push_back(std::move(variable));
  }
  if (boxes != nullptr) {
    // What the supervisor sees the library need not tell again.
    for (std::string& variable : options.deep ? boxes->process_variables() : boxes->variables()) {
      out.push_back(std::move(variable));
    }
  }
  return out;
}

// The program's task, ended when the program was, with what was seen of its files. Returns how many
// processes were seen how well.
NestedMap end_with_files(Boxes& boxes, capture::TaskState* task, const Recorded& ids,
                         const std::vector<std::string>& command, uint64_t begin_ticks,
                         const Ended& ended, pid_t program) {
  capture::FinishedTask root;
  root.end_ticks = ticks();
  root.begin_ticks = begin_ticks;
  root.number = capture::reference(task).number;
  root.activity_id = capture::intern_activity(name_of_command(command));
  if (const auto* recorder = capture::Recorder::existing()) root.parent = recorder->outer_task();
  root.status = status_of(ended);
  NestedMap seen = boxes.record(&root, ids.task, program, command);
  capture::discard_task(task);
  capture::record_finished_task(root);
  return seen;
}

}  // namespace

int run_program(const RunOptions& options,
                const std::function<void(const Recorded&)>& when_recorded) {
  if (disabled()) return run_uncaptured(options.command);
  if (const Status status = prepare(options.directory); !status.ok()) {
    warn(status.message() + "; the program runs without being captured");
    return run_uncaptured(options.command);
  }
  if (options.deep) {
    if (const Status status = Deep::can_run(options.command); !status.ok()) {
      warn(status.message());
      return kRunFailed;
    }
  }
  SignalGuard signals;
  if (!options.campaign.empty()) capture::enter_campaign(options.campaign, {});

  RunFacts facts(options);
  const std::string name =
      options.workflow.empty() ? name_of_command(options.command) : options.workflow;
  capture::WorkflowState* const workflow = capture::begin_workflow(name, facts.before());
  if (workflow == nullptr) {
    signals.release();
    return run_uncaptured(options.command);
  }
  const uint64_t begin_ticks = ticks();
  capture::TaskState* const task =
      capture::begin_task(capture::intern_activity(name_of_command(options.command)));
  const TaskRef ref = capture::reference(task);
  const Recorded ids{workflow->id, task_uuid(ref.producer, ref.number)};
  // Ranks share a workflow, so the folder of answers is also the process's.
  Result<PythonHook> hook =
      PythonHook::place(options.directory, ids.workflow.text() + "." + std::to_string(getpid()));
  std::unique_ptr<Boxes> boxes;
  if (options.files || options.deep) {
    Result<std::unique_ptr<Boxes>> started =
        Boxes::start(options.directory, ids.workflow, ids.task);
    if (started.ok()) {
      boxes = std::move(*started);
    } else {
      warn(started.status().message());
    }
  }

  Outputs outputs;
  if (const Status status = outputs.start(); !status.ok()) {
    warn(status.message() + "; what the program prints is not kept");
  }
  SpawnPlan plan;
  plan.command = options.command;
  Deep deep;
  const bool is_deep = options.deep && boxes != nullptr;
  plan.environment = environment_with(
      variables_for(options.directory, ids, hook.ok() ? &*hook : nullptr, boxes.get(), options));
  plan.stdout_fd = outputs.stdout_fd();
  plan.stderr_fd = outputs.stderr_fd();
  plan.signal_mask = signals.before();
  pid_t program = -1;
  Orphans orphans([&options](const Orphans& seen) {
    if (!options.processes_ended) return;
    options.processes_ended([&seen](int64_t pid) { return seen.how_ended(pid); });
  });
  Status refused;
  const int error = is_deep ? deep.spawn(plan, *boxes, &program, &refused) : spawn(plan, &program);
  if (error == 0 && boxes != nullptr) boxes->program_started(program);
  outputs.program_started();
  if (error == 0 && options.program_started) options.program_started(program);

  int exit_code = 0;
  if (error != 0) {
    outputs.program_ended();
    const StartFailure failure = refused.ok() ? start_failure(options.command[0], error)
                                              : StartFailure{kRunFailed, refused.message()};
    warn(failure.message);
    exit_code = failure.exit_code;
    if (hook.ok()) hook->collect(0);
    capture::end_task(task, TaskStatus::kFailed);
    capture::end_workflow(workflow, TaskStatus::kFailed,
                          facts.not_started(exit_code, failure.message));
  } else {
    std::thread gathering([&facts] { facts.during(); });
    const Ended ended = wait_for(program, signals, outputs, orphans);
    if (options.program_ended) options.program_ended();
    deep.finish();
    NestedMap seen;
    if (boxes != nullptr) {
      seen = end_with_files(*boxes, task, ids, options.command, begin_ticks, ended, program);
    } else {
      capture::end_task(task, status_of(ended));
    }
    gathering.join();
    exit_code = ended.exit_code;
    auto python = hook.ok() ? hook->collect(program) : std::vector<PythonHook::Answer>();
    capture::Fields after = facts.after(ended, std::move(python), outputs);
    if (!seen.empty()) {
      after.add_nested(Role::kAttribute, capture::name_id("processes"), seen.nested());
    }
    capture::end_workflow(workflow, status_of(ended), after);
  }
  capture::stop_capture(TaskStatus::kFinished);
  signals.release();
  if (error == 0) when_recorded(ids);
  outputs.leave_behind();
  return exit_code;
}

}  // namespace headrace::run
