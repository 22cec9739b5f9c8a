// headrace tag WHAT TAG...
#include <memory>
#include <string>
#include <vector>

#include "cli/amend.h"
#include "cli/commands.h"

namespace headrace::cli {

void add_tag(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
    std::vector<std::string> tags;
    bool remove = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(app, "tag", "Tags a campaign or workflow",
                            "  headrace tag sweep keep              a word\n"
                            "  headrace tag sweep paper=draft2      a name and its value\n"
                            "  headrace tag --remove sweep keep\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow, by name or id")
      ->required()
      ->option_text("[required]");
  verb->add_option("TAG", options->tags, "Words, or NAME=VALUE")
      ->required()
      ->option_text("... [required]");
  verb->add_flag("--remove", options->remove, "Take these tags away");
  program.runs(verb, [options, &program]() -> int {
    for (const std::string& tag : options->tags) {
      if (tag.empty() || tag[0] == '=') {
        return program.fail(invalid_argument("a tag needs a name, as in paper or paper=draft2"));
      }
    }
    return amend(program, options->what, options->remove ? "untag" : "tag", options->tags,
                 options->remove ? "untagged" : "tagged");
  });
}

}  // namespace headrace::cli
