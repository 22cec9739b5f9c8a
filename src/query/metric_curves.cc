#include "query/metric_curves.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "query/campaign.h"
#include "query/labels.h"
#include "query/regret_curves.h"
#include "query/tradeoff.h"
#include "query/tradeoff_labels.h"

namespace headrace::query {
namespace {

struct Group {
  std::string label;
  std::vector<size_t> curves;
};

// What a run used, without what only tells repeats apart.
Json configuration(const Json& used) {
  const auto* map = used.as<Json::Map>();
  if (map == nullptr) return Json::Map{};
  Json::Map out;
  for (const auto& [key, value] : *map) {
    if (!tells_repeats_apart(key)) out.emplace_back(key, value);
  }
  return out;
}

Result<LabelledRuns> label(const Session& session, const std::string& campaign,
                           const Curves& curves, const std::vector<Curve>& runs) {
  if (curves.activity.empty()) {
    std::vector<std::string> workflows;
    for (const Curve& run : runs) workflows.push_back(run.workflow_id);
    return label_workflows(session, campaign, workflows);
  }
  std::vector<std::pair<std::string, std::string>> tasks;
  for (const Curve& run : runs) tasks.emplace_back(run.task_id, run.workflow_id);
  return label_tasks(session, campaign, curves.activity, tasks, tasks.size());
}

std::vector<Group> groups_of(const LabelledRuns& labelled) {
  std::vector<Json> configurations;
  std::vector<Group> groups;
  std::map<std::string, size_t> places;
  std::vector<Json> distinct;
  for (size_t i = 0; i < labelled.used.size(); ++i) {
    Json own = configuration(labelled.used[i]);
    const auto [found, is_new] = places.try_emplace(own.dump(), groups.size());
    if (is_new) {
      groups.emplace_back();
      distinct.push_back(std::move(own));
    }
    groups[found->second].curves.push_back(i);
  }
  const auto labels = differing_labels(distinct, labelled.object_names, distinct.size());
  for (size_t i = 0; i < groups.size() && i < labels.size(); ++i) groups[i].label = labels[i];
  return groups;
}

// Which points of a curve are drawn: of each stretch the first, the least, the greatest and the
// last.
std::vector<size_t> drawn(const double* values, size_t count, size_t most) {
  std::vector<size_t> out;
  if (count <= most || most < 4) {
    for (size_t i = 0; i < count; ++i) out.push_back(i);
    return out;
  }
  const size_t stretches = most / 4;
  for (size_t s = 0; s < stretches; ++s) {
    const size_t begin = s * count / stretches;
    const size_t end = (s + 1) * count / stretches;
    size_t least = begin;
    size_t greatest = begin;
    for (size_t i = begin; i < end; ++i) {
      if (values[i] < values[least]) least = i;
      if (values[i] > values[greatest]) greatest = i;
    }
    std::vector<size_t> kept = {begin, least, greatest, end - 1};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    out.insert(out.end(), kept.begin(), kept.end());
  }
  return out;
}

Json run_json(const Curves& curves, const Curve& run, const std::string& name, size_t group,
              size_t most) {
  Json::List step;
  Json::List seconds;
  Json::List value;
  for (const size_t i : drawn(curves.values.data() + run.first, run.count, most)) {
    step.emplace_back(static_cast<int64_t>(i + 1));
    seconds.emplace_back(curves.seconds[run.first + i]);
    value.emplace_back(curves.values[run.first + i]);
  }
  Json task;
  if (!run.task_id.empty()) task = Json(run.task_id);
  return Json::Map{{"label", name},
                   {"group", static_cast<int64_t>(group)},
                   {"task_id", std::move(task)},
                   {"workflow_id", run.workflow_id},
                   {"status", run.status},
                   {"step", std::move(step)},
                   {"seconds", std::move(seconds)},
                   {"value", std::move(value)}};
}

Json group_json(const Curves& curves, const std::vector<Curve>& runs, const Group& group,
                size_t most) {
  size_t longest = 0;
  for (const size_t run : group.curves) longest = std::max(longest, runs[run].count);
  std::vector<double> means(longest, 0);
  std::vector<double> spreads(longest, 0);
  std::vector<int64_t> counts(longest, 0);
  for (size_t i = 0; i < longest; ++i) {
    // Welford: the mean and the sum of squares around it, in one pass.
    for (const size_t run : group.curves) {
      if (i >= runs[run].count) continue;
      const double v = curves.values[runs[run].first + i];
      if (!std::isfinite(v)) continue;
      const double off = v - means[i];
      means[i] += off / static_cast<double>(++counts[i]);
      spreads[i] += off * (v - means[i]);
    }
  }
  Json::List step;
  Json::List mean;
  Json::List low;
  Json::List high;
  Json::List count;
  for (const size_t i : drawn(means.data(), longest, most)) {
    const double deviation =
        counts[i] > 1 ? std::sqrt(spreads[i] / static_cast<double>(counts[i] - 1)) : 0;
    step.emplace_back(static_cast<int64_t>(i + 1));
    mean.push_back(counts[i] == 0 ? Json() : Json(means[i]));
    low.push_back(counts[i] == 0 ? Json() : Json(means[i] - deviation));
    high.push_back(counts[i] == 0 ? Json() : Json(means[i] + deviation));
    count.emplace_back(counts[i]);
  }
  return Json::Map{{"label", group.label},     {"runs", static_cast<int64_t>(group.curves.size())},
                   {"step", std::move(step)},  {"mean", std::move(mean)},
                   {"low", std::move(low)},    {"high", std::move(high)},
                   {"count", std::move(count)}};
}

}  // namespace

Json no_curves(const std::string& missing) {
  return Json::Map{{"metric", ""},         {"metrics", Json::List{}}, {"activity", ""},
                   {"runs", Json::List{}}, {"groups", Json::List{}},  {"missing", missing}};
}

Result<Json> metric_curves(const Session& session, const MetricQuestion& question) {
  const Result<CampaignName> campaign = find_campaign(session, question.campaign);
  if (!campaign.ok()) return campaign.status();
  const Result<std::vector<std::string>> keys = logged_keys(session, *campaign);
  if (!keys.ok()) return keys.status();
  if (keys->empty()) {
    return no_curves("Nothing was logged in the campaign " + campaign->name +
                     "; hr.log(loss=...) inside a task logs a metric.");
  }
  const std::string metric = question.metric.empty() ? likeliest_quality(*keys) : question.metric;
  const Result<Curves> curves = read_curves(session, *campaign, {metric});
  if (!curves.ok()) return curves.status();
  std::vector<Curve> runs;
  for (const Curve& curve : curves->curves) {
    if (question.workflow_id.empty() || curve.workflow_id == question.workflow_id) {
      runs.push_back(curve);
    }
  }
  const Result<LabelledRuns> labelled = label(session, campaign->name, *curves, runs);
  if (!labelled.ok()) return labelled.status();
  const std::vector<Group> groups = groups_of(*labelled);
  std::vector<size_t> group_of(runs.size());
  Json::List group_list;
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const size_t run : groups[g].curves) group_of[run] = g;
    group_list.push_back(group_json(*curves, runs, groups[g], question.points));
  }
  Json::List run_list;
  for (size_t i = 0; i < runs.size(); ++i) {
    run_list.push_back(
        run_json(*curves, runs[i], labelled->labels[i], group_of[i], question.points));
  }
  return Json(Json::Map{{"metric", metric},
                        {"metrics", Json::List(keys->begin(), keys->end())},
                        {"activity", curves->activity},
                        {"runs", std::move(run_list)},
                        {"groups", std::move(group_list)}});
}

}  // namespace headrace::query
