#include "binding/query/answers.h"

#include <cmath>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/query/opened.h"
#include "collect/open_with_idle.h"
#include "query/affects.h"
#include "query/critical_path.h"
#include "query/describe.h"
#include "query/diff.h"
#include "query/energy_card.h"
#include "query/energy_question.h"
#include "query/marginal.h"
#include "query/phases.h"
#include "query/regret.h"
#include "query/reproduce.h"
#include "query/stragglers.h"
#include "query/summary.h"
#include "query/thermal.h"
#include "query/tradeoff.h"
#include "query/why.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

using query::Session;
using query::ThingKind;

nb::object value_of(const query::Json& json) { return PythonValues().of(json); }

// (text, facts) of what lies behind a thing, or ahead of it.
nb::tuple lineage(const std::string& root, const std::string& what, const std::string& here,
                  bool ahead, int depth, const std::string& only_path, bool inferred) {
  query::WhyOptions options;
  options.lineage.depth = depth;
  options.lineage.inferred = inferred;
  options.only_path = only_path;
  const query::Why answer = asked(root, [&](const Session& session) {
    return ahead ? query::affected_by(session, what, here, options)
                 : query::explain(session, what, here, options);
  });
  return nb::make_tuple(query::why_text(answer), value_of(query::why_json(answer)));
}

nb::tuple diff(const std::string& root, const std::string& a, const std::string& b,
               const std::string& here, bool all, const std::string& test) {
  query::DiffOptions options;
  if (test == "mann-whitney") options.test = query::RepeatTest::kMannWhitney;
  const query::Diff answer = asked(
      root, [&](const Session& session) { return query::diff(session, a, b, here, options); });
  return nb::make_tuple(query::diff_text(answer, all), value_of(query::diff_json(answer, all)),
                        answer.equal);
}

using NamedObjective = std::pair<std::string, std::optional<bool>>;  // minimise

// (rows, about, steps, effects, pairs)
nb::tuple tradeoff(const std::string& root, const std::string& campaign, const std::string& quality,
                   const std::string& cost, std::optional<bool> minimise,
                   const std::string& activity, const std::vector<NamedObjective>& objectives,
                   const std::string& target, const std::string& paired) {
  query::TradeoffQuestion question{campaign,
                                   cost == "time" ? query::Cost::kTime : query::Cost::kEnergy,
                                   quality, minimise, activity};
  for (const NamedObjective& one : objectives) {
    question.objectives.push_back({one.first, one.second});
  }
  if (!target.empty()) {
    Result<query::Target> parsed = query::parse_target(target);
    if (!parsed.ok()) raise(parsed.status());
    question.target = std::move(*parsed);
  }
  question.paired = paired;
  const query::Tradeoff answer =
      asked(root, [&](const Session& session) { return query::tradeoff(session, question); });
  nb::dict about;
  about["campaign"] = answer.campaign;
  about["quality"] = answer.quality;
  about["cost"] = answer.cost == query::Cost::kTime ? "time" : "energy";
  about["minimise"] = answer.minimise;
  about["activity"] = answer.activity;
  about["other_activities"] = answer.other_activities;
  about["failed"] = answer.failed.size();
  about["target"] = answer.target;
  about["note"] = answer.note;
  about["effects_note"] = answer.effects_note;
  return nb::make_tuple(kept_table(query::tradeoff_table(answer)), about,
                        kept_table(query::tradeoff_steps_table(answer)),
                        kept_table(query::tradeoff_effects_table(answer)),
                        kept_table(query::tradeoff_pairs_table(answer)));
}

// (text, facts, rows)
nb::tuple marginal(const std::string& root, const std::string& campaign, const std::string& quality,
                   std::optional<bool> minimise, const std::string& activity, double per,
                   std::optional<double> most_j) {
  const query::MarginalQuestion question{campaign, quality, minimise, activity, per, most_j};
  const query::Marginal answer =
      asked(root, [&](const Session& session) { return query::marginal(session, question); });
  return nb::make_tuple(query::marginal_text(answer), value_of(query::marginal_json(answer)),
                        kept_table(query::marginal_table(answer)));
}

