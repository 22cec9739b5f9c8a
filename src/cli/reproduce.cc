// headrace reproduce WORKFLOW
#include "query/reproduce.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "cli/rerun.h"

namespace headrace::cli {
namespace {

struct Options {
  std::string workflow;
  bool run = false;
  std::string folder;
  double tolerance = 0;
  std::vector<std::string> metrics;
  Output output;
};

Result<query::Reproduction> read(const Options& options, const Program& program) {
  // The store is let go before the program runs.
  Result<query::Session> session = open_session(program);
  if (!session.ok()) return session.status();
  std::error_code error;
  return query::reproduction_of(*session, options.workflow, std::filesystem::current_path(error));
}

int reproduce(const Options& options, const Program& program) {
  const Result<query::Reproduction> what = read(options, program);
  if (!what.ok()) return program.fail(what.status());
  if (!options.run) {
    const int written = emit_document(program, options.output, query::reproduction_json(*what),
                                      query::reproduction_text(*what));
    return written != kDone || what->missing.empty() ? written : kNegative;
  }
  RerunOptions rerun_options;
  rerun_options.tolerance = options.tolerance;
  rerun_options.metrics = options.metrics;
  std::error_code error;
  rerun_options.folder = std::filesystem::absolute(
      options.folder.empty() ? "reproduced-" + what->workflow.id.substr(0, 8) : options.folder,
      error);
  const Result<Rerun> again = rerun(*what, rerun_options);
  if (!again.ok()) return program.fail(again.status());
  const int written =
      emit_document(program, options.output, rerun_json(*again), rerun_text(*again));
  return written != kDone || again->reproduced() ? written : kNegative;
}

}  // namespace

void add_reproduce(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "reproduce", "Says what is needed to run a workflow again; with --run does it",
      "  headrace reproduce train               code, environment, command, inputs; what is "
      "missing\n"
      "  headrace reproduce train --run         in a fresh folder; compares outputs and metrics\n"
      "  headrace reproduce train --run --tolerance 0.01 --metric loss\n\n"
      "Ends with 1 when something needed is missing or something comes out different.\n");
  verb->add_option("WORKFLOW", options->workflow, "A workflow by its name or id")
      ->required()
      ->option_text("[required]");
  CLI::Option* run = verb->add_flag("--run", options->run, "Run it again and compare");
  verb->add_option("--folder", options->folder,
                   "Run it in this fresh folder (default: reproduced-ID)")
      ->needs(run)
      ->type_name("DIR");
  verb->add_option("--tolerance", options->tolerance,
                   "Metrics may differ by this part of themselves (default: 0)")
      ->needs(run)
      ->check(CLI::NonNegativeNumber)
      ->type_name("PART");
  verb->add_option("--metric", options->metrics, "Compare only these metrics, e.g. loss")
      ->needs(run)
      ->type_name("NAME");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program]() -> int { return reproduce(*options, program); });
}

}  // namespace headrace::cli
