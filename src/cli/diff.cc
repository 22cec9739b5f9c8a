// headrace diff A B
#include "query/diff.h"

#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {
namespace {

struct DiffCommand {
  std::string a;
  std::string b;
  std::string test = "welch";
  bool all = false;
  Output output;
};

int compare(const DiffCommand& o, const Program& program) {
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  query::DiffOptions options;
  if (o.test == "mann-whitney") options.test = query::RepeatTest::kMannWhitney;
  std::error_code error;
  const Result<query::Diff> answer =
      query::diff(*session, o.a, o.b, std::filesystem::current_path(error), options);
  if (!answer.ok()) return program.fail(answer.status());
  const int written = emit_document(program, o.output, query::diff_json(*answer, o.all),
                                    query::diff_text(*answer, o.all));
  if (written != kDone) return written;
  return answer->equal ? kDone : kNegative;
}

}  // namespace

void add_diff(CLI::App& app, Program& program) {
  auto options = std::make_shared<DiffCommand>();
  CLI::App* verb = add_verb(
      app, "diff", "Says what differs between two workflows, tasks, objects or campaigns",
      "  headrace diff 7c1e91ab 91ab03e1        only differences; ends with 1 where there are any\n"
      "  headrace diff 7c1e91ab 91ab03e1 --all  what is equal too\n"
      "  headrace diff model:a.pt model:b.pt    two files, and the tasks that wrote them\n"
      "  headrace diff sweep1 sweep2 --test mann-whitney\n"
      "  headrace diff sweep1 sweep2 --json | jq '.lines[] | select(.section == \"code\")'\n");
  verb->add_option("A", options->a, "A workflow, task, object or campaign, by name, path or id")
      ->required()
      ->option_text("[required]");
  verb->add_option("B", options->b, "Another one of the same kind")
      ->required()
      ->option_text("[required]");
  verb->add_flag("--all", options->all, "Also what is equal");
  verb->add_option("--test", options->test,
                   "For metrics with repeats: welch (default, means) or mann-whitney (ranks)")
      ->check(CLI::IsMember({"welch", "mann-whitney"}))
      ->type_name("TEST");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program] { return compare(*options, program); });
}

}  // namespace headrace::cli