// (text, facts, rows, throttling)
nb::tuple thermal(const std::string& root, const std::string& what, const std::string& here,
                  double above_c, const std::string& activity, size_t points) {
  const query::ThermalQuestion question{what, above_c, activity, points};
  const query::Thermal answer =
      asked(root, [&](const Session& session) { return query::thermal(session, question, here); });
  return nb::make_tuple(query::thermal_text(answer), value_of(query::thermal_json(answer)),
                        kept_table(query::thermal_table(answer)),
                        kept_table(query::throttling_table(answer)));
}

// (text, facts, rows)
nb::tuple phases(const std::string& root, const std::string& what, const std::string& here,
                 double gpu_below, double node_above_w) {
  const query::PhasesQuestion question{what, gpu_below, node_above_w};
  const query::Phases answer =
      asked(root, [&](const Session& session) { return query::phases(session, question, here); });
  return nb::make_tuple(query::phases_text(answer), value_of(query::phases_json(answer)),
                        kept_table(query::phases_table(answer)));
}

// (rules, sentence, facts, stops, live)
nb::tuple regret(const std::string& root, const std::string& campaign, const std::string& metric,
                 std::optional<bool> minimise, const std::string& activity,
                 const std::vector<std::string>& rules, std::optional<size_t> grace,
                 std::optional<size_t> every, std::optional<size_t> patience,
                 std::optional<double> eta) {
  query::RegretQuestion question;
  question.campaign = campaign;
  question.metric = metric;
  question.minimise = minimise;
  question.activity = activity;
  for (const std::string& name : rules) {
    const auto kind = query::parse_rule(name);
    if (!kind) {
      raise(invalid_argument("there is no stopping rule " + name +
                             "; there are median, halving, patience and power_law"));
    }
    question.rules.push_back(*kind);
  }
  question.grace = grace;
  question.every = every;
  question.patience = patience;
  question.eta = eta;
  const query::Regret answer =
      asked(root, [&](const Session& session) { return query::regret(session, question); });
  return nb::make_tuple(kept_table(query::regret_table(answer)), query::regret_sentence(answer),
                        value_of(query::regret_json(answer)),
                        kept_table(query::regret_stops_table(answer)),
                        kept_table(query::regret_live_table(answer)));
}

nb::tuple summary(const std::string& root, const std::string& what, const std::string& here,
                  bool sql) {
  const query::Summary answer =
      asked(root, [&](const Session& session) { return query::summarize(session, what, here); });
  return nb::make_tuple(query::summary_text(answer, sql), value_of(query::summary_json(answer)));
}

Result<Session> open_with_idle(const std::string& root, const std::string& idle) {
  if (idle.empty()) return open_session(root);
  const auto policy = collect::parse_idle_policy(idle);
  if (!policy) {
    return invalid_argument("there is no idle policy " + idle +
                            "; there are separate, by_residency and none");
  }
  Result<store::Store> store = collect::open_with_idle(Directory{root}, *policy);
  if (!store.ok()) return store.status();
  return Session::over(root, std::move(*store));
}

// `carbon`: a file; empty: none.
nb::tuple energy(const std::string& root, const std::string& what, const std::string& here,
                 const std::string& idle, const std::string& carbon, const std::string& region,
                 const std::string& kind, double pue) {
  const query::CarbonQuestion question{carbon, region, kind, pue};
  const query::EnergyCard answer = without_lock([&]() -> Result<query::EnergyCard> {
    const Result<Session> session = open_with_idle(root, idle);
    if (!session.ok()) return session.status();
    return query::energy_card(*session, what, here, carbon.empty() ? nullptr : &question);
  });
  return nb::make_tuple(query::energy_card_text(answer), value_of(query::energy_card_json(answer)));
}

// `least`: NaN for the question's own; `activity`, `task`, `against`, `other`: empty for none.
nb::tuple ask_energy(const std::string& root, const std::string& about, const std::string& what,
                     const std::string& here, const std::string& activity, const std::string& task,
                     double least, const std::string& against, const std::string& other) {
  query::EnergyQuestion question;
  question.about = about;
  question.what = what;
  question.activity = activity;
  question.task = task;
  if (!std::isnan(least)) question.least = least;
  question.against = against;
  question.other = other;
  const query::EnergyAnswer answer = asked(
      root, [&](const Session& session) { return query::ask_energy(session, question, here); });
  return nb::make_tuple(answer.text, value_of(answer.facts));
}

