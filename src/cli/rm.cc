// headrace rm WHAT
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/identified.h"
#include "cli/open_session.h"
#include "collect/prune.h"

namespace headrace::cli {
namespace {

int remove(const std::string& what, const Program& program) {
  collect::PruneOptions options;
  options.may_take_running = true;
  Identified named;
  {
    const Result<query::Session> session = open_session(program);
    if (!session.ok()) return program.fail(session.status());
    Result<Identified> found =
        identified(*session, what, {query::ThingKind::kCampaign, query::ThingKind::kWorkflow});
    if (!found.ok()) return program.fail(found.status());
    named = std::move(*found);
  }
  const bool is_campaign = named.thing.kind == query::ThingKind::kCampaign;
  (is_campaign ? options.campaigns : options.workflows).push_back(named.id);
  const Result<collect::Pruned> done = collect::prune(Directory{program.root()}, options);
  if (!done.ok()) return program.fail(done.status());
  program.say("removed " + std::string(query::name_of(named.thing.kind)) + " " + named.thing.name +
              " (" + named.thing.id.substr(0, 8) + ")");
  return kDone;
}

}  // namespace

void add_rm(CLI::App& app, Program& program) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb =
      add_verb(app, "rm", "Removes a campaign or workflow, with its tasks, from the store",
               "  headrace rm sweep\n"
               "  headrace rm 9f2c01ab\n"
               "Stays removed when the store is folded or built again. headrace prune chooses by "
               "age and status.\n");
  verb->add_option("WHAT", *what, "A campaign or workflow, by name or id")
      ->required()
      ->option_text("[required]");
  program.runs(verb, [what, &program] { return remove(*what, program); });
}

}  // namespace headrace::cli
