#include "query/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "query/campaign.h"
#include "query/nearest.h"
#include "query/pareto.h"
#include "query/readings.h"
#include "query/regret_curves.h"
#include "query/run_energy.h"
#include "query/tradeoff_labels.h"
#include "query/tradeoff_rows.h"

namespace headrace::query {
namespace {

// Where an objective's number comes from.
enum class Source : uint8_t {
  kGenerated,
  kUsed,
  kTime,
  kEnergy,
  kTargetTime,
  kTargetEnergy,
  kPeakCelsius,
  kGpuUse,
  kCpuUse
};

struct Wanted {
  Source source = Source::kGenerated;
  std::string key;   // of used or generated
  size_t value = 0;  // its place among the values read
};

Wanted wanted_of(const std::string& name) {
  if (name == "time" || name == "duration" || name == "duration_s") return {Source::kTime, ""};
  if (name == "energy" || name == "energy_j") return {Source::kEnergy, ""};
  if (name == "target_time") return {Source::kTargetTime, ""};
  if (name == "target_energy") return {Source::kTargetEnergy, ""};
  if (name == "peak_temperature") return {Source::kPeakCelsius, ""};
  if (name == "gpu_utilization") return {Source::kGpuUse, ""};
  if (name == "cpu_utilization") return {Source::kCpuUse, ""};
  if (name.starts_with("used.")) return {Source::kUsed, name.substr(5)};
  if (name.starts_with("generated.")) return {Source::kGenerated, name.substr(10)};
  return {Source::kGenerated, name};
}

bool is_use(Source source) { return source == Source::kGpuUse || source == Source::kCpuUse; }

const char* unit_of(Source source) {
  switch (source) {
    case Source::kTime:
    case Source::kTargetTime: return "s";
    case Source::kEnergy:
    case Source::kTargetEnergy: return "J";
    default: return "";
  }
}

class Weighing {
 public:
  Weighing(const Session& session, const TradeoffQuestion& question)
      : session_(session), question_(question) {}

  Result<Tradeoff> make() {
    Result<CampaignName> campaign = find_campaign(session_, question_.campaign);
    if (!campaign.ok()) return campaign.status();
    campaign_ = std::move(*campaign);
    out_.campaign = campaign_.name;
    out_.campaign_id = campaign_.id;
    out_.cost = question_.cost;
    HEADRACE_RETURN_IF_ERROR(resolve());
    std::vector<TaskValue> values;
    for (Wanted& wanted : wanted_) {
      if (!wanted.key.empty()) {
        wanted.value = values.size();
        values.push_back({wanted.source == Source::kGenerated, wanted.key});
      }
    }
    HEADRACE_RETURN_IF_ERROR(read_tradeoff(session_, campaign_, question_, values, &out_));
    if (question_.target) HEADRACE_RETURN_IF_ERROR(reach_target());
    if (uses_readings()) HEADRACE_RETURN_IF_ERROR(read_machines());
    for (auto* rows : {&out_.rows, &out_.failed}) {
      for (TradeoffRow& row : *rows) gather(&row);
    }
    order_by_cost();
    HEADRACE_RETURN_IF_ERROR(add_labels());
    set_standings();
    set_steps();
    if (uses_energy()) out_.note = missing_energy();
    return std::move(out_);
  }

 private:
  Status resolve() {
    std::vector<Objective> objectives = question_.objectives;
    if (objectives.empty()) {
      objectives = {{question_.quality, question_.minimise},
                    {question_.cost == Cost::kEnergy ? "energy" : "time", true}};
    }
    out_.quality = question_.quality;
    for (const Objective& objective : objectives) {
      const Wanted wanted = wanted_of(objective.name);
      const bool by_name = wanted.source == Source::kGenerated && !objective.minimise;
      ResolvedObjective resolved{
          objective.name, unit_of(wanted.source),
          objective.minimise.value_or(is_use(wanted.source) ? false
                                      : by_name             ? default_minimise(wanted.key)
                                                            : true),
          by_name};
      if (wanted.source == Source::kGenerated && out_.quality.empty()) out_.quality = wanted.key;
      if (wanted.source == Source::kGenerated && wanted.key == out_.quality) {
        out_.minimise = resolved.minimise;
        out_.minimise_by_name = by_name;
      }
      if ((wanted.source == Source::kTargetTime || wanted.source == Source::kTargetEnergy) &&
          !question_.target) {
        return invalid_argument("objective " + objective.name +
                                " needs a target: --target 'loss<2.1'");
      }
      out_.objectives.push_back(std::move(resolved));
      wanted_.push_back(wanted);
    }
    if (out_.quality.empty()) {
      return invalid_argument(
          "none of the objectives is a value that tasks generated; name one "
          "with --quality NAME");
    }
    const bool has_quality = std::any_of(wanted_.begin(), wanted_.end(), [this](const Wanted& w) {
      return w.source == Source::kGenerated && w.key == out_.quality;
    });
    if (!has_quality) {
      out_.minimise = question_.minimise.value_or(default_minimise(out_.quality));
      out_.minimise_by_name = !question_.minimise;
    }
    return {};
  }

