// headrace why WHAT
#include "query/why.h"

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/lineage_options.h"
#include "cli/open_session.h"

namespace headrace::cli {

void add_why(CLI::App& app, Program& program) {
  auto question = std::make_shared<LineageQuestion>();
  CLI::App* verb =
      add_verb(app, "why", "Says what a file, model or task was made from, by what, at what cost",
               "  headrace why best.pt                 a file by its name or path\n"
               "  headrace why checkpoint:best.pt      of that kind\n"
               "  headrace why 9f2c01ab                by the beginning of its id or SHA-256\n"
               "  headrace why best.pt --only-path corpus.bin\n"
               "  headrace why best.pt --json          sentences, facts and the graph\n");
  add_lineage_options(verb, *question);
  program.runs(verb, [question, &program]() -> int {
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    std::error_code error;
    const Result<query::Why> answer = query::explain(
        *session, question->what, std::filesystem::current_path(error), question->options);
    if (!answer.ok()) return program.fail(answer.status());
    return emit_document(program, question->output, query::why_json(*answer),
                         query::why_text(*answer));
  });
}

}  // namespace headrace::cli
