// headrace note WHAT TEXT
#include <memory>
#include <string>

#include "cli/amend.h"
#include "cli/commands.h"

namespace headrace::cli {

void add_note(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
    std::string text;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(app, "note", "Writes a note on a campaign or workflow",
                            "  headrace note sweep \"lr above 1 diverges; see issue 12\"\n"
                            "  headrace note sweep \"\"               takes the note away\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow, by name or id")
      ->required()
      ->option_text("[required]");
  verb->add_option("TEXT", options->text, "Replaces the note that is there")
      ->required()
      ->option_text("[required]");
  program.runs(verb, [options, &program] {
    return amend(program, options->what, "note", {options->text}, "noted on");
  });
}

}  // namespace headrace::cli
