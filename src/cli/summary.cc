// headrace summary [CAMPAIGN|WORKFLOW]
#include "query/summary.h"

#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {

void add_summary(CLI::App& app, Program& program) {
  struct Options {
    std::string what;
    bool sql = false;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "summary", "Says in sentences what there is to know of a campaign or workflow",
               "  headrace summary                     of everything\n"
               "  headrace summary sweep               of a campaign\n"
               "  headrace summary sweep --sql         each sentence with the query behind it\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow by its name or id");
  verb->add_flag("--sql", options->sql, "Print the query behind each sentence below it");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Summary> summary =
        query::summarize(*session, options->what, std::filesystem::current_path(error));
    if (!summary.ok()) return program.fail(summary.status());
    return emit_document(program, options->output, query::summary_json(*summary),
                         query::summary_text(*summary, options->sql));
  });
}

}  // namespace headrace::cli
