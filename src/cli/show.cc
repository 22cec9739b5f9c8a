// headrace show ID
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/describe.h"

namespace headrace::cli {

void add_show(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "show", "Says all that is known of a campaign, workflow, task or object",
               "  headrace show sweep                  a campaign by its name\n"
               "  headrace show 9f2c01ab               anything by the beginning of its id\n"
               "  headrace show 054f7860..0002         as tables shorten ids that begin alike\n"
               "  headrace show best.pt --json         an object, as one JSON document\n");
  verb->add_option("WHAT", options->what, "A name, path, hash or id")
      ->required()
      ->option_text("[required]");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Thing> thing =
        query::identify(*session, options->what,
                        {query::ThingKind::kCampaign, query::ThingKind::kWorkflow,
                         query::ThingKind::kObject, query::ThingKind::kTask},
                        std::filesystem::current_path(error));
    if (!thing.ok()) return program.fail(thing.status());
    const Result<query::Json> facts = query::describe(*session, *thing);
    if (!facts.ok()) return program.fail(facts.status());
    return emit_document(program, options->output, *facts, query::description_text(*facts));
  });
}

}  // namespace headrace::cli
