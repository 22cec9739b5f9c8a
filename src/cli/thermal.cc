// headrace thermal [CAMPAIGN|WORKFLOW]
#include "query/thermal.h"

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {
namespace {

struct ThermalOptions {
  query::ThermalQuestion question;
  bool throttled = false;
  Output output;
};

int show(const ThermalOptions& o, const Program& program) {
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  std::error_code error;
  const Result<query::Thermal> answer =
      query::thermal(*session, o.question, std::filesystem::current_path(error));
  if (!answer.ok()) return program.fail(answer.status());
  const query::Format format = o.output.format();
  if (o.throttled) return emit(program, o.output, query::throttling_table(*answer));
  if (format == query::Format::kCsv || format == query::Format::kJsonl ||
      format == query::Format::kArrow) {
    return emit(program, o.output, query::thermal_table(*answer));
  }
  return emit_document(program, o.output, query::thermal_json(*answer),
                       query::thermal_text(*answer));
}

}  // namespace

void add_thermal(CLI::App& app, Program& program) {
  auto options = std::make_shared<ThermalOptions>();
  CLI::App* verb = add_verb(
      app, "thermal", "Says how hot devices became, and which tasks were slowed down",
      "  headrace thermal sweep                  each run's peak, and its time above 80 °C\n"
      "  headrace thermal sweep --above 70\n"
      "  headrace thermal sweep --throttled      when devices were slowed, and the tasks "
      "hit\n"
      "  headrace thermal sweep --json           with each run's temperature over time\n");
  verb->add_option("WHAT", options->question.of, "A campaign or workflow by its name or id");
  verb->add_option("--above", options->question.above_c, "Hot is above this (default: 80 °C)")
      ->type_name("°C");
  verb->add_option("--activity", options->question.activity,
                   "Whose tasks to compare (default: of those in no other task, what took most "
                   "time)")
      ->type_name("NAME");
  verb->add_option("--points", options->question.points,
                   "Of each run's temperature over time, in JSON, at most (default: 200)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  verb->add_flag("--throttled", options->throttled, "A row for each task that a slow device hit");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return show(*options, program); });
}

}  // namespace headrace::cli
