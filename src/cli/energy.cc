// headrace energy [CAMPAIGN|WORKFLOW]
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "collect/open_with_idle.h"
#include "query/energy_card.h"
#include "query/energy_question.h"

namespace headrace::cli {
namespace {

struct EnergyOptions {
  std::string what;
  std::string idle;
  std::string by;
  query::CarbonQuestion carbon;
  bool ranks = false;
  bool outliers = false;
  bool nodes = false;
  bool path = false;
  bool truth = false;
  bool capture = false;
  bool layers = false;
  bool checks = false;
  query::EnergyQuestion question;
  Output output;
};

Result<query::Session> open(const Program& program, const std::string& idle) {
  const auto policy = collect::parse_idle_policy(idle);
  if (!policy) return open_last_session(program);
  return open_session_with_idle(program, *policy);
}

// Which question of query/energy_question.h; empty: the card.
std::string asked(const EnergyOptions& o) {
  if (o.ranks) return "ranks";
  if (o.outliers) return "outliers";
  if (o.nodes) return "nodes";
  if (o.path || !o.question.task.empty()) return "path";
  if (o.truth) return "truth";
  if (o.capture) return "capture";
  if (!o.question.other.empty()) return "layer_pairs";
  if (o.layers) return "layers";
  return o.checks || !o.question.against.empty() ? "checks" : "";
}

int answer_question(const EnergyOptions& o, const std::string& about, const Program& program) {
  Result<query::Session> session = open(program, o.idle);
  if (!session.ok()) return program.fail(session.status());
  query::EnergyQuestion question = o.question;
  question.about = about;
  question.what = o.what;
  std::error_code error;
  Result<query::EnergyAnswer> answer =
      query::ask_energy(*session, question, std::filesystem::current_path(error));
  if (!answer.ok()) return program.fail(answer.status());
  return emit_document(program, o.output, answer->facts, answer->text);
}

// Each is a question of its own.
void add_questions(CLI::App* verb, EnergyOptions& o) {
  CLI::Option* ranks = verb->add_flag(
      "--ranks", o.ranks, "Tasks whose places by time and by energy differ, the most first");
  CLI::Option* outliers = verb->add_flag(
      "--outliers", o.outliers, "Tasks with another energy than their parameters let expect");
  CLI::Option* nodes = verb->add_flag(
      "--nodes", o.nodes, "Idle and active by node, and what stragglers and waiting cost");
  CLI::Option* path = verb->add_flag("--path", o.path,
                                     "Down to the samples behind the largest task, each step "
                                     "with a check of its sum");
  CLI::Option* truth = verb->add_flag(
      "--truth", o.truth, "What is estimated, by which sensor; what is left without it");
  CLI::Option* capture = verb->add_flag("--capture", o.capture, "What Headrace itself cost");
  CLI::Option* layers =
      verb->add_flag("--layers", o.layers, "What each layer and phase of a model used");
  CLI::Option* beside =
      verb->add_option("--layers-beside", o.question.other,
                       "The same layer here and in another campaign or workflow (or in two models "
                       "of this one): joules a call, token, sample, operation")
          ->type_name("OTHER");
  CLI::Option* checks =
      verb->add_flag("--checks", o.checks, "Whether a node's sensor and those of its parts agree");
  CLI::Option* task =
      verb->add_option("--task", o.question.task, "Like --path, to this task")->type_name("ID");
  CLI::Option* against =
      verb->add_option("--against", o.question.against,
                       "Like --checks, and with a meter: hostname,begin,end,joules,source")
          ->type_name("FILE");
  const std::vector<CLI::Option*> all = {ranks,  outliers, nodes,  path, truth,  capture,
                                         layers, beside,   checks, task, against};
  for (CLI::Option* one : all) {
    for (CLI::Option* other : all) {
      const bool together =
          (one == path && other == task) || (one == task && other == path) ||
          (one == checks && other == against) || (one == against && other == checks) ||
          (one == layers && other == beside) || (one == beside && other == layers);
      if (one != other && !together) one->excludes(other);
    }
  }
  verb->add_option("--activity", o.question.activity,
                   "With --ranks and --outliers: tasks of this activity alone")
      ->type_name("NAME");
  verb->add_option("--least", o.question.least,
                   "With --ranks: places apart (default: 1); with --outliers: deviations (3)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
}

int show_energy(const EnergyOptions& o, const Program& program) {
  if (const std::string about = asked(o); !about.empty()) {
    return answer_question(o, about, program);
  }
  const bool with_carbon = !o.carbon.file.empty();
  if (with_carbon == o.carbon.region.empty()) {
    return program.fail(invalid_argument(
        with_carbon ? "say where it ran: --region R, as the file of carbon factors calls it"
                    : "--region needs the carbon factors: --carbon FILE"));
  }
  Result<query::Session> session = open(program, o.idle);
  if (!session.ok()) return program.fail(session.status());
  std::error_code error;
  const Result<query::EnergyCard> card = query::energy_card(
      *session, o.what, std::filesystem::current_path(error), with_carbon ? &o.carbon : nullptr);
  if (!card.ok()) return program.fail(card.status());
  return emit_document(program, o.output, query::energy_card_json(*card),
                       query::energy_card_text(*card, o.by == "workflow"));
}

}  // namespace

void add_energy(CLI::App& app, Program& program) {
  auto options = std::make_shared<EnergyOptions>();
  CLI::App* verb = add_verb(
      app, "energy", "Adds up the energy of a campaign or workflow, to what the sensors counted",
      "  headrace energy                       of everything\n"
      "  headrace energy sweep                 of a campaign, by workflow, activity and domain\n"
      "  headrace energy sweep --by workflow   workflows and idle by kind of device\n"
      "  headrace energy sweep --idle none     idle energy divided among the tasks that ran\n"
      "  headrace energy sweep --carbon grid.csv --region DE --pue 1.2\n"
      "  headrace energy sweep --outliers      tasks that used another energy than expected\n"
      "  headrace energy tune --layers         what each layer of its model used\n"
      "  headrace energy small --layers-beside large   the same layer in two architectures\n"
      "  headrace energy sweep --against meter.csv   compared with what a meter showed\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow by its name or id");
  verb->add_option("--idle", options->idle,
                   "What becomes of energy that is used while no task runs: separate, by_residency "
                   "or none (default: as the store has it)")
      ->check(CLI::IsMember({"separate", "by_residency", "none"}))
      ->type_name("POLICY");
  verb->add_option("--by", options->by,
                   "A row for each: activity of a workflow in a domain (default), or workflow")
      ->check(CLI::IsMember({"activity", "workflow"}))
      ->type_name("WHAT");
  CLI::Option* carbon =
      verb->add_option("--carbon", options->carbon.file,
                       "Carbon factors: region,start,end,gco2e_per_kwh,kind,source")
          ->type_name("FILE");
  verb->add_option("--region", options->carbon.region, "The region in that file")->type_name("R");
  verb->add_option("--kind", options->carbon.kind, "average (default) or marginal factors")
      ->check(CLI::IsMember({"average", "marginal"}))
      ->needs(carbon)
      ->type_name("KIND");
  verb->add_option("--pue", options->carbon.pue,
                   "What the building draws for each joule of the machine, where the file's column "
                   "pue does not say it (default: 1)")
      ->check(CLI::Range(1.0, 10.0))
      ->needs(carbon)
      ->type_name("N");
  add_questions(verb, *options);
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program] { return show_energy(*options, program); });
}

}  // namespace headrace::cli
