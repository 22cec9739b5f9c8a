// headrace tradeoff CAMPAIGN --quality NAME
#include "query/tradeoff.h"

#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/nearest.h"
#include "query/table_builder.h"

namespace headrace::cli {
namespace {

struct TradeoffOptions {
  query::TradeoffQuestion question;
  std::string cost = "energy";
  bool minimise = false;
  bool maximise = false;
  Output output;
};

// What a person needs of the answer; the other formats have all of it.
query::ResultTable short_table(const query::Tradeoff& answer) {
  using query::ColumnKind;
  query::TableBuilder table({{"config", ColumnKind::kText, ""},
                             {answer.quality, ColumnKind::kReal, ""},
                             {"time", ColumnKind::kReal, "s"},
                             {"energy", ColumnKind::kReal, "J"},
                             {"truth", ColumnKind::kText, ""},
                             {"front", ColumnKind::kText, ""},
                             {"dominated by", ColumnKind::kText, ""},
                             {"task_id", ColumnKind::kId, ""}});
  const auto add = [&](const query::TradeoffRow& row) {
    table.text(row.label).real(row.quality).real(row.time_s).real(row.energy_j);
    table.text(row.energy_j ? (row.energy_truth == "measured" ? "" : "≈ ") + row.energy_truth
                            : "-");
    table.text(row.status != "finished" ? row.status : row.on_front ? "*" : "");
    table.text(row.dominated_by ? answer.rows[*row.dominated_by].label : "");
    table.text(row.task_id).end_row();
  };
  for (const query::TradeoffRow& row : answer.rows) add(row);
  for (const query::TradeoffRow& row : answer.failed) add(row);
  return table.finish();
}

void explain(const Program& program, const query::Tradeoff& answer) {
  const std::string cost = answer.cost == query::Cost::kEnergy ? "energy" : "time";
  program.say(answer.campaign + ": " + std::to_string(answer.rows.size()) + " " + answer.activity +
              " tasks, " + (answer.minimise ? "least " : "most ") + answer.quality +
              " for the least " + cost + "; * is on the front");
  if (answer.minimise_by_name) {
    program.say(std::string("  ") + (answer.minimise ? "less" : "more") + " " + answer.quality +
                " is taken to be better, by its name; --" +
                (answer.minimise ? "maximise" : "minimise") + " says otherwise");
  }
  if (!answer.other_activities.empty()) {
    program.say("  " + query::listed(answer.other_activities) + " generated " + answer.quality +
                " too; --activity compares those");
  }
  if (!answer.failed.empty()) {
    program.say("  " + std::to_string(answer.failed.size()) +
                " did not finish and stand last, outside the comparison");
  }
  std::string method;
  for (const query::TradeoffRow& row : answer.rows) {
    if (!row.energy_j || row.energy_truth == "measured") continue;
    method = row.energy_method;
    if (!row.energy_assumption.empty()) method += ": " + row.energy_assumption;
  }
  if (!method.empty()) program.say("  ≈ not measured energy comes from " + method);
  if (!answer.note.empty()) program.say("  " + answer.note);
}

int compare(TradeoffOptions& o, const Program& program) {
  if (o.minimise) o.question.minimise = true;
  if (o.maximise) o.question.minimise = false;
  o.question.cost = o.cost == "time" ? query::Cost::kTime : query::Cost::kEnergy;
  Result<query::Session> session = open_session(program);
  if (!session.ok()) return program.fail(session.status());
  Result<query::Tradeoff> answer = query::tradeoff(*session, o.question);
  if (!answer.ok()) return program.fail(answer.status());
  explain(program, *answer);
  const bool for_people = o.output.format() == query::Format::kTable;
  return emit(program, o.output,
              for_people ? short_table(*answer) : query::tradeoff_table(*answer));
}

}  // namespace

void add_tradeoff(CLI::App& app, Program& program) {
  auto options = std::make_shared<TradeoffOptions>();
  CLI::App* verb =
      add_verb(app, "tradeoff", "Sets what a campaign's tasks achieved against what they cost",
               "  headrace tradeoff sweep --quality val_loss                 against energy\n"
               "  headrace tradeoff sweep --quality accuracy --cost time\n"
               "  headrace tradeoff sweep --quality val_loss --activity epoch -o front.csv\n");
  verb->add_option("CAMPAIGN", options->question.campaign, "Its name, or the beginning of its id")
      ->required()
      ->option_text("[required]");
  verb->add_option("--quality", options->question.quality, "A value that the tasks generated")
      ->required()
      ->type_name("NAME");
  verb->add_option("--cost", options->cost, "energy (default) or time")
      ->check(CLI::IsMember({"energy", "time"}))
      ->type_name("COST");
  CLI::Option* less =
      verb->add_flag("--minimise", options->minimise, "Less of the quality is better");
  verb->add_flag("--maximise", options->maximise, "More of the quality is better")->excludes(less);
  verb->add_option("--activity", options->question.activity,
                   "Which tasks to compare (default: the outermost that generated it)")
      ->type_name("NAME");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return compare(*options, program); });
}

}  // namespace headrace::cli
