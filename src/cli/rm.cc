// headrace rm WHAT
#include <memory>
#include <string>

#include "cli/amend.h"
#include "cli/commands.h"

namespace headrace::cli {

void add_rm(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "rm", "Removes a campaign or workflow, with its tasks, from the store",
               "  headrace rm sweep\n"
               "  headrace rm 9f2c01ab\n"
               "Stays removed when the store is folded or built again. Segments and files stay as "
               "they are.\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow, by name or id")
      ->required()
      ->option_text("[required]");
  program.runs(verb, [options, &program] {
    return amend(program, options->what, "remove", {""}, "removed");
  });
}

}  // namespace headrace::cli
