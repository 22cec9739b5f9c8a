// The shape of the work: its graph, its curves, its ranks.
#include "query/metric_curves.h"
#include "query/picture_json.h"
#include "serve/api.h"
#include "serve/kept_lanes.h"

namespace headrace::serve {
namespace {

using query::Json;

Result<Answer> graph(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  query::GraphQuestion question;
  question.workflow = Uuid::parse((*thing)->id).value_or(Uuid{});
  const std::string level = call.text("level");
  question.level = level == "task"   ? query::GraphLevel::kTask
                   : level == "wave" ? query::GraphLevel::kWave
                                     : query::GraphLevel::kActivity;
  question.around = call.text("around");
  question.most_nodes = static_cast<size_t>(call.integer("limit").value_or(2000));
  if (level == "task" && !question.around.empty() && !Uuid::parse(question.around)) {
    const auto task =
        query::identify(call.session(), question.around, {query::ThingKind::kTask}, here_of(call));
    if (task.ok()) question.around = task->id;
  }
  const auto answer = query::activity_graph(call.session(), question);
  if (!answer.ok()) return answer.status();
  Json out = query::activity_graph_json(*answer, question.level);
  out.as<Json::Map>()->emplace_back("watermark", call.view().watermark);
  return Answer(std::move(out));
}

Result<Answer> curves(const Call& call) {
  query::MetricQuestion question;
  question.metric = call.text("metric");
  question.points = static_cast<size_t>(call.integer("points").value_or(1000));
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  if (!*thing) return invalid_argument("say which workflow or campaign");
  question.campaign = (*thing)->name;
  if ((*thing)->kind == query::ThingKind::kWorkflow) {
    question.workflow_id = (*thing)->id;
    const auto campaign = call.session().rows(
        "SELECT coalesce(campaign_id::VARCHAR, '') FROM workflow WHERE workflow_id = '" +
        (*thing)->id + "'");
    if (!campaign.ok()) return campaign.status();
    if (campaign->empty() || campaign->front()[0].text.empty()) {
      return Answer(query::no_curves("The workflow " + (*thing)->name +
                                     " belongs to no campaign, and curves are read from campaigns; "
                                     "hr.campaign(NAME) around it makes one."));
    }
    question.campaign = campaign->front()[0].text;
  }
  return document(query::metric_curves(call.session(), question));
}

Result<Answer> ranks(const Call& call) {
  const std::string name = call.text("quantity");
  const auto kept = kept_lanes(call, name == "power");
  if (!kept.ok()) return kept.status();
  const query::HeatQuantity quantity = name == "tasks"    ? query::HeatQuantity::kTasks
                                       : name == "failed" ? query::HeatQuantity::kFailed
                                       : name == "power"  ? query::HeatQuantity::kPower
                                                          : query::HeatQuantity::kBusy;
  const query::RankHeat heat =
      query::rank_heat(**kept, quantity, static_cast<size_t>(call.integer("bins").value_or(200)));
  Json out = query::rank_heat_json(heat, quantity);
  out.as<Json::Map>()->emplace_back("watermark", call.view().watermark);
  return Answer(std::move(out));
}

}  // namespace

void add_shape_routes(std::vector<Route>* out) {
  const Param workflow{.name = "workflow", .about = "of this workflow: its name or id"};
  const Param needed{.name = "workflow", .about = "its name or id", .required = true};
  const Param campaign{.name = "campaign", .about = "of this campaign: its name or id"};
  out->push_back({"GET",
                  "/graph",
                  "What used what the other generated, and what lies in what: nodes and edges as "
                  "columns side by side; x and y are the places of nodes",
                  Form::kDocument,
                  {needed,
                   {.name = "level",
                    .about = "what a node stands for",
                    .choices = {"activity", "wave", "task"},
                    .usual = "activity"},
                   {.name = "around",
                    .about = "only this node and what is up to two steps from it: a task's id, an "
                             "activity, or activity#wave"},
                   {.name = "limit",
                    .about = "nodes to give: those that failed, took longest or began first",
                    .kind = ParamKind::kInteger,
                    .usual = "2000",
                    .least = 1,
                    .most = 20'000}},
                  graph});
  out->push_back({"GET",
                  "/curves",
                  "A logged number over steps: for each configuration the mean of its repeats, and "
                  "one standard deviation around it",
                  Form::kDocument,
                  {workflow,
                   campaign,
                   {.name = "metric", .about = "its name; unset: the first"},
                   {.name = "points",
                    .about = "of a curve, at most",
                    .kind = ParamKind::kInteger,
                    .usual = "1000",
                    .least = 4,
                    .most = 100'000}},
                  curves});
  out->push_back({"GET",
                  "/ranks",
                  "What each rank did over time: a row of bins for each, one after the other",
                  Form::kDocument,
                  {workflow,
                   campaign,
                   {.name = "quantity",
                    .about = "what is shown",
                    .choices = {"busy", "tasks", "failed", "power"},
                    .usual = "busy"},
                   {.name = "bins",
                    .about = "stretches of time",
                    .kind = ParamKind::kInteger,
                    .usual = "200",
                    .least = 1,
                    .most = 4000}},
                  ranks});
}

}  // namespace headrace::serve
