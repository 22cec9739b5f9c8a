// headrace why OBJECT
#include "query/why.h"

#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {

void add_why(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "why", "Says what a file, model or task was made from, by what, at what cost",
               "  headrace why best.pt                 a file by its name or path\n"
               "  headrace why checkpoint:best.pt      of that kind\n"
               "  headrace why 9f2c01ab                by the beginning of its id or SHA-256\n"
               "  headrace why best.pt --json          sentences, facts and the graph\n");
  verb->add_option("WHAT", options->what, "An object, task or workflow")
      ->required()
      ->option_text("[required]");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program]() -> int {
    Result<query::Session> session = open_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Why> why =
        query::explain(*session, options->what, std::filesystem::current_path(error));
    if (!why.ok()) return program.fail(why.status());
    return emit_document(program, options->output, query::why_json(*why), query::why_text(*why));
  });
}

}  // namespace headrace::cli