  Status reach_target() {
    const Target& target = *question_.target;
    out_.target = target.key + (target.below ? "<" : ">") + (target.or_equal ? "=" : "") +
                  json_number(target.value);
    const Result<Curves> curves = read_curves(session_, campaign_, {target.key, out_.activity});
    if (!curves.ok()) return curves.status();
    std::map<std::string, const Curve*> by_task;
    std::set<std::string> ids;
    for (const Curve& curve : curves->curves) {
      by_task.emplace(curve.task_id, &curve);
      ids.insert(curve.task_id);
    }
    const Result<EnergyCurves> energy = energy_curves(session_, campaign_, ids);
    if (!energy.ok()) return energy.status();
    for (auto* rows : {&out_.rows, &out_.failed}) {
      for (TradeoffRow& row : *rows) {
        const auto found = by_task.find(row.task_id);
        if (found == by_task.end()) continue;
        const Curve& curve = *found->second;
        for (size_t i = curve.first; i < curve.first + curve.count; ++i) {
          if (!target.reached_by(curves->values[i])) continue;
          row.target_s = curves->seconds[i];
          const auto joules = energy->find(row.task_id);
          // What is withheld of the whole is not told of a part.
          if (row.energy_j && joules != energy->end()) {
            row.target_j =
                joules->second.joules_until(curve.begin_ns + std::llround(*row.target_s * 1e9));
          }
          break;
        }
      }
    }
    return {};
  }

  // The objectives' numbers, in place of the values that were read.
  void gather(TradeoffRow* row) const {
    std::vector<std::optional<double>> numbers;
    for (const Wanted& wanted : wanted_) {
      switch (wanted.source) {
        case Source::kTime: numbers.push_back(row->time_s); break;
        case Source::kEnergy: numbers.push_back(row->energy_j); break;
        case Source::kTargetTime: numbers.push_back(row->target_s); break;
        case Source::kTargetEnergy: numbers.push_back(row->target_j); break;
        case Source::kPeakCelsius:
        case Source::kGpuUse:
        case Source::kCpuUse: numbers.push_back(shown_by_machine(row->task_id, wanted)); break;
        default: numbers.push_back(row->values[wanted.value]); break;
      }
    }
    row->values = std::move(numbers);
  }

  std::optional<double> cost_of(const TradeoffRow& row) const {
    return out_.cost == Cost::kEnergy ? row.energy_j : row.time_s;
  }

  void order_by_cost() {
    std::stable_sort(out_.rows.begin(), out_.rows.end(), [this](const auto& a, const auto& b) {
      const auto x = cost_of(a);
      const auto y = cost_of(b);
      if (!x || !y) return x.has_value() && !y.has_value();
      return *x < *y;
    });
  }

  Status add_labels() {
    std::vector<std::pair<std::string, std::string>> tasks;
    for (const auto* rows : {&out_.rows, &out_.failed}) {
      for (const TradeoffRow& row : *rows) tasks.emplace_back(row.task_id, row.workflow_id);
    }
    Result<LabelledRuns> runs =
        label_tasks(session_, out_.campaign, out_.activity, tasks, out_.rows.size());
    if (!runs.ok()) return runs.status();
    size_t at = 0;
    for (auto* rows : {&out_.rows, &out_.failed}) {
      for (TradeoffRow& row : *rows) {
        std::string& label = runs->labels[at++];
        row.label = label.empty() ? out_.activity : std::move(label);
      }
    }
    const std::vector<Factor> factors = factors_of(*runs, out_.rows.size());
    add_effects(factors);
    return question_.paired.empty() ? Status() : add_pairs(factors);
  }

