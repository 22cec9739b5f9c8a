#include "report/document.h"

#include <utility>

#include "report/campaign_part.h"
#include "report/cells.h"
#include "report/html.h"
#include "report/lineage_part.h"
#include "report/questions.h"
#include "report/scope.h"
#include "report/tradeoff_part.h"
#include "report/views_part.h"

namespace headrace::report {

using query::Json;

Result<Json> report_json(const query::Session& session, const ReportQuestion& question) {
  const Result<Scope> scope = find_scope(session, question.of);
  if (!scope.ok()) return scope.status();
  Result<Json> of = of_json(*scope);
  if (!of.ok()) return of.status();
  Result<Json> workflows = workflows_json(*scope);
  if (!workflows.ok()) return workflows.status();
  Result<Json> tasks = tasks_json(*scope, question.most_tasks, {});
  if (!tasks.ok()) return tasks.status();
  Result<TradeoffPart> tradeoff =
      tradeoff_part(*scope, {question.quality, question.minimise, question.activity});
  if (!tradeoff.ok()) return tradeoff.status();
  Result<LineagePart> lineage = lineage_part(*scope, question.object, tradeoff->best);
  if (!lineage.ok()) return lineage.status();
  Result<Json> energy = energy_part_json(*scope);
  if (!energy.ok()) return energy.status();
  Result<Json> views = views_json(*scope, question.against);
  if (!views.ok()) return views.status();
  Result<Json> capture = capture_json(*scope);
  if (!capture.ok()) return capture.status();
  return Json(Json::Map{
      {"format", "headrace.report"},
      {"version", int64_t{1}},
      {"made_at", instant_text(question.made_at_ns)},
      {"made_by", question.made_by},
      {"of", std::move(*of)},
      {"workflows", std::move(*workflows)},
      {"tasks", std::move(*tasks)},
      {"tradeoff", std::move(tradeoff->json)},
      {"tradeoff_missing", std::move(tradeoff->missing)},
      {"lineage", std::move(lineage->json)},
      {"lineage_missing", std::move(lineage->missing)},
      {"energy", std::move(*energy)},
      {"views", std::move(*views)},
      {"capture", std::move(*capture)},
      {"questions",
       questions_json({scope->of.name, scope->is_workflow() ? scope->of.id : "", tradeoff->quality,
                       tradeoff->minimise, tradeoff->activity, lineage->object_id})}});
}

Result<std::string> report_page(const query::Session& session, const ReportQuestion& question) {
  const Result<Json> document = report_json(session, question);
  if (!document.ok()) return document.status();
  return page_html(document->dump());
}

}  // namespace headrace::report
