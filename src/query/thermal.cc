#include "query/thermal.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "query/identify.h"
#include "query/nearest.h"
#include "query/readings.h"
#include "query/tradeoff_labels.h"

namespace headrace::query {
namespace {

struct Reason {
  uint64_t bit;
  const char* name;
};
constexpr Reason kReasons[] = {{0x4, "power limit"},
                               {0x8, "hardware slowdown"},
                               {0x20, "software thermal slowdown"},
                               {0x40, "hardware thermal slowdown"},
                               {0x80, "power brake"}};

uint64_t slowing(double reasons) {
  uint64_t all = 0;
  for (const Reason& one : kReasons) all |= one.bit;
  return static_cast<uint64_t>(std::llround(reasons)) & all;
}

double seconds_of(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// Where the temperature changed; of more than `most` points the hottest of each stretch.
std::vector<HeatPoint> trajectory_of(const Steps& celsius, TimeSpan span, size_t most) {
  std::vector<HeatPoint> out;
  for (size_t i = celsius.first_after(span.begin_ns); i < celsius.all().size(); ++i) {
    const Step& step = celsius.all()[i];
    if (step.begin_ns >= span.end_ns) break;
    const double seconds = seconds_of(std::max(step.begin_ns, span.begin_ns) - span.begin_ns);
    if (!out.empty() && out.back().celsius == step.value) continue;
    out.push_back({seconds, step.value});
  }
  if (out.size() <= most || most == 0) return out;
  std::vector<HeatPoint> fewer;
  for (size_t k = 0; k < most; ++k) {
    const auto begin = out.begin() + static_cast<ptrdiff_t>(k * out.size() / most);
    const auto end = out.begin() + static_cast<ptrdiff_t>((k + 1) * out.size() / most);
    fewer.push_back(*std::max_element(
        begin, end, [](const auto& a, const auto& b) { return a.celsius < b.celsius; }));
  }
  return fewer;
}

class Heating {
 public:
  Heating(const Session& session, const ThermalQuestion& question)
      : session_(session), question_(question) {}

  Result<Thermal> make(const std::filesystem::path& here) {
    std::optional<Thing> thing;
    if (!question_.of.empty()) {
      Result<Thing> found =
          identify(session_, question_.of, {ThingKind::kCampaign, ThingKind::kWorkflow}, here);
      if (!found.ok()) return found.status();
      thing = std::move(*found);
    }
    out_.of = thing ? std::string(name_of(thing->kind)) + " " + thing->name : "everything";
    out_.question = question_;
    Result<OwnTimes> times = read_own_times(session_, thing ? &*thing : nullptr);
    if (!times.ok()) return times.status();
    times_ = std::move(*times);
    Result<Readings> readings = read_readings(session_, times_);
    if (!readings.ok()) return readings.status();
    readings_ = std::move(*readings);
    HEADRACE_RETURN_IF_ERROR(choose());
    HEADRACE_RETURN_IF_ERROR(add_runs());
    for (const auto& [host, of_host] : readings_.hosts) {
      for (const Throttling& device : of_host.throttling) add_throttling(host, device);
      if (!of_host.throttling.empty()) set_throttled(host);
    }
    std::stable_sort(out_.throttling.begin(), out_.throttling.end(),
                     [](auto& a, auto& b) { return a.span.begin_ns < b.span.begin_ns; });
    std::stable_sort(out_.runs.begin(), out_.runs.end(), [](const auto& a, const auto& b) {
      return a.peak_c.value_or(-1e9) > b.peak_c.value_or(-1e9);
    });
    out_.note = missing();
    return std::move(out_);
  }

 private:
  Status choose() {
    struct Group {
      size_t tasks = 0;
      double seconds = 0;
    };
    std::map<std::string, Group> outer;
    for (const OwnTask& task : times_.tasks) {
      const std::string& activity = times_.activities[task.activity];
      if (question_.activity.empty() ? task.parent != kNoOwner : activity != question_.activity) {
        continue;
      }
      Group& group = outer[activity];
      ++group.tasks;
      group.seconds += seconds_of(task.whole.end_ns - task.whole.begin_ns);
    }
    if (outer.empty() && !question_.activity.empty()) {
      return not_found("no task of " + out_.of + " is a " + question_.activity +
                       did_you_mean(nearest_names(question_.activity, times_.activities)));
    }
    const auto best =
        std::max_element(outer.begin(), outer.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second.tasks > 1, a.second.seconds) <
                 std::pair(b.second.tasks > 1, b.second.seconds);
        });
    if (best != outer.end()) out_.activity = best->first;
    return {};
  }

  Status add_runs() {
    std::vector<std::pair<std::string, std::string>> ids;
    for (size_t i = 0; i < times_.tasks.size(); ++i) {
      const OwnTask& task = times_.tasks[i];
      if (times_.activities[task.activity] != out_.activity) continue;
      run_of_[i] = out_.runs.size();
      out_.runs.push_back(run_of(task));
      ids.emplace_back(task.id.text(), "");
    }
    return add_labels(ids);
  }

  ThermalRun run_of(const OwnTask& task) const {
    ThermalRun run;
    run.task_id = task.id;
    run.hostname = times_.hosts[task.host];
    run.time_s = seconds_of(task.whole.end_ns - task.whole.begin_ns);
    const HostReadings& host = readings_.of(run.hostname);
    const Seen seen = host.celsius.over(task.whole);
    run.peak_c = seen.peak();
    run.mean_c = seen.mean();
    if (seen.covered_s > 0) {
      run.above_s = host.celsius.seconds_above(task.whole, question_.above_c);
      run.trajectory = trajectory_of(host.celsius, task.whole, question_.points);
    }
    if (run.time_s > 0) run.coverage = seen.covered_s / run.time_s;
    return run;
  }

