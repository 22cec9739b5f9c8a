// headrace lab [-- COMMAND...]
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/lab_libraries.h"
#include "lab/laboratory.h"
#include "lab/machines.h"
#include "telemetry/kept_file.h"

extern char** environ;

namespace headrace::cli {
namespace {

constexpr long kRefresh_ns = 5'000'000;

// A folder of its own, gone with its object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code error;
    std::string name =
        (std::filesystem::temp_directory_path(error) / "headrace-lab-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<std::string> scenario_of(const std::string& name) {
  if (auto text = lab::machine(name)) return *text;
  Result<std::string> text = telemetry::read_once(name);
  if (text.ok()) return text;
  std::string names;
  for (const std::string& one : lab::machine_names()) names += (names.empty() ? "" : ", ") + one;
  return text.status().with_advice("give a file or one of " + names);
}

std::vector<std::string> variables(const lab::Laboratory& laboratory,
                                   const std::string& libraries) {
  std::vector<std::string> out = laboratory.environment();
  if (libraries.empty()) return out;
  const char* set = std::getenv("LD_LIBRARY_PATH");
  out.push_back("LD_LIBRARY_PATH=" + libraries +
                (set != nullptr && *set != '\0' ? std::string(":") + set : std::string()));
  return out;
}

// The child's signals are as they were before ours were blocked.
Result<pid_t> start(const std::vector<std::string>& command, const std::vector<std::string>& added,
                    const sigset_t& mask) {
  std::vector<std::string> all = added;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view entry = *one;
    const auto is_same = [&](const std::string& ours) {
      return entry.substr(0, entry.find('=')) == ours.substr(0, ours.find('='));
    };
    bool replaced = false;
    for (const std::string& ours : added) replaced = replaced || is_same(ours);
    if (!replaced) all.emplace_back(entry);
  }
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
  };
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setsigmask(&how, &mask);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error = posix_spawnp(&child, command[0].c_str(), nullptr, &how,
                                 pointers(command).data(), pointers(all).data());
  posix_spawnattr_destroy(&how);
  if (error != 0) return io_error("cannot start " + command[0], error);
  return child;
}

// Keeps the files up to date until the child ends or, without one, a signal comes. Returns the exit
// code.
int keep_running(lab::Laboratory& laboratory, const Program& program, pid_t child,
                 const sigset_t& awaited) {
  const timespec pause{0, kRefresh_ns};
  while (true) {
    if (const Status status = laboratory.show(); !status.ok()) return program.fail(status);
    const int signal = sigtimedwait(&awaited, nullptr, &pause);
    if (signal < 0) continue;
    if (child == 0) return signal == SIGCHLD ? kDone : kInterrupted;
    // A terminal's Ctrl-C has reached the child as well.
    if (signal == SIGTERM) kill(child, SIGTERM);
    int status = 0;
    if (signal == SIGCHLD && waitpid(child, &status, WNOHANG) == child) {
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
}

int run_lab(const Program& program, const std::string& scenario_name, bool print) {
  const Result<std::string> scenario = scenario_of(scenario_name);
  if (!scenario.ok()) return program.fail(scenario.status());
  if (print) {
    std::fputs(scenario->c_str(), stdout);
    return kDone;
  }
  const ScratchFolder folder;
  if (folder.path().empty()) return program.fail(io_error("cannot make a folder", errno));
  Result<lab::Laboratory> laboratory =
      lab::Laboratory::create(folder.path(), *scenario, lab::LabClock::Kind::kReal);
  if (!laboratory.ok()) return program.fail(laboratory.status().with_context(scenario_name));
  const Result<std::string> libraries = find_lab_libraries();
  if (!libraries.ok()) program.say(libraries.status().message());
  const std::vector<std::string> added = variables(*laboratory, libraries.value_or(""));

  sigset_t awaited;
  sigset_t before;
  sigemptyset(&awaited);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&awaited, signal);
  sigprocmask(SIG_BLOCK, &awaited, &before);
  pid_t child = 0;
  if (program.command.empty()) {
    for (const std::string& one : added) {
      const size_t equals = one.find('=');
      std::printf("export %s='%s'\n", one.substr(0, equals).c_str(),
                  one.substr(equals + 1).c_str());
    }
    std::fflush(stdout);
    program.say("The machine '" + scenario_name +
                "' runs until Ctrl-C; set these where it shall be seen.");
  } else {
    const Result<pid_t> started = start(program.command, added, before);
    if (!started.ok()) return program.fail(started.status());
    child = *started;
  }
  return keep_running(*laboratory, program, child, awaited);
}

}  // namespace

void add_lab(CLI::App& app, Program& program) {
  struct Options {
    std::string scenario = "node";
    bool print = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "lab", "Emulates a machine with power sensors, to try energy without the hardware",
      "  headrace lab -- headrace sensors                   what it has\n"
      "  headrace lab -- headrace run -- python train.py    records its powers, marked as "
      "emulated\n"
      "  headrace lab --machine frontier -- bash            a shell on another one\n"
      "  headrace lab --machine mine.lab -- ./job.sh        or your own\n"
      "  headrace lab --machine node --print > mine.lab     where to begin\n"
      "  headrace lab                                       prints the variables, runs until "
      "Ctrl-C\n\n"
      "The exit code is the command's; 128 + N when signal N ended it.\n");
  verb->add_option("--machine", options->scenario,
                   "node, frontier, grace, faults, or a scenario's file (default: node)")
      ->type_name("NAME");
  verb->add_flag("--print", options->print, "Print the scenario and end");
  program.runs(verb,
               [options, &program] { return run_lab(program, options->scenario, options->print); });
}

}  // namespace headrace::cli
