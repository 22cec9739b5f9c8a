// headrace config schema
#include <cstdio>

#include "cli/commands.h"
#include "store/view_columns.h"

namespace headrace::cli {

void add_config(CLI::App& app, Program& program) {
  CLI::App* verb = add_verb(app, "config", "Shows what is fixed: the store's schema",
                            "  headrace config schema      every view and column in words\n");
  CLI::App* schema = verb->add_subcommand(
      "schema", "Prints the views of the store with type, unit, meaning and PROV term");
  schema->fallthrough();
  verb->require_subcommand(1);
  program.runs(schema, [] {
    std::fputs(store::schema_page().c_str(), stdout);
    return kDone;
  });
}

}  // namespace headrace::cli
