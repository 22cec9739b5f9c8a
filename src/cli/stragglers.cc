// headrace stragglers WORKFLOW
#include "query/stragglers.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/identify.h"

namespace headrace::cli {

void add_stragglers(CLI::App& app, Program& program) {
  struct Options {
    std::string workflow;
    query::StragglerOptions stragglers;
    bool sql = false;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "stragglers", "Lists tasks that took far longer than others of their activity",
               "  headrace stragglers train               where, and what they cost\n"
               "  headrace stragglers train --deviations 3\n"
               "  headrace stragglers train --sql         the query behind it\n");
  verb->add_option("WORKFLOW", options->workflow, "A workflow by its name or id")
      ->required()
      ->option_text("[required]");
  verb->add_option("--deviations", options->stragglers.deviations,
                   "Beyond the median by so many robust standard deviations (default: 5)")
      ->check(CLI::PositiveNumber)
      ->type_name("K");
  verb->add_flag("--sql", options->sql, "Print the query instead of its answer");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Thing> workflow =
        query::identify(*session, options->workflow, {query::ThingKind::kWorkflow},
                        std::filesystem::current_path(error));
    if (!workflow.ok()) return program.fail(workflow.status());
    options->stragglers.workflow_id = workflow->id;
    if (options->sql) {
      const std::string sql = query::stragglers_sql(options->stragglers);
      return emit_document(program, options->output, query::Json(query::Json::Map{{"sql", sql}}),
                           sql + "\n");
    }
    Result<query::ResultTable> table = query::stragglers_of(*session, options->stragglers);
    if (!table.ok()) return program.fail(table.status());
    return emit(program, options->output, std::move(*table));
  });
}

}  // namespace headrace::cli
