#include "cli/lineage_options.h"

namespace headrace::cli {

void add_lineage_options(CLI::App* verb, LineageQuestion& question) {
  verb->add_option("WHAT", question.what, "An object, a file, a task or a workflow")
      ->required()
      ->option_text("[required]");
  verb->add_option("--depth", question.options.lineage.depth,
                   "Go so many steps, from an object to a task or back (default: all)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  verb->add_option("--only-path", question.options.only_path,
                   "Only what lies between WHAT and this thing")
      ->type_name("TO");
  verb->add_flag("--inferred", question.options.lineage.inferred,
                 "Follow equal values too: a task that used what another generated; marked");
  add_output_options(verb, question.output, false);
}

}  // namespace headrace::cli
