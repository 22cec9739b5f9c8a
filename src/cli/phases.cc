// headrace phases [CAMPAIGN|WORKFLOW]
#include "query/phases.h"

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {
namespace {

struct PhasesOptions {
  query::PhasesQuestion question;
  double gpu_below_percent = 20;
  Output output;
};

int show(PhasesOptions& o, const Program& program) {
  o.question.gpu_below = o.gpu_below_percent / 100;
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  std::error_code error;
  const Result<query::Phases> answer =
      query::phases(*session, o.question, std::filesystem::current_path(error));
  if (!answer.ok()) return program.fail(answer.status());
  const query::Format format = o.output.format();
  if (format == query::Format::kCsv || format == query::Format::kJsonl ||
      format == query::Format::kArrow) {
    return emit(program, o.output, query::phases_table(*answer));
  }
  return emit_document(program, o.output, query::phases_json(*answer), query::phases_text(*answer));
}

}  // namespace

void add_phases(CLI::App& app, Program& program) {
  auto options = std::make_shared<PhasesOptions>();
  CLI::App* verb = add_verb(
      app, "phases", "Says what each activity keeps busy, and what is drawn while GPUs wait",
      "  headrace phases sweep                   use of GPU, CPU and disk by activity\n"
      "  headrace phases sweep --gpu-below 10 --node-above 300\n"
      "  headrace phases sweep --format csv\n");
  verb->add_option("WHAT", options->question.of, "A campaign or workflow by its name or id");
  verb->add_option("--gpu-below", options->gpu_below_percent,
                   "GPUs wait that are used less than this (default: 20 %)")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("%");
  verb->add_option("--node-above", options->question.node_above_w,
                   "It is wasted where the machine draws more than this (default: 100 W)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("W");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return show(*options, program); });
}

}  // namespace headrace::cli