  Status add_labels(std::vector<std::pair<std::string, std::string>>& ids) {
    if (ids.empty()) return {};
    const auto rows = session_.rows(
        "SELECT task_id::VARCHAR, workflow_id::VARCHAR, campaign FROM task WHERE activity = " +
        store::sql_text(out_.activity));
    if (!rows.ok()) return rows.status();
    std::map<std::string, std::pair<std::string, std::string>> about;
    for (const auto& row : *rows) about[row[0].text] = {row[1].text, row[2].text};
    std::map<std::string, std::vector<size_t>> by_campaign;
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i].second = about[ids[i].first].first;
      by_campaign[about[ids[i].first].second].push_back(i);
    }
    for (const auto& [campaign, members] : by_campaign) {
      if (campaign.empty()) continue;
      std::vector<std::pair<std::string, std::string>> of_campaign;
      for (const size_t i : members) of_campaign.push_back(ids[i]);
      Result<LabelledRuns> labels =
          label_tasks(session_, campaign, out_.activity, of_campaign, of_campaign.size());
      if (!labels.ok()) return labels.status();
      for (size_t k = 0; k < members.size(); ++k) {
        out_.runs[members[k]].label = std::move(labels->labels[k]);
      }
    }
    for (ThermalRun& run : out_.runs) {
      if (run.label.empty()) run.label = out_.activity;
    }
    return {};
  }

  void add_throttling(const std::string& host, const Throttling& device) {
    std::vector<ThrottlingTime> found;
    for (const Step& step : device.reasons.all()) {
      const uint64_t reasons = slowing(step.value);
      if (reasons == 0) continue;
      if (!found.empty() && found.back().span.end_ns == step.begin_ns) {
        found.back().span.end_ns = step.end_ns;
        found.back().reasons |= reasons;
      } else {
        found.push_back(
            {host, device.device, device.domain, {step.begin_ns, step.end_ns}, reasons, {}});
      }
    }
    for (size_t i = 0; i < times_.tasks.size(); ++i) {
      const OwnTask& task = times_.tasks[i];
      if (times_.hosts[task.host] != host) continue;
      auto one = std::lower_bound(
          found.begin(), found.end(), task.whole.begin_ns,
          [](const ThrottlingTime& t, int64_t at_ns) { return t.span.end_ns <= at_ns; });
      for (; one != found.end() && one->span.begin_ns < task.whole.end_ns; ++one) {
        hit(i, &*one);
      }
    }
    for (ThrottlingTime& one : found) {
      std::stable_sort(one.hit.begin(), one.hit.end(),
                       [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
      out_.throttling.push_back(std::move(one));
    }
  }

  // Of the runs of a machine: when any of its devices was.
  void set_throttled(const std::string& host) {
    std::vector<TimeSpan> spans;
    for (const ThrottlingTime& one : out_.throttling) {
      if (one.hostname == host) spans.push_back(one.span);
    }
    std::sort(spans.begin(), spans.end(),
              [](TimeSpan a, TimeSpan b) { return a.begin_ns < b.begin_ns; });
    for (const auto& [task, run] : run_of_) {
      if (out_.runs[run].hostname != host) continue;
      double seconds = 0;
      int64_t counted_ns = 0;  // until then
      for (const TimeSpan& span : spans) {
        seconds +=
            overlap_s({std::max(span.begin_ns, counted_ns), span.end_ns}, times_.tasks[task].whole);
        counted_ns = std::max(counted_ns, span.end_ns);
      }
      out_.runs[run].throttled_s = seconds;
    }
  }

  static double overlap_s(TimeSpan a, TimeSpan b) {
    return seconds_of(
        std::max(int64_t{0}, std::min(a.end_ns, b.end_ns) - std::max(a.begin_ns, b.begin_ns)));
  }

  void hit(size_t number, ThrottlingTime* time) const {
    const OwnTask& task = times_.tasks[number];
    if (overlap_s(time->span, task.whole) == 0) return;
    double seconds = 0;
    for (const TimeSpan& own : task.own) seconds += overlap_s(time->span, own);
    if (seconds == 0) return;
    HitTask out{task.id, times_.activities[task.activity], "", seconds};
    size_t at = number;
    for (int level = 0; at != kNoOwner && level < kMostLevels; ++level) {
      const auto run = run_of_.find(at);
      if (run != run_of_.end()) {
        out.run = out_.runs[run->second].label;
        break;
      }
      at = times_.tasks[at].parent;
    }
    time->hit.push_back(std::move(out));
  }

  std::string missing() const {
    size_t without = 0;
    for (const ThermalRun& run : out_.runs) without += run.peak_c ? 0 : 1;
    if (without == 0) return "";
    return "of " + std::to_string(without) + " of " + std::to_string(out_.runs.size()) +
           " runs no temperature of a GPU was read";
  }

  const Session& session_;
  const ThermalQuestion& question_;
  OwnTimes times_;
  Readings readings_;
  std::map<size_t, size_t> run_of_;  // by the task's place
  Thermal out_;
};

}  // namespace

std::string throttle_text(uint64_t reasons) {
  std::string out;
  for (const Reason& one : kReasons) {
    if ((reasons & one.bit) != 0) out += (out.empty() ? "" : ", ") + std::string(one.name);
  }
  return out;
}

Result<Thermal> thermal(const Session& session, const ThermalQuestion& question,
                        const std::filesystem::path& here) {
  return Heating(session, question).make(here);
}

}  // namespace headrace::query
