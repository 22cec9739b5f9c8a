#include "query/phases.h"

#include <algorithm>
#include <map>

#include "query/identify.h"
#include "query/nearest.h"
#include "query/readings.h"

namespace headrace::query {
namespace {

// What is added up of one activity, in seconds of task time.
struct Sums {
  int64_t tasks = 0;
  double time_s = 0;
  Seen gpu;
  Seen cpu;
  Seen disk;
  Seen power;  // weighted by 1 / tasks at once: joules
  Seen power_of_tasks;
  double both_s = 0;
  double waiting_s = 0;
  double wasted_j = 0;
};

Seen times(Seen seen, double factor) {
  seen.covered_s *= factor;
  seen.sum *= factor;
  return seen;
}

// Joules of `power` where `use` is low and it is high.
struct Waiting {
  double both_s = 0;
  double seconds = 0;
  double joules = 0;
};

Waiting waiting_in(TimeSpan span, const Steps& use, const Steps& power,
                   const PhasesQuestion& question) {
  Waiting out;
  size_t u = use.first_after(span.begin_ns);
  size_t p = power.first_after(span.begin_ns);
  while (u < use.all().size() && p < power.all().size()) {
    const Step& a = use.all()[u];
    const Step& b = power.all()[p];
    const int64_t begin_ns = std::max({span.begin_ns, a.begin_ns, b.begin_ns});
    const int64_t end_ns = std::min({span.end_ns, a.end_ns, b.end_ns});
    if (std::max(a.begin_ns, b.begin_ns) >= span.end_ns) break;
    if (end_ns > begin_ns) {
      const double seconds = static_cast<double>(end_ns - begin_ns) * 1e-9;
      out.both_s += seconds;
      if (a.value < question.gpu_below && b.value > question.node_above_w) {
        out.seconds += seconds;
        out.joules += seconds * b.value;
      }
    }
    a.end_ns <= b.end_ns ? ++u : ++p;
  }
  return out;
}

// Goes over the moments of one machine at which a task begins or ends to run itself.
class Sweep {
 public:
  Sweep(const PhasesQuestion& question, const HostReadings& readings, std::vector<Sums>* sums)
      : question_(question), readings_(readings), sums_(*sums) {}

  void add(const OwnTask& task) {
    for (const TimeSpan& span : task.own) {
      edges_.push_back({span.begin_ns, 1, task.activity});
      edges_.push_back({span.end_ns, -1, task.activity});
    }
  }

  void run() {
    std::sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) {
      return std::pair(a.at_ns, a.change) < std::pair(b.at_ns, b.change);
    });
    int64_t at_ns = 0;
    int64_t running = 0;
    for (const Edge& edge : edges_) {
      if (running > 0 && edge.at_ns > at_ns) pass({at_ns, edge.at_ns}, running);
      at_ns = edge.at_ns;
      running += edge.change;
      const auto found = at_once_.try_emplace(edge.activity, 0).first;
      found->second += edge.change;
      if (found->second == 0) at_once_.erase(found);
    }
  }

 private:
  struct Edge {
    int64_t at_ns;
    int change;
    uint32_t activity;
  };

  void pass(TimeSpan span, int64_t running) {
    const Seen gpu = readings_.gpu_use.over(span);
    const Seen cpu = readings_.cpu_use.over(span);
    const Seen disk = readings_.disk_use.over(span);
    const Seen power = readings_.power_w.over(span);
    const Waiting waiting = waiting_in(span, readings_.gpu_use, readings_.power_w, question_);
    const double seconds = static_cast<double>(span.end_ns - span.begin_ns) * 1e-9;
    for (const auto& [activity, count] : at_once_) {
      Sums& sums = sums_[activity];
      const auto n = static_cast<double>(count);
      const double share = n / static_cast<double>(running);
      sums.time_s += n * seconds;
      sums.gpu.add(times(gpu, n));
      sums.cpu.add(times(cpu, n));
      sums.disk.add(times(disk, n));
      sums.power.add(times(power, share));
      sums.power_of_tasks.add(times(power, n));
      sums.both_s += n * waiting.both_s;
      sums.waiting_s += n * waiting.seconds;
      sums.wasted_j += share * waiting.joules;
    }
  }

