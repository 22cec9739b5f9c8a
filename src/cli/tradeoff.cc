// headrace tradeoff CAMPAIGN --quality NAME
#include "query/tradeoff.h"

#include <map>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/campaign.h"
#include "query/marginal.h"
#include "query/nearest.h"
#include "query/table_builder.h"

namespace headrace::cli {
namespace {

struct TradeoffOptions {
  query::TradeoffQuestion question;
  std::string cost;
  bool minimise = false;
  bool maximise = false;
  std::vector<std::string> objectives;
  std::string target;
  bool steps = false;
  bool effects = false;
  bool marginal = false;
  query::MarginalQuestion next;
  Output output;
};

// What a person needs of the answer; the other formats have all of it.
query::ResultTable short_table(const query::Tradeoff& answer) {
  using query::ColumnKind;
  std::vector<query::BuiltColumn> columns = {
      {"config", ColumnKind::kText, ""},
      {answer.quality, ColumnKind::kReal, ""},
      {"time", ColumnKind::kReal, "s"},
      {"energy", ColumnKind::kReal, "J"},
      {"truth", ColumnKind::kText, ""},
      {"front", ColumnKind::kText, ""},
      {"over it", ColumnKind::kReal, answer.cost == query::Cost::kEnergy ? "J" : "s"},
      {"dominated by", ColumnKind::kText, ""}};
  std::vector<size_t> more;
  for (size_t k = 0; k < answer.objectives.size(); ++k) {
    const query::ResolvedObjective& objective = answer.objectives[k];
    if (!objective.unit.empty() || objective.name == answer.quality) continue;
    more.push_back(k);
    columns.push_back({objective.name, ColumnKind::kReal, ""});
  }
  if (!answer.target.empty()) {
    columns.push_back({"to " + answer.target, ColumnKind::kReal, "s"});
    columns.push_back({"energy to it", ColumnKind::kReal, "J"});
  }
  columns.push_back({"task_id", ColumnKind::kId, ""});
  query::TableBuilder table(std::move(columns));
  const auto add = [&](const query::TradeoffRow& row) {
    table.text(row.label).real(row.quality).real(row.time_s).real(row.energy_j);
    table.text(row.energy_j ? (row.energy_truth == "measured" ? "" : "≈ ") + row.energy_truth
                            : "-");
    table.text(row.status != "finished" ? row.status : row.on_front ? "*" : "");
    table.real(row.over_front);
    table.text(row.dominated_by ? answer.rows[*row.dominated_by].label : "");
    for (const size_t k : more) table.real(row.values[k]);
    if (!answer.target.empty()) table.real(row.target_s).real(row.target_j);
    table.text(row.task_id).end_row();
  };
  for (const query::TradeoffRow& row : answer.rows) add(row);
  for (const query::TradeoffRow& row : answer.failed) add(row);
  return table.finish();
}

std::string aims(const query::Tradeoff& answer) {
  std::vector<std::string> parts;
  for (const query::ResolvedObjective& objective : answer.objectives) {
    parts.push_back((objective.minimise ? "least " : "most ") + objective.name);
  }
  if (parts.size() == 2 && !answer.objectives[1].unit.empty()) {
    return parts[0] + " for the " + parts[1];
  }
  return query::listed(parts);
}

void explain(const Program& program, const query::Tradeoff& answer) {
  program.say(answer.campaign + ": " + std::to_string(answer.rows.size()) + " " + answer.activity +
              " tasks, " + aims(answer) + "; * is on the front");
  for (const query::ResolvedObjective& objective : answer.objectives) {
    if (!objective.by_name) continue;
    program.say(std::string("  ") + (objective.minimise ? "less " : "more ") + objective.name +
                " is taken to be better, by its name; --" +
                (objective.minimise ? "maximise" : "minimise") + " says otherwise");
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

// "NAME", "NAME:min" or "NAME:max".
query::Objective objective_of(const std::string& text) {
  const size_t colon = text.rfind(':');
  const std::string word = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (word != "min" && word != "max") return {text};
  return {text.substr(0, colon), word == "min"};
}

// The quality first, then what else was named, then the cost if it was.
void set_objectives(TradeoffOptions& o) {
  if (o.objectives.empty()) return;
  std::vector<query::Objective>& all = o.question.objectives;
  if (!o.question.quality.empty()) all.push_back({o.question.quality, o.question.minimise});
  for (const std::string& text : o.objectives) {
    query::Objective one = objective_of(text);
    if (o.question.quality.empty() && all.empty() && !one.minimise) {
      one.minimise = o.question.minimise;
    }
    all.push_back(std::move(one));
  }
  if (!o.cost.empty()) all.push_back({o.cost, true});
}

// What each point of the runs' curves costs.
int show_marginal(TradeoffOptions& o, const Program& program) {
  o.next.campaign = o.question.campaign;
  o.next.quality = o.question.quality;
  o.next.minimise = o.question.minimise;
  o.next.activity = o.question.activity;
  if (o.next.quality.empty()) {
    return program.fail(invalid_argument("name what improves: --quality NAME"));
  }
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  const Result<query::Marginal> answer = query::marginal(*session, o.next);
  if (!answer.ok()) return program.fail(answer.status());
  const query::Format format = o.output.format();
  if (format == query::Format::kCsv || format == query::Format::kJsonl ||
      format == query::Format::kArrow) {
    return emit(program, o.output, query::marginal_table(*answer));
  }
  return emit_document(program, o.output, query::marginal_json(*answer),
                       query::marginal_text(*answer));
}

int compare(TradeoffOptions& o, const Program& program) {
  if (o.minimise) o.question.minimise = true;
  if (o.maximise) o.question.minimise = false;
  if (o.marginal) return show_marginal(o, program);
  o.question.cost = o.cost == "time" ? query::Cost::kTime : query::Cost::kEnergy;
  const bool has_aim = !o.question.quality.empty() || !o.objectives.empty();
  set_objectives(o);
  if (!o.target.empty()) {
    Result<query::Target> target = query::parse_target(o.target);
    if (!target.ok()) return program.fail(target.status());
    o.question.target = std::move(*target);
  }
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  if (!has_aim) {
    // A name that is not known is the first thing to say.
    const auto campaign = query::find_campaign(*session, o.question.campaign);
    if (!campaign.ok()) return program.fail(campaign.status());
    return program.fail(invalid_argument(
        "name what was achieved: --quality NAME, or several with --objective NAME"));
  }
  Result<query::Tradeoff> answer = query::tradeoff(*session, o.question);
  if (!answer.ok()) return program.fail(answer.status());
  if (o.steps) return emit(program, o.output, query::tradeoff_steps_table(*answer));
  if (!o.question.paired.empty()) {
    return emit(program, o.output, query::tradeoff_pairs_table(*answer));
  }
  if (o.effects) {
    if (!answer->effects_note.empty()) program.say(answer->effects_note);
    for (const query::ObjectiveEffects& objective : answer->effects) {
      for (const std::string& left : objective.effects.left_out) {
        program.say(objective.objective + ", left out: " + left);
      }
    }
    return emit(program, o.output, query::tradeoff_effects_table(*answer));
  }
  explain(program, *answer);
  const bool for_people = o.output.format() == query::Format::kTable;
  return emit(program, o.output,
              for_people ? short_table(*answer) : query::tradeoff_table(*answer));
}

}  // namespace

void add_tradeoff(CLI::App& app, Program& program) {
  auto options = std::make_shared<TradeoffOptions>();
  CLI::App* verb = add_verb(
      app, "tradeoff", "Sets what a campaign's tasks achieved against what they cost",
      "  headrace tradeoff sweep --quality val_loss                 against energy\n"
      "  headrace tradeoff sweep --quality accuracy --cost time\n"
      "  headrace tradeoff sweep --quality val_loss --activity epoch -o front.csv\n"
      "  headrace tradeoff sweep --objective accuracy:max --objective used.width --objective "
      "energy\n"
      "  headrace tradeoff sweep --quality val_loss --target 'val_loss<2.1'   when, at what "
      "cost\n"
      "  headrace tradeoff sweep --quality val_loss --steps                 what the next "
      "improvement costs\n"
      "  headrace tradeoff sweep --quality val_loss --effects               what each "
      "parameter does\n"
      "  headrace tradeoff sweep --quality val_loss --paired dataset        what one does at fixed "
      "others\n"
      "  headrace tradeoff sweep --quality val_loss --marginal --most 500J  what each epoch's "
      "improvement costs\n");
  verb->add_option("CAMPAIGN", options->question.campaign, "Its name, or the beginning of its id")
      ->required()
      ->option_text("[required]");
  verb->add_option("--quality", options->question.quality, "A value that the tasks generated")
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
  verb->add_option("--objective", options->objectives,
                   "More to weigh: a generated value, used.NAME, time, energy, target_time, "
                   "target_energy, peak_temperature, gpu_utilization or cpu_utilization, with :min "
                   "or :max; may be repeated")
      ->type_name("NAME[:min|:max]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--target", options->target, "When was this reached, by the captured curves?")
      ->type_name("NAME<NUMBER");
  CLI::Option* steps =
      verb->add_flag("--steps", options->steps, "The steps along the front, and what each costs");
  CLI::Option* effects =
      verb->add_flag("--effects", options->effects, "What each parameter does to each objective")
          ->excludes(steps);
  CLI::Option* paired =
      verb->add_option("--paired", options->question.paired,
                       "What this parameter does, by pairs of tasks that differ in nothing else")
          ->type_name("NAME")
          ->excludes(steps)
          ->excludes(effects);
  CLI::Option* marginal =
      verb->add_flag("--marginal", options->marginal,
                     "Joules for an improvement, point by point of each task's curve")
          ->excludes(steps)
          ->excludes(effects)
          ->excludes(paired);
  verb->add_option("--per", options->next.per, "Of an improvement by this (default: 0.01)")
      ->check(CLI::PositiveNumber)
      ->needs(marginal)
      ->type_name("N");
  verb->add_option("--most", options->next.most_j,
                   "Recommend to stop before a point at which it costs more than this: 500J, 2kJ")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{
              {"J", 1}, {"kJ", 1e3}, {"MJ", 1e6}, {"GJ", 1e9}, {"Wh", 3600}, {"kWh", 3.6e6}},
          CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::PositiveNumber)
      ->needs(marginal)
      ->type_name("J");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return compare(*options, program); });
}

}  // namespace headrace::cli
