// Where the energy went.
#include "query/energy_card.h"
#include "query/energy_question.h"
#include "query/energy_table.h"
#include "serve/api.h"
#include "serve/kept_lanes.h"
#include "serve/site.h"

namespace headrace::serve {
namespace {

using query::Json;

Result<Answer> energy(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  Result<query::EnergyTable> found =
      query::energy_table(call.session(), *thing ? &**thing : nullptr);
  if (!found.ok()) return found.status();
  return rows(query::energy_parts(*found));
}

Json carbon_not_asked() {
  return Json::Map{{"attributed_g", Json()},
                   {"idle_g", Json()},
                   {"unattributed_g", Json()},
                   {"truth", "estimated"},
                   {"reason",
                    "no carbon factors were given; headrace serve --carbon FILE --region R takes "
                    "them from a file of yours"}};
}

Result<Answer> card(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  const query::CarbonQuestion* const carbon = call.site().carbon();
  const Result<query::EnergyCard> found =
      query::energy_card(call.session(), *thing ? (*thing)->id : "", here_of(call), carbon);
  if (!found.ok()) return found.status();
  Json out = query::energy_card_json(*found);
  if (carbon == nullptr) out.as<Json::Map>()->emplace_back("carbon", carbon_not_asked());
  return Answer(std::move(out));
}

// GET /energy/{about}: the same JSON as the command line's. A file of a meter is not taken here.
Result<Answer> about_energy(const Call& call) {
  query::EnergyQuestion question;
  question.about = call.text("about");
  const std::string workflow = call.text("workflow");
  const std::string campaign = call.text("campaign");
  if (!workflow.empty()) {
    question.what = "workflow:" + workflow;
  } else if (!campaign.empty()) {
    question.what = "campaign:" + campaign;
  }
  question.activity = call.text("activity");
  question.task = call.text("task");
  question.other = call.text("other");
  question.least = call.real("least");
  question.limit = static_cast<uint64_t>(call.integer("limit").value_or(0));
  const auto answer = query::ask_energy(call.session(), question, here_of(call));
  if (!answer.ok()) return answer.status();
  return Answer(answer->facts);
}

}  // namespace

void add_energy_routes(std::vector<Route>* out) {
  out->push_back(
      {"GET",
       "/energy",
       "Energy by workflow and domain, no task counted twice. Of a domain, the parts "
       "attributed, elsewhere (tasks of other workflows in the same processes), idle and "
       "unattributed add up to measured",
       Form::kTable,
       {{.name = "workflow", .about = "of this workflow: its name or id"},
        {.name = "campaign", .about = "of this campaign; neither: of everything"}},
       energy});
  out->push_back(
      {"GET",
       "/energy/card",
       "Energy that can be added up: what each activity's tasks used themselves, by workflow and "
       "domain, and that attributed, elsewhere, idle and unattributed are what was measured; what "
       "can be told of each activity, which domain holds which, what is missing and why, and "
       "carbon",
       Form::kDocument,
       {{.name = "workflow", .about = "of this workflow: its name or id"},
        {.name = "campaign", .about = "of this campaign; neither: of everything"}},
       card});
  // Behind the routes of this depth with a name of their own.
  out->push_back(
      {"GET",
       "/energy/{about}",
       "One question about energy. ranks: tasks by time and by energy; outliers: tasks that used "
       "another energy than expected; nodes: idle and active by node, stragglers, waiting; path: "
       "down to the samples behind a task; truth: what is estimated; capture: what Headrace itself "
       "cost; checks: whether sensors agree; layers: what each layer and phase of a model used; "
       "layer_pairs: the same layer in two architectures",
       Form::kDocument,
       {{.name = "workflow", .about = "of this workflow: its name or id"},
        {.name = "campaign", .about = "of this campaign; neither: of everything"},
        {.name = "activity", .about = "ranks, outliers: of this activity's tasks"},
        {.name = "task", .about = "path: to this task"},
        {.name = "other", .about = "layer_pairs: the other workflow or campaign: its name or id"},
        {.name = "least",
         .about = "ranks: places apart (1); outliers: standard deviations (3)",
         .kind = ParamKind::kReal},
        {.name = "limit",
         .about = "rows of a list",
         .kind = ParamKind::kInteger,
         .usual = "1000",
         .least = 1,
         .most = 100'000}},
       about_energy});
}

}  // namespace headrace::serve