  // Objective `k` of every row.
  std::vector<double> outcome_of(size_t k) const {
    std::vector<double> out;
    for (const TradeoffRow& row : out_.rows) {
      out.push_back(row.values[k].value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    return out;
  }

  Status add_pairs(const std::vector<Factor>& factors) {
    std::vector<std::string> names;
    for (const Factor& factor : factors) names.push_back(factor.name);
    const auto found = std::find(names.begin(), names.end(), question_.paired);
    if (found == names.end()) {
      return not_found("the " + out_.activity + " tasks of campaign " + out_.campaign +
                       " do not differ in a parameter " + question_.paired +
                       (names.empty() ? "" : "; they differ in " + listed(names)));
    }
    out_.paired = question_.paired;
    for (size_t k = 0; k < out_.objectives.size(); ++k) {
      out_.pairs.push_back(
          {out_.objectives[k].name,
           paired_effects(factors, static_cast<size_t>(found - names.begin()), outcome_of(k))});
    }
    return {};
  }

  void add_effects(const std::vector<Factor>& factors) {
    for (size_t k = 0; k < out_.objectives.size(); ++k) {
      Result<Effects> effects = effects_of(factors, outcome_of(k));
      if (effects.ok()) {
        out_.effects.push_back({out_.objectives[k].name, std::move(*effects)});
      } else if (out_.effects_note.empty()) {
        out_.effects_note = "no effects of parameters: " + effects.status().message();
      }
    }
  }

  void set_standings() {
    const size_t count = out_.objectives.size();
    std::vector<double> points;
    points.reserve(out_.rows.size() * count);
    for (const TradeoffRow& row : out_.rows) {
      for (size_t k = 0; k < count; ++k) {
        const double v = row.values[k].value_or(std::numeric_limits<double>::quiet_NaN());
        points.push_back(out_.objectives[k].minimise ? v : -v);
      }
    }
    const std::vector<Standing> standings = pareto(points, count);
    for (size_t i = 0; i < standings.size(); ++i) {
      out_.rows[i].on_front = standings[i].on_front;
      out_.rows[i].dominated_by = standings[i].dominated_by;
    }
  }

  // Of a row that stands at `i`, by the front's rows and whether more or less of quality is better.
  void set_distance(size_t i, const std::vector<size_t>& front) {
    TradeoffRow& row = out_.rows[i];
    const auto cost = cost_of(row);
    if (!cost || !row.quality) return;
    const double sign = out_.minimise ? 1 : -1;
    for (const size_t f : front) {
      const double quality = sign * *out_.rows[f].quality;
      const double front_cost = *cost_of(out_.rows[f]);
      if (quality <= sign * *row.quality) {
        const double over = *cost - front_cost;
        row.over_front = std::max(row.over_front.value_or(over), over);
      }
      if (front_cost <= *cost) {
        const double behind = sign * *row.quality - quality;
        row.behind_front = std::max(row.behind_front.value_or(behind), behind);
      }
    }
  }

  // Along the front of quality and cost, whatever else there is.
  void set_steps() {
    std::vector<double> points;
    for (const TradeoffRow& row : out_.rows) {
      const double quality = row.quality.value_or(std::numeric_limits<double>::quiet_NaN());
      points.push_back(out_.minimise ? quality : -quality);
      points.push_back(cost_of(row).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    const std::vector<Standing> standings = pareto(points, 2);
    std::vector<size_t> front;
    for (size_t i = 0; i < standings.size(); ++i) {
      if (standings[i].on_front) front.push_back(i);
    }
    for (size_t i = 0; i < out_.rows.size(); ++i) set_distance(i, front);
    std::optional<size_t> before;
    for (size_t i = 0; i < standings.size(); ++i) {  // by cost already
      if (!standings[i].on_front) continue;
      if (before) {
        FrontStep step{*before, i, *cost_of(out_.rows[i]) - *cost_of(out_.rows[*before]),
                       std::fabs(*out_.rows[i].quality - *out_.rows[*before].quality), 0};
        if (step.improvement == 0) continue;  // equal choices
        step.cost_for_one = step.cost / step.improvement;
        out_.steps.push_back(step);
      }
      before = i;
    }
  }

  bool uses_readings() const {
    return std::any_of(wanted_.begin(), wanted_.end(), [](const Wanted& w) {
      return w.source == Source::kPeakCelsius || is_use(w.source);
    });
  }

  // What the machines of this activity's tasks showed while each ran.
  Status read_machines() {
    const Thing thing{ThingKind::kCampaign, campaign_.id, campaign_.name, ""};
    const Result<OwnTimes> times = read_own_times(session_, &thing);
    if (!times.ok()) return times.status();
    const Result<Readings> readings = read_readings(session_, *times);
    if (!readings.ok()) return readings.status();
    for (const OwnTask& task : times->tasks) {
      if (times->activities[task.activity] != out_.activity) continue;
      const HostReadings& host = readings->of(times->hosts[task.host]);
      machines_[task.id.text()] = {host.celsius.over(task.whole).peak(),
                                   host.gpu_use.over(task.whole).mean(),
                                   host.cpu_use.over(task.whole).mean()};
    }
    return {};
  }

  std::optional<double> shown_by_machine(const std::string& task_id, const Wanted& wanted) const {
    const auto found = machines_.find(task_id);
    if (found == machines_.end()) return std::nullopt;
    return wanted.source == Source::kPeakCelsius ? found->second.peak_c
           : wanted.source == Source::kGpuUse    ? found->second.gpu_use
                                                 : found->second.cpu_use;
  }

  bool uses_energy() const {
    return std::any_of(wanted_.begin(), wanted_.end(),
                       [](const Wanted& w) { return w.source == Source::kEnergy; });
  }

  std::string missing_energy() const {
    size_t without = 0;
    for (const TradeoffRow& row : out_.rows) without += row.energy_j ? 0 : 1;
    if (without == 0) return "";
    if (without < out_.rows.size()) {
      return std::to_string(without) + " of " + std::to_string(out_.rows.size()) +
             " tasks have no energy figure of their own (too short for the sensor, or a gap in it)";
    }
    const auto sensors = session_.rows("SELECT 1 FROM sensor WHERE quantity = 'hw.energy' LIMIT 1");
    return sensors.ok() && sensors->empty()
               ? "no task has an energy figure: no energy was sampled; capture with telemetry on "
                 "(HEADRACE_TELEMETRY=1, the default) or ask for --cost time"
               : "no task has an energy figure; headrace doctor says which sources were found";
  }

  const Session& session_;
  const TradeoffQuestion& question_;
  CampaignName campaign_;
  std::vector<Wanted> wanted_;  // of each objective
  struct Machine {
    std::optional<double> peak_c;
    std::optional<double> gpu_use;
    std::optional<double> cpu_use;
  };
  std::map<std::string, Machine> machines_;  // by task
  Tradeoff out_;
};

}  // namespace

std::string likeliest_quality(const std::vector<std::string>& names) {
  for (const char* word : {"val", "test", "loss", "acc", "score", "error"}) {
    for (const std::string& name : names) {
      if (name.find(word) != std::string::npos) return name;
    }
  }
  return names.empty() ? "" : names.front();
}

bool default_minimise(const std::string& quality) {
  std::string name = quality;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* part :
       {"loss", "error", "perplexity", "ppl", "mse", "mae", "rmse", "nll", "latency"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

Result<Target> parse_target(const std::string& text) {
  const size_t at = text.find_first_of("<>");
  const Status wrong = invalid_argument("target " + text +
                                        " is not understood; write NAME<NUMBER, NAME<=NUMBER, "
                                        "NAME>NUMBER or NAME>=NUMBER");
  if (at == std::string::npos) return wrong;
  const auto trimmed = [](const std::string& word) {
    const size_t first = word.find_first_not_of(' ');
    return first == std::string::npos ? std::string()
                                      : word.substr(first, word.find_last_not_of(' ') - first + 1);
  };
  Target target;
  target.key = trimmed(text.substr(0, at));
  target.below = text[at] == '<';
  target.or_equal = at + 1 < text.size() && text[at + 1] == '=';
  const std::string number = trimmed(text.substr(at + (target.or_equal ? 2 : 1)));
  char* end = nullptr;
  target.value = std::strtod(number.c_str(), &end);
  if (target.key.empty() || number.empty() || *end != '\0' || !std::isfinite(target.value)) {
    return wrong;
  }
  return target;
}

Result<Tradeoff> tradeoff(const Session& session, const TradeoffQuestion& question) {
  return Weighing(session, question).make();
}

}  // namespace headrace::query
