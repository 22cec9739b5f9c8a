// What `headrace run` says of a run, as the values of its workflow: what is known before the
// program starts, and what is known after it ended.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/fields.h"
#include "run/nested_map.h"
#include "run/output.h"
#include "run/program.h"
#include "run/python_hook.h"
#include "run/run_program.h"

namespace headrace::run {

class RunFacts {
 public:
  explicit RunFacts(const RunOptions& options) : options_(options) {}

  // Command, working directory, git, job, environment.
  capture::Fields before();
  // While the program runs: hashes its files, records them and the machine. Any thread.
  void during();
  // The rest. `during` must have returned.
  capture::Fields after(const Ended& ended, std::vector<PythonHook::Answer> python,
                        const Outputs& outputs);
  // The program could not be started: `exit_code` and why.
  capture::Fields not_started(int exit_code, const std::string& why);

 private:
  struct Edge {
    std::string name;
    Uuid object;
  };
  // In the record where it fits, else as a blob whose hash the record holds.
  void add_facts(capture::Fields& fields, std::string_view name, const std::string& nested);
  void add_diff(const std::string& diff);
  void add_python(capture::Fields& fields, std::vector<PythonHook::Answer> answers);
  void log_output(capture::Fields& fields, LogStream stream, const Outputs::Kept& kept);
  void add_energy(capture::Fields& fields, const Ended& ended);
  void add_edges(capture::Fields& fields);

  const RunOptions options_;
  std::vector<Edge> edges_;
  NestedMap machine_;
};

}  // namespace headrace::run
