// Runs a recorded workflow again in a fresh folder and compares what comes out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/program.h"
#include "query/json.h"
#include "query/reproduce.h"

namespace headrace::cli {

struct RerunOptions {
  std::filesystem::path folder;      // fresh; made
  double tolerance = 0;              // relative, of metrics
  std::vector<std::string> metrics;  // only those whose name is or ends in one of these; empty: all
};

struct Compared {
  std::string what;  // output, metric, exit code
  std::string name;
  std::string before;
  std::string after;
  bool same = false;
};

struct Rerun {
  std::filesystem::path folder;
  int exit_code = 0;
  std::vector<Compared> compared;

  bool reproduced() const;
};

// Lays the code out (the commit with its diff, or the files as they are) with the inputs that lay
// beside it, runs the command there under `headrace run` with a `.headrace` of its own, and
// compares. Writes nowhere else. Errors: kInvalidArgument when the program wrote outside its
// project, where a new run would overwrite; kNotFound when something needed is missing; kIo.
Result<Rerun> rerun(const query::Reproduction& reproduction, const RerunOptions& options);

std::string rerun_text(const Rerun& rerun);
query::Json rerun_json(const Rerun& rerun);

}  // namespace headrace::cli
