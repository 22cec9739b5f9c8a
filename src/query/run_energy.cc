#include "query/run_energy.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "query/domain_sum.h"
#include "query/energy_reach.h"
#include "query/own_energy.h"
#include "query/own_time.h"

namespace headrace::query {
namespace {

// By producer and seq; the domain and the joules that the task used itself in it.
using OwnJoules =
    std::map<std::pair<uint32_t, int64_t>, std::vector<std::pair<std::string, double>>>;

Result<OwnJoules> read_own_joules(const Session& session, const Thing& campaign) {
  const Result<std::string> reach = energy_reach(session, &campaign);
  if (!reach.ok()) return reach.status();
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query(with_own_energy(*reach) +
                                "SELECT producer, seq, domain, uj FROM own_energy WHERE wf IN " +
                                workflows_of(campaign));
  if (!rows.ok()) return rows.status();
  OwnJoules out;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t i = 0; i < c.rows(); ++i) {
      out[{static_cast<uint32_t>(c.integer(0, i)), c.integer(1, i)}].emplace_back(
          std::string(c.text(2, i)), static_cast<double>(c.integer(3, i)) * 1e-6);
    }
  }
  return out;
}

void add_parts(const OwnTask& task, double joules, std::vector<EnergyCurve::Part>* out) {
  double seconds = 0;
  for (const TimeSpan& span : task.own) seconds += seconds_of(span);
  if (seconds <= 0) {
    out->push_back({task.whole.begin_ns, task.whole.end_ns, joules});
    return;
  }
  for (const TimeSpan& span : task.own) {
    out->push_back({span.begin_ns, span.end_ns, joules * seconds_of(span) / seconds});
  }
}

}  // namespace

EnergyCurve::EnergyCurve(const std::vector<Part>& parts) {
  struct Change {
    int64_t at_ns;
    double slope;
    double joules;  // at once: of a part without length
  };
  std::vector<Change> changes;
  for (const Part& part : parts) {
    if (part.end_ns > part.begin_ns) {
      const double slope = part.joules / static_cast<double>(part.end_ns - part.begin_ns);
      changes.push_back({part.begin_ns, slope, 0});
      changes.push_back({part.end_ns, -slope, 0});
    } else {
      changes.push_back({part.end_ns, 0, part.joules});
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.at_ns < b.at_ns; });
  double joules = 0;
  double slope = 0;
  for (const Change& change : changes) {
    if (!points_.empty()) {
      joules += slope * static_cast<double>(change.at_ns - points_.back().first);
    }
    if (points_.empty() || points_.back().first != change.at_ns) {
      points_.emplace_back(change.at_ns, joules);
    }
    slope += change.slope;
    if (change.joules == 0) continue;
    joules += change.joules;
    points_.emplace_back(change.at_ns, joules);
  }
}

double EnergyCurve::joules_until(int64_t at_ns) const {
  const auto after = std::upper_bound(points_.begin(), points_.end(), at_ns,
                                      [](int64_t t, const auto& point) { return t < point.first; });
  if (after == points_.begin()) return 0;
  const auto& before = *(after - 1);
  if (after == points_.end()) return before.second;
  const double done =
      static_cast<double>(at_ns - before.first) / static_cast<double>(after->first - before.first);
  return before.second + done * (after->second - before.second);
}

Result<EnergyCurves> energy_curves(const Session& session, const CampaignName& campaign,
                                   const std::set<std::string>& task_ids) {
  const Thing thing{ThingKind::kCampaign, campaign.id, campaign.name, ""};
  const Result<OwnTimes> times = read_own_times(session, &thing);
  if (!times.ok()) return times.status();
  const Result<OwnJoules> joules = read_own_joules(session, thing);
  if (!joules.ok()) return joules.status();
  std::unordered_set<Uuid> wanted;
  for (const std::string& id : task_ids) {
    if (const auto parsed = Uuid::parse(id)) wanted.insert(*parsed);
  }
  std::vector<size_t> run_of(times->tasks.size(), kNoOwner);
  std::map<size_t, std::set<std::string>> domains;
  for (size_t i = 0; i < times->tasks.size(); ++i) {
    size_t at = i;
    for (int level = 0; at != kNoOwner && !wanted.contains(times->tasks[at].id); ++level) {
      at = level < kMostLevels ? times->tasks[at].parent : kNoOwner;
    }
    run_of[i] = at;
    const OwnTask& task = times->tasks[i];
    const auto own = joules->find({task.producer, task.seq});
    if (at == kNoOwner || own == joules->end()) continue;
    for (const auto& [domain, j] : own->second) domains[at].insert(domain);
  }
  std::map<size_t, std::vector<EnergyCurve::Part>> parts;
  for (size_t i = 0; i < times->tasks.size(); ++i) {
    const OwnTask& task = times->tasks[i];
    const auto own = joules->find({task.producer, task.seq});
    if (run_of[i] == kNoOwner || own == joules->end()) continue;
    const std::set<std::string>& all = domains[run_of[i]];
    double sum = 0;
    for (const auto& [domain, j] : own->second) {
      const std::string& name = domain;
      const bool covered = std::any_of(all.begin(), all.end(), [&](const std::string& other) {
        return is_covered(name, other);
      });
      if (!covered) sum += j;
    }
    add_parts(task, sum, &parts[run_of[i]]);
  }
  EnergyCurves out;
  for (const auto& [run, list] : parts) {
    out.emplace(times->tasks[run].id.text(), EnergyCurve(list));
  }
  return out;
}

}  // namespace headrace::query
