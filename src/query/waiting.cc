#include "query/waiting.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "query/statistics.h"

namespace headrace::query {
namespace {

// The digits that a device's name ends in: "cuda:1", "gpu-1", "hip:1".
std::string digits_of(const std::string& device) {
  const size_t last = device.find_last_not_of("0123456789");
  return last == std::string::npos ? device : device.substr(last + 1);
}

using Phases = std::map<std::pair<std::string, std::string>, std::vector<const EnergyTask*>>;

constexpr size_t kLeastAlike = 5;
constexpr double kDeviations = 5;

class Finder {
 public:
  Finder(const std::vector<const EnergyTask*>& running,
         const std::vector<energy::CountedDomain>& counters)
      : counters_(counters) {
    for (const EnergyTask* one : running) busy_[part_of(*one)].push_back(stretch_of(*one));
    for (auto& [part, stretches] : busy_) stretches = merged(std::move(stretches));
  }
  void look(const Phases& phases);
  Waiting take();

 private:
  // "node1", or "node1 node/gpu-0" where the task's device has a counter of its own.
  std::string part_of(const EnergyTask& task) const;
  std::vector<const energy::Timeline*> timelines_of(const std::string& part) const;
  std::optional<double> joules_of(const std::string& part,
                                  const std::vector<TimeSpan>& stretches) const;
  void end_wave(const std::vector<const EnergyTask*>& wave, int64_t number);

