// headrace energy [CAMPAIGN|WORKFLOW]
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "collect/open_with_idle.h"
#include "query/energy_card.h"

namespace headrace::cli {
namespace {

struct EnergyOptions {
  std::string what;
  std::string idle;
  query::CarbonQuestion carbon;
  Output output;
};

Result<query::Session> open(const Program& program, const std::string& idle) {
  const auto policy = collect::parse_idle_policy(idle);
  if (!policy) return open_last_session(program);
  return open_session_with_idle(program, *policy);
}

int show_energy(const EnergyOptions& o, const Program& program) {
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
                       query::energy_card_text(*card));
}

}  // namespace

void add_energy(CLI::App& app, Program& program) {
  auto options = std::make_shared<EnergyOptions>();
  CLI::App* verb = add_verb(
      app, "energy", "Adds up the energy of a campaign or workflow, to what the sensors counted",
      "  headrace energy                       of everything\n"
      "  headrace energy sweep                 of a campaign, by workflow, activity and domain\n"
      "  headrace energy sweep --idle none     idle energy divided among the tasks that ran\n"
      "  headrace energy sweep --carbon grid.csv --region DE --pue 1.2\n");
  verb->add_option("WHAT", options->what, "A campaign or workflow by its name or id");
  verb->add_option("--idle", options->idle,
                   "What becomes of energy that is used while no task runs: separate, by_residency "
                   "or none (default: as the store has it)")
      ->check(CLI::IsMember({"separate", "by_residency", "none"}))
      ->type_name("POLICY");
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
                   "What the building draws for each joule of the machine (default: 1)")
      ->check(CLI::Range(1.0, 10.0))
      ->needs(carbon)
      ->type_name("N");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program] { return show_energy(*options, program); });
}

}  // namespace headrace::cli
