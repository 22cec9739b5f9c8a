#include "query/marginal.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "query/regret_curves.h"
#include "query/run_energy.h"
#include "query/tradeoff.h"
#include "query/tradeoff_labels.h"

namespace headrace::query {
namespace {

// `energy`: null where it is not known.
MarginalRun run_of(const Curves& curves, const Curve& curve, const EnergyCurve* energy,
                   bool minimise, const MarginalQuestion& question) {
  MarginalRun out;
  out.task_id = curve.task_id;
  out.workflow_id = curve.workflow_id;
  out.status = curve.status;
  if (energy != nullptr) {
    out.energy_j = energy->joules();
    out.truth = curve.energy_truth;
  }
  std::optional<double> best;
  double before_j = 0;
  for (size_t i = curve.first; i < curve.first + curve.count; ++i) {
    MarginalPoint point;
    point.seconds = curves.seconds[i];
    if (energy != nullptr) {
      const auto at_ns = curve.begin_ns + std::llround(point.seconds * 1e9);
      point.total_j = energy->joules_until(at_ns);
      point.energy_j = *point.total_j - before_j;
      before_j = *point.total_j;
    }
    const double value = curves.values[i];
    if (std::isfinite(value)) {
      point.value = value;
      if (best) point.improvement = std::max(0.0, minimise ? *best - value : value - *best);
      best = !best ? value : minimise ? std::min(*best, value) : std::max(*best, value);
    } else if (best) {
      point.improvement = 0;
    }
    if (point.improvement && point.energy_j) {
      if (*point.improvement > 0) {
        point.marginal_j = *point.energy_j / *point.improvement * question.per;
      }
      if (question.most_j)
        point.exceeds = !point.marginal_j || *point.marginal_j > *question.most_j;
    }
    out.points.push_back(point);
  }
  return out;
}

// The best until point `count`.
std::optional<double> best_of(const MarginalRun& run, size_t count, bool minimise) {
  std::optional<double> best;
  for (size_t i = 0; i < count; ++i) {
    const auto& value = run.points[i].value;
    if (!value) continue;
    best = !best ? *value : minimise ? std::min(*best, *value) : std::max(*best, *value);
  }
  return best;
}

void recommend(bool minimise, MarginalRun* run) {
  const auto first = std::find_if(run->points.begin(), run->points.end(),
                                  [](const MarginalPoint& p) { return p.exceeds.value_or(false); });
  if (first == run->points.end()) return;
  const auto stop = static_cast<size_t>(first - run->points.begin());
  run->stop_after = stop;
  const auto& kept = run->points[stop - 1].total_j;
  if (run->energy_j && kept) run->saved_j = *run->energy_j - *kept;
  const auto then = best_of(*run, stop, minimise);
  const auto ever = best_of(*run, run->points.size(), minimise);
  if (then && ever) run->lost = std::fabs(*ever - *then);
}

Status add_labels(const Session& session, const CampaignName& campaign, Marginal* out) {
  std::vector<std::pair<std::string, std::string>> tasks;
  std::vector<std::string> workflows;
  for (const MarginalRun& run : out->runs) {
    tasks.emplace_back(run.task_id, run.workflow_id);
    workflows.push_back(run.workflow_id);
  }
  const Result<LabelledRuns> labels =
      out->activity.empty()
          ? label_workflows(session, campaign.name, workflows)
          : label_tasks(session, campaign.name, out->activity, tasks, tasks.size());
  if (!labels.ok()) return labels.status();
  for (size_t i = 0; i < out->runs.size(); ++i) {
    const std::string& label = labels->labels[i];
    out->runs[i].label = !label.empty()          ? label
                         : out->activity.empty() ? "workflow"
                                                 : out->activity;
  }
  return {};
}

// Of a workflow its energy is spread evenly over its time.
EnergyCurve curve_of(const EnergyCurves& curves, const Curve& run) {
  const auto found = curves.find(run.task_id);
  if (found != curves.end()) return found->second;
  const int64_t end_ns = run.begin_ns + std::llround(run.seconds * 1e9);
  return EnergyCurve({{run.begin_ns, end_ns, *run.energy_j}});
}

}  // namespace

Result<Marginal> marginal(const Session& session, const MarginalQuestion& question) {
  if (!(question.per > 0)) return invalid_argument("per is how much of an improvement, above 0");
  const Result<CampaignName> campaign = find_campaign(session, question.campaign);
  if (!campaign.ok()) return campaign.status();
  const Result<Curves> curves =
      read_curves(session, *campaign, {question.quality, question.activity});
  if (!curves.ok()) return curves.status();
  std::set<std::string> ids;
  for (const Curve& curve : curves->curves) ids.insert(curve.task_id);
  const Result<EnergyCurves> energy = energy_curves(session, *campaign, ids);
  if (!energy.ok()) return energy.status();
  Marginal out;
  out.campaign = campaign->name;
  out.quality = question.quality;
  out.activity = curves->activity;
  out.question = question;
  out.minimise = question.minimise.value_or(default_minimise(question.quality));
  size_t without = 0;
  for (const Curve& curve : curves->curves) {
    // A figure that is withheld stays so.
    std::optional<EnergyCurve> of_run;
    if (curve.energy_j) of_run = curve_of(*energy, curve);
    without += of_run ? 0 : 1;
    out.runs.push_back(run_of(*curves, curve, of_run ? &*of_run : nullptr, out.minimise, question));
    recommend(out.minimise, &out.runs.back());
  }
  if (without > 0) {
    out.note = std::to_string(without) + " of " + std::to_string(out.runs.size()) +
               " runs have no energy figure of their own";
  }
  HEADRACE_RETURN_IF_ERROR(add_labels(session, *campaign, &out));
  return out;
}

}  // namespace headrace::query