nb::tuple critical_path(const std::string& root, const std::string& workflow,
                        const std::string& here) {
  const query::CriticalPath answer = asked(root, [&](const Session& session) {
    return query::critical_path_of(session, workflow, here);
  });
  return nb::make_tuple(query::critical_path_text(answer),
                        value_of(query::critical_path_json(answer)));
}

query::KeptTable stragglers(const std::string& root, const std::string& workflow,
                            const std::string& here, double deviations) {
  return asked(root, [&](const Session& session) -> Result<query::KeptTable> {
    const Result<query::Thing> thing =
        query::identify(session, workflow, {ThingKind::kWorkflow}, here);
    if (!thing.ok()) return thing.status();
    query::StragglerOptions options;
    options.workflow_id = thing->id;
    options.deviations = deviations;
    return kept(query::stragglers_of(session, options));
  });
}

nb::tuple reproduce(const std::string& root, const std::string& workflow, const std::string& here) {
  const query::Reproduction answer = asked(root, [&](const Session& session) {
    return query::reproduction_of(session, workflow, here);
  });
  return nb::make_tuple(query::reproduction_text(answer),
                        value_of(query::reproduction_json(answer)));
}

nb::object show(const std::string& root, const std::string& what, const std::string& here) {
  const query::Json answer = asked(root, [&](const Session& session) -> Result<query::Json> {
    const Result<query::Thing> thing = query::identify(
        session, what,
        {ThingKind::kCampaign, ThingKind::kWorkflow, ThingKind::kObject, ThingKind::kTask}, here);
    if (!thing.ok()) return thing.status();
    return query::describe(session, *thing);
  });
  return value_of(answer);
}

}  // namespace

void add_answers(nb::module_& m) {
  m.def("lineage", &lineage, nb::arg("root"), nb::arg("what"), nb::arg("here"), nb::arg("ahead"),
        nb::arg("depth"), nb::arg("only_path"), nb::arg("inferred"));
  m.def("diff", &diff, nb::arg("root"), nb::arg("a"), nb::arg("b"), nb::arg("here"), nb::arg("all"),
        nb::arg("test"));
  m.def("tradeoff", &tradeoff, nb::arg("root"), nb::arg("campaign"), nb::arg("quality"),
        nb::arg("cost"), nb::arg("minimise").none(), nb::arg("activity"), nb::arg("objectives"),
        nb::arg("target"), nb::arg("paired"));
  m.def("marginal", &marginal, nb::arg("root"), nb::arg("campaign"), nb::arg("quality"),
        nb::arg("minimise").none(), nb::arg("activity"), nb::arg("per"), nb::arg("most_j").none());
  m.def("thermal", &thermal, nb::arg("root"), nb::arg("what"), nb::arg("here"), nb::arg("above_c"),
        nb::arg("activity"), nb::arg("points"));
  m.def("phases", &phases, nb::arg("root"), nb::arg("what"), nb::arg("here"), nb::arg("gpu_below"),
        nb::arg("node_above_w"));
  m.def("regret", &regret, nb::arg("root"), nb::arg("campaign"), nb::arg("metric"),
        nb::arg("minimise").none(), nb::arg("activity"), nb::arg("rules"), nb::arg("grace").none(),
        nb::arg("every").none(), nb::arg("patience").none(), nb::arg("eta").none());
  m.def("summary", &summary, nb::arg("root"), nb::arg("what"), nb::arg("here"), nb::arg("sql"));
  m.def("energy", &energy, nb::arg("root"), nb::arg("what"), nb::arg("here"), nb::arg("idle"),
        nb::arg("carbon"), nb::arg("region"), nb::arg("kind"), nb::arg("pue"));
  m.def("critical_path", &critical_path, nb::arg("root"), nb::arg("workflow"), nb::arg("here"));
  m.def("ask_energy", &ask_energy, nb::arg("root"), nb::arg("about"), nb::arg("what"),
        nb::arg("here"), nb::arg("activity"), nb::arg("task"), nb::arg("least"), nb::arg("against"),
        nb::arg("other"));
  m.def("stragglers", &stragglers, nb::arg("root"), nb::arg("workflow"), nb::arg("here"),
        nb::arg("deviations"));
  m.def("reproduce", &reproduce, nb::arg("root"), nb::arg("workflow"), nb::arg("here"));
  m.def("show", &show, nb::arg("root"), nb::arg("what"), nb::arg("here"));
}

}  // namespace headrace::binding
