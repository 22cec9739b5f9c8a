// headrace prune
#include "collect/prune.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/identified.h"
#include "cli/open_session.h"
#include "cli/pruned.h"
#include "query/filter_fields.h"

namespace headrace::cli {
namespace {

constexpr const char* kSay = "say --older-than, --campaign, --workflow, --status or --keep-last";

struct Options {
  std::string older_than;
  std::vector<std::string> campaigns;
  std::vector<std::string> workflows;
  std::vector<std::string> statuses;
  int64_t keep_last = -1;
  bool dry_run = false;
  bool json = false;
};

// "90d", "12h": in ns.
Result<int64_t> parse_age_ns(const std::string& text) {
  constexpr double kMost_s = 9e9;  // what fits in ns
  const std::optional<query::Quantity> age = query::parse_quantity(text);
  if (age && age->measures == query::FieldKind::kDuration && age->value >= 0 &&
      age->value < kMost_s) {
    return static_cast<int64_t>(age->value * 1e9);
  }
  return invalid_argument("'" + text + "' is no length of time; 30d, 2w, 12h and 90min are");
}

int prune(const Options& o, const Program& program) {
  collect::PruneOptions what;
  if (!o.older_than.empty()) {
    const Result<int64_t> age_ns = parse_age_ns(o.older_than);
    if (!age_ns.ok()) return program.fail(age_ns.status());
    what.older_than_ns = *age_ns;
  }
  what.statuses = o.statuses;
  what.dry_run = o.dry_run;
  if (o.keep_last >= 0) what.keep_last = static_cast<uint64_t>(o.keep_last);
  if (!o.campaigns.empty() || !o.workflows.empty()) {
    const Result<query::Session> session = open_session(program);
    if (!session.ok()) return program.fail(session.status());
    for (const std::string& text : o.campaigns) {
      const Result<Identified> named = identified(*session, text, {query::ThingKind::kCampaign});
      if (!named.ok()) return program.fail(named.status());
      what.campaigns.push_back(named->id);
    }
    for (const std::string& text : o.workflows) {
      const Result<Identified> named = identified(*session, text, {query::ThingKind::kWorkflow});
      if (!named.ok()) return program.fail(named.status());
      what.workflows.push_back(named->id);
    }
  }
  end_on_interrupt();
  collect::OpenOptions open;
  open.store.on_wait = [&program](const std::string& why) { program.say("headrace: " + why); };
  const Result<collect::Pruned> done = collect::prune(Directory{program.root()}, what, open);
  if (!done.ok()) {
    const bool is_unsaid = done.status().code() == StatusCode::kInvalidArgument;
    return program.fail(is_unsaid ? done.status().with_advice(kSay) : done.status());
  }
  print_pruned(*done, o.dry_run, o.json);
  return kDone;
}

}  // namespace

void add_prune(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "prune", "Takes old workflows out for good and gives their room back",
      "  headrace prune --older-than 90d --dry-run      what would go, and how much that is\n"
      "  headrace prune --older-than 90d\n"
      "  headrace prune --campaign sweep --status failed\n"
      "  headrace prune --campaign sweep --keep-last 10\n"
      "A workflow goes that all options speak of; what runs stays. It does not come back, also "
      "when\n"
      "the store is built again. headrace backup first, if in doubt.\n");
  verb->add_option("--older-than", options->older_than, "Ended longer ago than 90d, 12h, ...")
      ->type_name("AGE");
  verb->add_option("--campaign", options->campaigns, "Of this campaign, by name or id; repeatable")
      ->type_name("NAME");
  verb->add_option("--workflow", options->workflows, "This workflow, by name or id; repeatable")
      ->type_name("NAME");
  verb->add_option("--status", options->statuses, "With this status; repeatable")
      ->check(CLI::IsMember({"pending", "finished", "failed", "cancelled", "lost"}))
      ->type_name("STATUS");
  verb->add_option("--keep-last", options->keep_last, "Not among the newest N of their campaign")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb->add_flag("-n,--dry-run", options->dry_run, "Only says what would go");
  verb->add_flag("--json", options->json, "What goes, as a JSON object");
  program.runs(verb, [options, &program] { return prune(*options, program); });
}

}  // namespace headrace::cli
