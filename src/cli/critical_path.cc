// headrace critical-path WORKFLOW
#include "query/critical_path.h"

#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {

void add_critical_path(CLI::App& app, Program& program) {
  struct Options {
    std::string workflow;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "critical-path", "Shows the chain of tasks that decided how long a workflow took",
      "  headrace critical-path train          by the workflow's name\n"
      "  headrace critical-path 3aeed146       by the beginning of its id\n"
      "  headrace critical-path train --json   every link, with times and energy\n");
  verb->add_option("WORKFLOW", options->workflow, "A workflow by its name or id")
      ->required()
      ->option_text("[required]");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::CriticalPath> path =
        query::critical_path_of(*session, options->workflow, std::filesystem::current_path(error));
    if (!path.ok()) return program.fail(path.status());
    return emit_document(program, options->output, query::critical_path_json(*path),
                         query::critical_path_text(*path));
  });
}

}  // namespace headrace::cli