  const std::vector<energy::CountedDomain>& counters_;
  std::map<std::string, std::vector<TimeSpan>> busy_;
  std::map<std::string, std::vector<TimeSpan>> waited_;
  Waiting out_;
};

std::string Finder::part_of(const EnergyTask& task) const {
  if (task.device.empty()) return task.hostname;
  const std::string digits = digits_of(task.device);
  for (const energy::CountedDomain& one : counters_) {
    if (!one.divided || one.hostname != task.hostname || digits.empty()) continue;
    const bool is_device =
        one.domain.starts_with("node/gpu") || one.domain.starts_with("node/accel");
    if (is_device && one.domain.ends_with("-" + digits)) return task.hostname + " " + one.domain;
  }
  return task.hostname;
}

// Of a node: all its parts that are divided among tasks, but for devices that are parts of their
// own; of a device its own.
std::vector<const energy::Timeline*> Finder::timelines_of(const std::string& part) const {
  std::vector<const energy::Timeline*> out;
  for (const energy::CountedDomain& one : counters_) {
    if (!one.divided) continue;
    const std::string device = one.hostname + " " + one.domain;
    if (part == device || (part == one.hostname && !busy_.contains(device))) {
      out.push_back(&one.timeline);
    }
  }
  return out;
}

std::optional<double> Finder::joules_of(const std::string& part,
                                        const std::vector<TimeSpan>& stretches) const {
  const auto timelines = timelines_of(part);
  if (timelines.empty()) return std::nullopt;
  double uj = 0;
  for (const energy::Timeline* timeline : timelines) {
    for (const TimeSpan& one : stretches) uj += counted_uj(*timeline, one);
  }
  return uj * 1e-6;
}

void Finder::end_wave(const std::vector<const EnergyTask*>& wave, int64_t number) {
  std::map<std::string, int64_t> ends;
  const EnergyTask* last = wave.front();
  for (const EnergyTask* one : wave) {
    int64_t& end = ends.emplace(part_of(*one), 0).first->second;
    end = std::max(end, stretch_of(*one).end_ns);
    if (stretch_of(*one).end_ns > stretch_of(*last).end_ns) last = one;
  }
  if (ends.size() < 2) return;
  Wave out;
  out.workflow = last->workflow;
  out.activity = last->activity;
  out.number = number;
  out.parts = static_cast<int64_t>(ends.size());
  out.last_task_id = last->id;
  out.last_part = part_of(*last);
  const int64_t until_ns = stretch_of(*last).end_ns;
  for (const auto& [part, end_ns] : ends) {
    const std::vector<TimeSpan> waits = without({end_ns, until_ns}, busy_.at(part));
    if (waits.empty()) continue;
    out.waited_s += seconds_of(waits);
    if (const auto joules = joules_of(part, waits)) {
      out.waiting_j = out.waiting_j.value_or(0) + *joules;
    }
    auto& all = waited_[part];
    all.insert(all.end(), waits.begin(), waits.end());
  }
  if (out.waited_s <= 0) return;
  out_.waves.push_back(std::move(out));
}

void Finder::look(const Phases& phases) {
  for (const auto& [key, tasks] : phases) {
    std::vector<const EnergyTask*> phase = tasks;
    std::sort(phase.begin(), phase.end(), [](const EnergyTask* a, const EnergyTask* b) {
      return std::pair(a->begin_ns, a->id) < std::pair(b->begin_ns, b->id);
    });
    std::vector<const EnergyTask*> wave;
    int64_t until_ns = 0;
    int64_t number = 0;
    for (const EnergyTask* one : phase) {
      if (!wave.empty() && one->begin_ns >= until_ns) {
        end_wave(wave, ++number);
        wave.clear();
      }
      const int64_t end_ns = stretch_of(*one).end_ns;
      until_ns = wave.empty() ? end_ns : std::max(until_ns, end_ns);
      wave.push_back(one);
    }
    end_wave(wave, ++number);
  }
}

Waiting Finder::take() {
  for (auto& [part, stretches] : waited_) {
    const std::vector<TimeSpan> once = merged(std::move(stretches));
    const Waited waited{seconds_of(once), joules_of(part, once)};
    out_.total.waited_s += waited.waited_s;
    if (waited.waiting_j) {
      out_.total.waiting_j = out_.total.waiting_j.value_or(0) + *waited.waiting_j;
    }
    out_.parts.emplace(part, waited);
  }
  std::stable_sort(out_.waves.begin(), out_.waves.end(), [](const Wave& a, const Wave& b) {
    return std::pair(a.waiting_j.value_or(0), a.waited_s) >
           std::pair(b.waiting_j.value_or(0), b.waited_s);
  });
  return std::move(out_);
}

}  // namespace

TimeSpan stretch_of(const EnergyTask& task) {
  return {task.begin_ns, task.begin_ns + std::llround(task.duration_s * 1e9)};
}

std::vector<const EnergyTask*> without_inner(const std::vector<EnergyTask>& tasks) {
  std::set<std::string> parents;
  for (const EnergyTask& one : tasks) {
    if (!one.parent_id.empty()) parents.insert(one.parent_id);
  }
  std::vector<const EnergyTask*> out;
  for (const EnergyTask& one : tasks) {
    if (!parents.contains(one.id)) out.push_back(&one);
  }
  return out;
}

std::vector<Straggler> stragglers_among(const std::vector<const EnergyTask*>& tasks) {
  Phases alike;  // by the workflow's name and the activity
  for (const EnergyTask* one : tasks) {
    if (one->status == "finished") alike[{one->workflow, one->activity}].push_back(one);
  }
  std::vector<Straggler> out;
  for (const auto& [key, like] : alike) {
    if (like.size() < kLeastAlike) continue;
    std::vector<double> seconds;
    std::vector<double> joules;
    for (const EnergyTask* one : like) {
      seconds.push_back(one->duration_s);
      if (one->energy_uj) joules.push_back(one->energy_j());
    }
    const double median_s = median_of(seconds);
    const double median_j = joules.empty() ? 0 : median_of(joules);
    for (double& one : seconds) one = std::abs(one - median_s);
    const double deviation_s = std::max(1.4826 * median_of(seconds), 0.05 * median_s);
    for (const EnergyTask* one : like) {
      const double excess_s = one->duration_s - median_s;
      if (excess_s <= kDeviations * deviation_s) continue;
      Straggler& late = out.emplace_back(Straggler{one, median_s, excess_s, std::nullopt});
      if (one->energy_uj) late.excess_j = one->energy_j() - median_j;
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Straggler& a, const Straggler& b) {
    return std::pair(a.excess_j.value_or(0), a.excess_s) >
           std::pair(b.excess_j.value_or(0), b.excess_s);
  });
  return out;
}

Waiting find_waiting(const std::vector<EnergyTask>& tasks,
                     const std::vector<const EnergyTask*>& running,
                     const std::vector<energy::CountedDomain>& counters) {
  Finder finder(running, counters);
  Phases inner;
  for (const EnergyTask* one : without_inner(tasks)) {
    inner[{one->workflow_id, one->activity}].push_back(one);
  }
  Phases outer;
  for (const EnergyTask& one : tasks) {
    if (one.parent_id.empty()) outer[{one.workflow, one.activity}].push_back(&one);
  }
  finder.look(inner);
  // Where one workflow is all there is of its name, this would say the same once more.
  std::erase_if(outer, [&](const auto& phase) {
    const std::string& first = phase.second.front()->workflow_id;
    return std::all_of(phase.second.begin(), phase.second.end(), [&](const EnergyTask* one) {
      return one->workflow_id == first && inner.contains({first, one->activity});
    });
  });
  finder.look(outer);
  return finder.take();
}

}  // namespace headrace::query
