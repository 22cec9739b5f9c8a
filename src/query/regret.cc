#include "query/regret.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>

#include "query/campaign.h"
#include "query/nearest.h"
#include "query/tradeoff.h"
#include "query/tradeoff_labels.h"

namespace headrace::query {
namespace {

Result<std::string> metric_of(const Session& session, const CampaignName& campaign,
                              const RegretQuestion& question) {
  if (!question.metric.empty()) return question.metric;
  const auto keys = logged_keys(session, campaign);
  if (!keys.ok()) return keys.status();
  if (keys->empty()) {
    return not_found("no run of campaign " + campaign.name +
                     " logged anything, so there is no curve; hr.log(loss=...) once an epoch makes "
                     "one, and --metric NAME takes what tasks inside the runs generated");
  }
  std::vector<std::string> likely;
  for (const std::string& key : *keys) {
    if (default_minimise(key)) likely.push_back(key);
  }
  const std::vector<std::string>& choice = likely.empty() ? *keys : likely;
  if (choice.size() == 1) return choice.front();
  return invalid_argument("campaign " + campaign.name + " logged " + listed(*keys) +
                          "; say which with --metric NAME");
}

Status label(const Session& session, const CampaignName& campaign, Regret* out) {
  Result<LabelledRuns> labelled = [&] {
    if (out->activity.empty()) {
      std::vector<std::string> workflows;
      for (const RegretRun& run : out->runs) workflows.push_back(run.curve.workflow_id);
      return label_workflows(session, campaign.name, workflows);
    }
    std::vector<std::pair<std::string, std::string>> tasks;
    for (const RegretRun& run : out->runs) {
      tasks.emplace_back(run.curve.task_id, run.curve.workflow_id);
    }
    return label_tasks(session, campaign.name, out->activity, tasks, tasks.size());
  }();
  if (!labelled.ok()) return labelled.status();
  for (size_t i = 0; i < out->runs.size(); ++i) {
    RegretRun& run = out->runs[i];
    run.label = std::move(labelled->labels[i]);
    if (!run.label.empty()) continue;
    run.label = (out->activity.empty() ? std::string("workflow") : out->activity) + " " +
                std::to_string(i + 1);
  }
  return {};
}

class Reckoning {
 public:
  Reckoning(Curves curves, Regret* out) : out_(*out) {
    race_.seconds = std::move(curves.seconds);
    race_.values = std::move(curves.values);
    if (!out_.minimise) {
      for (double& v : race_.values) v = -v;
    }
    int64_t origin = curves.curves.front().begin_ns;
    for (const Curve& curve : curves.curves) origin = std::min(origin, curve.begin_ns);
    for (Curve& curve : curves.curves) {
      race_.racers.push_back({static_cast<double>(curve.begin_ns - origin) / 1e9, curve.first,
                              curve.count, curve.is_running});
      RegretRun run;
      const Best best = best_of(race_, race_.racers.back(), curve.count);
      run.best = shown(best.value);
      run.best_point = best.point + 1;
      run.last = shown(race_.values[curve.first + curve.count - 1]);
      run.curve = std::move(curve);
      out_.is_live |= run.curve.is_running;
      out_.runs.push_back(std::move(run));
    }
    out_.longest = race_.longest();
    total();
  }

  void replay_rules(const RegretQuestion& question) {
    std::vector<RuleKind> kinds = question.rules;
    if (kinds.empty()) kinds.assign(std::begin(kRuleKinds), std::end(kRuleKinds));
    std::vector<std::future<RuleOutcome>> work;
    for (const RuleKind kind : kinds) {
      StoppingRule rule = usual_rule(kind, out_.longest);
      rule.grace = question.grace.value_or(rule.grace);
      rule.every = question.every.value_or(rule.every);
      rule.patience = question.patience.value_or(rule.patience);
      rule.eta = question.eta.value_or(rule.eta);
      work.push_back(std::async(std::launch::async, [this, rule] { return outcome_of(rule); }));
    }
    for (auto& one : work) out_.outcomes.push_back(one.get());
    std::stable_sort(out_.outcomes.begin(), out_.outcomes.end(),
                     [](const RuleOutcome& a, const RuleOutcome& b) {
                       if (a.keeps_best != b.keeps_best) return a.keeps_best;
                       return a.time_s < b.time_s;
                     });
  }

 private:
  double shown(double value) const { return out_.minimise ? value : -value; }

  void total() {
    double energy = 0;
    bool has_energy = true;
    double best = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < out_.runs.size(); ++i) {
      const RegretRun& run = out_.runs[i];
      out_.time_s += run.curve.seconds;
      out_.after_best_s += run.curve.seconds - race_.seconds[run.curve.first + run.best_point - 1];
      has_energy &= run.curve.energy_j.has_value();
      energy += run.curve.energy_j.value_or(0);
      if (run.curve.energy_j) {
        out_.energy_truth = out_.energy_truth.empty() || out_.energy_truth == run.curve.energy_truth
                                ? run.curve.energy_truth
                                : "mixed";
      }
      if (const double value = shown(run.best); value < best) {
        best = value;
        out_.best_run = i;
      }
    }
    if (has_energy) {
      out_.energy_j = energy;
    } else {
      out_.energy_truth.clear();
    }
  }

  RuleOutcome outcome_of(const StoppingRule& rule) const {
    RuleOutcome out;
    out.rule = rule;
    out.stops = replay(race_, rule);
    double energy = 0;
    double best = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < out.stops.size(); ++i) {
      const Curve& curve = out_.runs[i].curve;
      const size_t points = out.stops[i].value_or(curve.count);
      double share = 1;
      if (out.stops[i]) {
        ++out.stopped;
        if (curve.seconds > 0) share = race_.seconds[curve.first + points - 1] / curve.seconds;
      }
      out.time_s += share * curve.seconds;
      energy += share * curve.energy_j.value_or(0);
      const Best own = best_of(race_, race_.racers[i], points);
      out.at_stop.push_back({race_.seconds[curve.first + points - 1], shown(own.value)});
      if (own.value < best) {
        best = own.value;
        out.best_run = i;
      }
    }
    if (out_.energy_j) out.energy_j = energy;
    out.best = shown(best);
    const size_t winner = out_.best_run;
    out.keeps_best = !out.stops[winner] || *out.stops[winner] >= out_.runs[winner].best_point;
    return out;
  }

  Regret& out_;
  Race race_;
};

}  // namespace

Result<Regret> regret(const Session& session, const RegretQuestion& question) {
  const Result<CampaignName> campaign = find_campaign(session, question.campaign);
  if (!campaign.ok()) return campaign.status();
  const Result<std::string> metric = metric_of(session, *campaign, question);
  if (!metric.ok()) return metric.status();
  Result<Curves> curves = read_curves(session, *campaign, {*metric, question.activity});
  if (!curves.ok()) return curves.status();
  Regret out;
  out.campaign = campaign->name;
  out.metric = *metric;
  out.logged = curves->logged;
  out.minimise = question.minimise.value_or(default_minimise(*metric));
  out.minimise_by_name = !question.minimise;
  out.activity = curves->activity;
  out.other_activities = curves->other_activities;
  out.too_short = curves->too_short;
  Reckoning reckoning(std::move(*curves), &out);
  reckoning.replay_rules(question);
  HEADRACE_RETURN_IF_ERROR(label(session, *campaign, &out));
  return out;
}

}  // namespace headrace::query
