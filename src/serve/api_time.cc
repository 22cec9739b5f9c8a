// What ran when, and what the sensors read meanwhile.
#include <algorithm>

#include "query/counter_window.h"
#include "query/critical_path.h"
#include "query/picture_json.h"
#include "query/sensor_gaps.h"
#include "query/stragglers.h"
#include "serve/api.h"
#include "serve/kept_lanes.h"

namespace headrace::serve {
namespace {

using query::Json;

Result<Answer> timeline(const Call& call) {
  const auto kept = kept_lanes(call, call.text("colour") == "energy");
  if (!kept.ok()) return kept.status();
  const query::TaskLanes& all = **kept;
  query::WindowQuestion question;
  // Beyond the last task too, so that one that ends there is seen.
  question.from_ns = call.integer("from_ns").value_or(all.begin_ns);
  question.to_ns = call.integer("to_ns").value_or(all.end_ns + 1);
  if (question.to_ns <= question.from_ns) return invalid_argument("to_ns is not after from_ns");
  question.width = static_cast<size_t>(call.integer("width").value_or(1000));
  question.lanes_from =
      std::min(static_cast<size_t>(call.integer("lanes_from").value_or(0)), all.lanes.size());
  question.lanes = static_cast<size_t>(call.integer("lanes").value_or(200));
  Json answer = query::timeline_json(all, question);
  answer.as<Json::Map>()->emplace_back("watermark", call.view().watermark);
  return Answer(std::move(answer));
}

Result<Answer> counters(const Call& call) {
  query::CounterQuestion question;
  question.sensor = call.text("sensor");
  question.from_ns = call.integer("from_ns");
  question.to_ns = call.integer("to_ns");
  question.width = static_cast<size_t>(call.integer("width").value_or(1000));
  return rows(query::counter_window(call.session(), question));
}

// Those of the machines that ran the workflow or campaign, where one is asked for.
Result<Answer> sensors(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  const std::string of =
      !*thing ? "true"
              : "s.hostname IN (SELECT p.hostname FROM producer_row p JOIN workflow_row w ON "
                "w.producer = p.producer WHERE w." +
                    std::string((*thing)->kind == query::ThingKind::kCampaign ? "campaign"
                                                                              : "workflow") +
                    " = '" + (*thing)->id + "')";
  const std::string limit = call.text("limit");
  return rows(call.session().own_sql(
      "SELECT s.sensor_id, s.name, s.quantity, s.unit, s.kind, s.domain, s.source, s.truth, "
      "s.method, s.assumption, s.hostname, s.pid, s.device, n.readings, "
      "make_timestamp_ns(n.first_ns) AS first_at, make_timestamp_ns(n.last_ns) AS last_at "
      "FROM sensor s LEFT JOIN (SELECT sensor, count(*) AS readings, min(ts) AS first_ns, max(ts) "
      "AS last_ns FROM sample_row GROUP BY sensor) n ON n.sensor = s.sensor_id WHERE " +
      of + " ORDER BY s.hostname, s.domain, s.name, s.sensor_id LIMIT " + limit));
}

Result<Answer> gaps(const Call& call) {
  const auto found =
      query::sensor_gaps(call.session(), call.integer("from_ns"), call.integer("to_ns"));
  if (!found.ok()) return found.status();
  return Answer(query::sensor_gaps_json(*found));
}

Result<Answer> critical_path(const Call& call) {
  const auto path = query::critical_path_of(call.session(), call.text("id"), here_of(call));
  if (!path.ok()) return path.status();
  return Answer(query::critical_path_json(*path));
}

Result<Answer> stragglers(const Call& call) {
  query::StragglerOptions options;
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  if (*thing && (*thing)->kind == query::ThingKind::kWorkflow) options.workflow_id = (*thing)->id;
  if (*thing && (*thing)->kind == query::ThingKind::kCampaign) options.campaign = (*thing)->name;
  if (const auto deviations = call.real("deviations")) options.deviations = *deviations;
  Result<query::ResultTable> found = query::stragglers_of(call.session(), options);
  if (!found.ok()) return found.status();
  return Answer(TableAnswer{std::move(*found),
                            std::nullopt,
                            {},
                            static_cast<uint64_t>(call.integer("limit").value_or(0))});
}

}  // namespace

void add_time_routes(std::vector<Route>* out) {
  const Param workflow{.name = "workflow", .about = "of this workflow: its name or id"};
  const Param campaign{.name = "campaign", .about = "of this campaign; neither: of everything"};
  const Param from{.name = "from_ns",
                   .about = "the window's begin, ns since 1970; unset: all",
                   .kind = ParamKind::kInteger,
                   .least = INT64_MIN};
  Param to = from;
  to.name = "to_ns";
  to.about = "the window's end";
  const Param width{.name = "width",
                    .about = "pixels to draw it on",
                    .kind = ParamKind::kInteger,
                    .usual = "1000",
                    .least = 1,
                    .most = 10'000};
  const auto limit = [](const char* usual) {
    return Param{.name = "limit",
                 .about = "rows to give",
                 .kind = ParamKind::kInteger,
                 .usual = usual,
                 .least = 1,
                 .most = 100'000};
  };
  out->push_back(
      {"GET",
       "/timeline",
       "Tasks in their lanes, reduced to what can be told apart at this width; failures and the "
       "longest always stand out. start_ns of spans counts from begin_ns; duration_ns -1: not "
       "ended; task: an index of tasks, -1 where several are one span; lane: an index of lanes",
       Form::kDocument,
       {workflow,
        campaign,
        from,
        to,
        width,
        {.name = "lanes_from",
         .about = "the first lane",
         .kind = ParamKind::kInteger,
         .usual = "0"},
        {.name = "lanes",
         .about = "how many lanes",
         .kind = ParamKind::kInteger,
         .usual = "200",
         .least = 1,
         .most = 2000},
        {.name = "colour",
         .about = "energy: with each span's energy",
         .choices = {"activity", "status", "energy"},
         .usual = "activity"}},
       timeline});
  out->push_back(
      {"GET",
       "/counters",
       "What a sensor read: least, greatest and mean of each pixel; counters as rates",
       Form::kTable,
       {{.name = "sensor", .about = "its number or name", .required = true}, from, to, width},
       counters});
  out->push_back({"GET",
                  "/sensors",
                  "Sensors, what they measure and how",
                  Form::kTable,
                  {workflow, campaign, limit("1000")},
                  sensors});
  out->push_back(
      {"GET",
       "/sensors/gaps",
       "How often each sensor was read in a window, which share of the time is known, and "
       "where it was not read, with why",
       Form::kDocument,
       {from, to},
       gaps});
  out->push_back({"GET",
                  "/critical-path/{id}",
                  "The tasks that decided how long a workflow took",
                  Form::kDocument,
                  {},
                  critical_path});
  out->push_back({"GET",
                  "/stragglers",
                  "Tasks that took far longer than their like",
                  Form::kTable,
                  {workflow,
                   campaign,
                   limit("100"),
                   {.name = "deviations",
                    .about = "beyond the median by so many robust standard "
                             "deviations",
                    .kind = ParamKind::kReal,
                    .usual = "5"}},
                  stragglers});
}

}  // namespace headrace::serve
