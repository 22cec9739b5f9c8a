// What every command shares: the options before the verb, talk on stderr, exit codes.
//
// A command is one file with one function, declared in commands.h: it adds its subcommand and
// options, and sets what to run when that subcommand was chosen.
//
//   void add_ls(CLI::App& app, Program& program) {
//     auto options = std::make_shared<LsOptions>();
//     CLI::App* ls = add_verb(app, "ls", "Lists ...", "Examples:\n  headrace ls\n");
//     ls->add_option(...);
//     program.runs(ls, [options, &program] { return list(*options, program); });
//   }
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace headrace::cli {

// Documented in docs/cli.md; `headrace run` passes its child's code through instead.
enum ExitCode : int {
  kDone = 0,
  kNegative = 1,     // the answer is no: doctor found something wrong
  kUsage = 2,        // the command line or the SQL is wrong
  kNotFound = 3,     // no such folder, campaign, task, ...
  kUnreachable = 4,  // held by another process, not readable, not writable
  kCorrupt = 5,      // a file is not what it should be
  kInterrupted = 130,
};
ExitCode exit_code_of(const Status& status);

class Program {
 public:
  // Options that may stand before or after the verb.
  std::string directory;       // --dir
  bool quiet = false;          // -q
  std::string color = "auto";  // --color

  std::vector<std::string> command;  // of `run` and `lab`: what follows their options

  // The folder `.headrace` to work on; it need not exist.
  std::filesystem::path root() const;

  // A sentence to stderr, unless -q.
  void say(std::string_view text) const;
  // "headrace: " and what went wrong, to stderr always. Returns the status's exit code.
  int fail(const Status& status) const;

  bool color_on_stdout() const;

  // What `verb` does; its result is the process's exit code.
  void runs(CLI::App* verb, std::function<int()> what);
  int run() const { return what_ ? what_() : kUsage; }

 private:
  std::function<int()> what_;
};

// A subcommand whose help leads with examples.
CLI::App* add_verb(CLI::App& app, const std::string& name, const std::string& does,
                   const std::string& examples);

// From now on Ctrl-C ends the program with kInterrupted. For commands that have no child.
void end_on_interrupt();

}  // namespace headrace::cli
