// Comparisons: two things, the configurations of a campaign, what runs could have been spared.
#include <algorithm>

#include "query/campaign.h"
#include "query/diff.h"
#include "query/regret.h"
#include "query/summary.h"
#include "query/table_builder.h"
#include "query/tradeoff.h"
#include "serve/api.h"

namespace headrace::serve {
namespace {

using query::Json;

std::optional<bool> minimise_of(const Call& call) {
  if (call.text("maximise").empty()) return std::nullopt;
  return !call.flag("maximise");
}

// The numbers that tasks of the campaign generated, the rarest first: those
// of whole runs before those of their steps.
Result<std::vector<std::string>> qualities_of(const Call& call, const std::string& campaign) {
  const auto found = query::find_campaign(call.session(), campaign);
  if (!found.ok()) return found.status();
  const auto rows = call.session().rows(
      "SELECT f.key FROM (SELECT t.schema, count(*) AS n FROM task_slots t JOIN workflow_row w ON "
      "w.wf = t.wf WHERE w.campaign = '" +
      found->id +
      "' GROUP BY t.schema) t JOIN field f ON f.schema = t.schema WHERE f.role = 1 AND f.type IN "
      "(2, 3) GROUP BY f.key ORDER BY sum(t.n), f.key LIMIT 100");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  for (const auto& row : *rows) out.push_back(row[0].text);
  return out;
}

Result<Answer> diff(const Call& call) {
  const auto answer =
      query::diff(call.session(), call.text("a"), call.text("b"), here_of(call), {});
  if (!answer.ok()) return answer.status();
  return Answer(query::diff_json(*answer, call.flag("all")));
}

// Nothing to set against a cost: the shape without rows, and a sentence that says why.
Answer no_tradeoff(const std::string& missing) {
  TableAnswer out{query::TableBuilder({{"label", query::ColumnKind::kText, ""},
                                       {"on_front", query::ColumnKind::kBool, ""}})
                      .finish()};
  out.more = {{"quality", ""}, {"minimise", true},  {"activity", ""}, {"qualities", Json::List{}},
              {"note", ""},    {"missing", missing}};
  return out;
}

// "gpu_utilization,used.width": the quality and the cost stand before and after them.
std::vector<query::Objective> objectives_of(const query::TradeoffQuestion& question,
                                            const std::string& more) {
  std::vector<query::Objective> out = {{question.quality, question.minimise}};
  for (size_t at = 0; at <= more.size();) {
    const size_t comma = std::min(more.find(',', at), more.size());
    if (comma > at) out.push_back({more.substr(at, comma - at)});
    at = comma + 1;
  }
  out.push_back({question.cost == query::Cost::kTime ? "time" : "energy", true});
  return out;
}

Result<Answer> tradeoff(const Call& call) {
  query::TradeoffQuestion question;
  question.campaign = call.text("campaign");
  Result<std::vector<std::string>> qualities = qualities_of(call, question.campaign);
  if (!qualities.ok()) return qualities.status();
  question.quality = call.text("quality");
  if (question.quality.empty()) question.quality = query::likeliest_quality(*qualities);
  if (question.quality.empty()) {
    return no_tradeoff("No task of the campaign " + question.campaign +
                       " generated a number; task.generated({\"loss\": ...}) inside hr.task(...) "
                       "records one.");
  }
  question.minimise = minimise_of(call);
  question.activity = call.text("activity");
  question.cost = call.text("cost") == "time" ? query::Cost::kTime : query::Cost::kEnergy;
  if (const std::string target = call.text("target"); !target.empty()) {
    Result<query::Target> parsed = query::parse_target(target);
    if (!parsed.ok()) return parsed.status();
    question.target = std::move(*parsed);
  }
  question.paired = call.text("paired");
  if (const std::string more = call.text("objectives"); !more.empty()) {
    question.objectives = objectives_of(question, more);
  }
  const Result<query::Tradeoff> answer = query::tradeoff(call.session(), question);
  if (!answer.ok()) return answer.status();
  const std::string part = call.text("part");
  if (part == "steps") return rows(query::tradeoff_steps_table(*answer));
  if (part == "pairs") {
    if (question.paired.empty()) return invalid_argument("say which parameter: paired=NAME");
    return rows(query::tradeoff_pairs_table(*answer));
  }
  if (part == "effects") return rows(query::tradeoff_effects_table(*answer));
  TableAnswer out{query::tradeoff_table(*answer)};
  out.more = {{"quality", answer->quality},
              {"minimise", answer->minimise},
              {"activity", answer->activity},
              {"qualities", Json::List(qualities->begin(), qualities->end())},
              {"note", answer->note}};
  return Answer(std::move(out));
}

Result<Answer> regret(const Call& call) {
  query::RegretQuestion question;
  question.campaign = call.text("campaign");
  question.metric = call.text("metric");
  question.minimise = minimise_of(call);
  question.activity = call.text("activity");
  const Result<query::Regret> answer = query::regret(call.session(), question);
  if (!answer.ok()) return answer.status();
  return Answer(query::regret_json(*answer));
}

Result<Answer> summary(const Call& call) {
  const std::string of =
      call.text("workflow").empty() ? call.text("campaign") : call.text("workflow");
  const Result<query::Summary> answer = query::summarize(call.session(), of, here_of(call));
  if (!answer.ok()) return answer.status();
  return Answer(query::summary_json(*answer));
}

}  // namespace

void add_choice_routes(std::vector<Route>* out) {
  const Param campaign{.name = "campaign", .about = "its name or id", .required = true};
  const Param maximise{.name = "maximise",
                       .about = "more of it is better; unset: by its name",
                       .kind = ParamKind::kFlag};
  const Param activity{.name = "activity", .about = "which tasks to compare"};
  out->push_back({"GET",
                  "/diff",
                  "What differs between two workflows, tasks, objects or campaigns",
                  Form::kDocument,
                  {{.name = "a", .about = "one: its name or id", .required = true},
                   {.name = "b", .about = "the other", .required = true},
                   {.name = "all", .about = "also what is equal", .kind = ParamKind::kFlag}},
                  diff});
  out->push_back(
      {"GET",
       "/tradeoff",
       "What the tasks of a campaign achieved against what they cost",
       Form::kTable,
       {campaign,
        {.name = "quality", .about = "a value that the tasks generated; unset: by its name"},
        maximise,
        {.name = "cost",
         .about = "what to set it against",
         .choices = {"energy", "time"},
         .usual = "energy"},
        activity,
        {.name = "target", .about = "when was this reached: loss<2.1"},
        {.name = "objectives",
         .about = "more to weigh, with commas: peak_temperature,gpu_utilization,used.width"},
        {.name = "paired", .about = "a parameter, for the part pairs"},
        {.name = "part",
         .about = "configurations, the steps along the front, what each parameter does, or what "
                  "`paired` does at fixed others",
         .choices = {"configurations", "steps", "effects", "pairs"},
         .usual = "configurations"}},
       tradeoff});
  out->push_back({"GET",
                  "/regret",
                  "What was spent on runs that a stopping rule would have ended",
                  Form::kDocument,
                  {campaign, {.name = "metric", .about = "what was logged"}, maximise, activity},
                  regret});
  out->push_back({"GET",
                  "/summary",
                  "What there is to say, in sentences, each with its query",
                  Form::kDocument,
                  {{.name = "workflow", .about = "of this workflow: its name or id"},
                   {.name = "campaign", .about = "of this campaign; neither: of everything"}},
                  summary});
}

}  // namespace headrace::serve
