// headrace affects WHAT
#include "query/affects.h"

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/lineage_options.h"
#include "cli/open_session.h"

namespace headrace::cli {

void add_affects(CLI::App& app, Program& program) {
  auto question = std::make_shared<LineageQuestion>();
  CLI::App* verb =
      add_verb(app, "affects", "Says what was made from a file, model or task, step by step",
               "  headrace affects corpus.bin          everything made from this file\n"
               "  headrace affects 2b92e1f0..0002 --depth 2\n"
               "  headrace affects corpus.bin --only-path best.pt\n"
               "  headrace affects corpus.bin --json   facts and the graph\n");
  add_lineage_options(verb, *question);
  program.runs(verb, [question, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Why> answer = query::affected_by(
        *session, question->what, std::filesystem::current_path(error), question->options);
    if (!answer.ok()) return program.fail(answer.status());
    return emit_document(program, question->output, query::why_json(*answer),
                         query::why_text(*answer));
  });
}

}  // namespace headrace::cli