  const PhasesQuestion& question_;
  const HostReadings& readings_;
  std::vector<Sums>& sums_;
  std::vector<Edge> edges_;
  std::map<uint32_t, int64_t> at_once_;
};

Phase phase_of(const std::string& activity, const Sums& sums) {
  Phase out;
  out.activity = activity;
  out.tasks = sums.tasks;
  out.time_s = sums.time_s;
  out.gpu_use = sums.gpu.mean();
  out.cpu_use = sums.cpu.mean();
  out.disk_use = sums.disk.mean();
  out.power_w = sums.power_of_tasks.mean();
  if (sums.power.covered_s > 0) out.energy_j = sums.power.sum;
  if (sums.both_s > 0) {
    out.waiting_s = sums.waiting_s;
    out.wasted_j = sums.wasted_j;
  }
  if (sums.time_s > 0) out.coverage = sums.both_s / sums.time_s;
  return out;
}

Sums sum_of(const std::vector<Sums>& parts) {
  Sums out;
  for (const Sums& one : parts) {
    out.tasks += one.tasks;
    out.time_s += one.time_s;
    out.gpu.add(one.gpu);
    out.cpu.add(one.cpu);
    out.disk.add(one.disk);
    out.power.add(one.power);
    out.power_of_tasks.add(one.power_of_tasks);
    out.both_s += one.both_s;
    out.waiting_s += one.waiting_s;
    out.wasted_j += one.wasted_j;
  }
  return out;
}

std::string missing(const Phase& all, const Readings& readings, const OwnTimes& times) {
  std::vector<std::string> none;
  for (const std::string& host : times.hosts) {
    if (readings.of(host).gpu_use.empty()) none.push_back(host);
  }
  if (all.tasks == 0) return "no task has ended";
  if (none.empty()) return "";
  return "no use of a GPU was read on " + listed(none) + ": what waited for one there is not known";
}

}  // namespace

Result<Phases> phases(const Session& session, const PhasesQuestion& question,
                      const std::filesystem::path& here) {
  std::optional<Thing> thing;
  if (!question.of.empty()) {
    Result<Thing> found =
        identify(session, question.of, {ThingKind::kCampaign, ThingKind::kWorkflow}, here);
    if (!found.ok()) return found.status();
    thing = std::move(*found);
  }
  const Result<OwnTimes> times = read_own_times(session, thing ? &*thing : nullptr);
  if (!times.ok()) return times.status();
  const Result<Readings> readings = read_readings(session, *times);
  if (!readings.ok()) return readings.status();
  std::vector<Sums> sums(times->activities.size());
  for (uint32_t host = 0; host < times->hosts.size(); ++host) {
    Sweep sweep(question, readings->of(times->hosts[host]), &sums);
    for (const OwnTask& task : times->tasks) {
      if (task.host == host) sweep.add(task);
    }
    sweep.run();
  }
  for (const OwnTask& task : times->tasks) ++sums[task.activity].tasks;
  Phases out;
  out.of = thing ? std::string(name_of(thing->kind)) + " " + thing->name : "everything";
  out.question = question;
  for (size_t i = 0; i < sums.size(); ++i) {
    out.phases.push_back(phase_of(times->activities[i], sums[i]));
  }
  out.all = phase_of("", sum_of(sums));
  std::stable_sort(out.phases.begin(), out.phases.end(), [](const Phase& a, const Phase& b) {
    return std::pair(-a.wasted_j.value_or(0), -a.time_s) <
           std::pair(-b.wasted_j.value_or(0), -b.time_s);
  });
  for (const std::string& host : times->hosts) {
    const HostReadings& of_host = readings->of(host);
    if (!of_host.power_of.empty()) out.power_of.push_back(host + ": " + of_host.power_of);
  }
  out.note = missing(out.all, *readings, *times);
  return out;
}

}  // namespace headrace::query
