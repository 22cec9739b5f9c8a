// What runs cost for what they improved, how hot they became, what their phases keep busy.
#include "query/marginal.h"
#include "query/phases.h"
#include "query/thermal.h"
#include "serve/api.h"

namespace headrace::serve {
namespace {

std::string asked_of(const Call& call) {
  return call.text("workflow").empty() ? call.text("campaign") : call.text("workflow");
}

Result<Answer> marginal(const Call& call) {
  query::MarginalQuestion question;
  question.campaign = call.text("campaign");
  question.quality = call.text("quality");
  if (!call.text("maximise").empty()) question.minimise = !call.flag("maximise");
  question.activity = call.text("activity");
  question.per = call.real("per").value_or(question.per);
  question.most_j = call.real("most_j");
  const auto answer = query::marginal(call.session(), question);
  if (!answer.ok()) return answer.status();
  return Answer(query::marginal_json(*answer));
}

Result<Answer> thermal(const Call& call) {
  query::ThermalQuestion question;
  question.of = asked_of(call);
  question.above_c = call.real("above_c").value_or(question.above_c);
  question.activity = call.text("activity");
  question.points = static_cast<size_t>(call.integer("points").value_or(200));
  const auto answer = query::thermal(call.session(), question, here_of(call));
  if (!answer.ok()) return answer.status();
  return Answer(query::thermal_json(*answer));
}

Result<Answer> phases(const Call& call) {
  query::PhasesQuestion question;
  question.of = asked_of(call);
  if (const auto percent = call.real("gpu_below")) question.gpu_below = *percent / 100;
  question.node_above_w = call.real("node_above_w").value_or(question.node_above_w);
  const auto answer = query::phases(call.session(), question, here_of(call));
  if (!answer.ok()) return answer.status();
  return Answer(query::phases_json(*answer));
}

}  // namespace

void add_run_routes(std::vector<Route>* out) {
  const Param workflow{.name = "workflow", .about = "of this workflow: its name or id"};
  const Param campaign{.name = "campaign", .about = "of this campaign; neither: of everything"};
  const Param activity{.name = "activity", .about = "whose tasks are the runs"};
  out->push_back({"GET",
                  "/marginal",
                  "What the next bit of improvement costs, point by point of each run's curve",
                  Form::kDocument,
                  {{.name = "campaign", .about = "its name or id", .required = true},
                   {.name = "quality", .about = "what was logged or generated", .required = true},
                   {.name = "maximise",
                    .about = "more of it is better; unset: by its name",
                    .kind = ParamKind::kFlag},
                   activity,
                   {.name = "per",
                    .about = "of an improvement by this; unset: 0.01",
                    .kind = ParamKind::kReal},
                   {.name = "most_j",
                    .about = "recommend to stop where it costs more joules than this",
                    .kind = ParamKind::kReal}},
                  marginal});
  out->push_back({"GET",
                  "/thermal",
                  "How hot devices became while tasks ran, and which tasks were slowed down",
                  Form::kDocument,
                  {workflow,
                   campaign,
                   {.name = "above_c",
                    .about = "hot is above this temperature",
                    .kind = ParamKind::kReal,
                    .usual = "80"},
                   activity,
                   {.name = "points",
                    .about = "of each run's temperature over time, at most",
                    .kind = ParamKind::kInteger,
                    .usual = "200",
                    .least = 1,
                    .most = 100'000}},
                  thermal});
  out->push_back({"GET",
                  "/phases",
                  "What each activity keeps busy, and what the machine draws while its GPUs wait",
                  Form::kDocument,
                  {workflow,
                   campaign,
                   {.name = "gpu_below",
                    .about = "GPUs wait that are used less than this, in %",
                    .kind = ParamKind::kReal,
                    .usual = "20",
                    .least = 0,
                    .most = 100},
                   {.name = "node_above_w",
                    .about = "it is wasted where the machine draws more than this",
                    .kind = ParamKind::kReal,
                    .usual = "100"}},
                  phases});
}

}  // namespace headrace::serve
