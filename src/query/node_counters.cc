#include "query/node_counters.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "energy/recorded.h"
#include "energy/sources.h"
#include "query/energy_reach.h"

namespace headrace::query {

Result<std::vector<energy::CountedDomain>> node_counters(const Session& session, const Thing* of) {
  const Result<std::string> reach = energy_reach(session, of);
  if (!reach.ok()) return reach.status();
  const auto rows =
      session.rows("SELECT producer FROM producer_row WHERE producer IN " + *reach + " ORDER BY 1");
  if (!rows.ok()) return rows.status();
  std::vector<energy::Mark> producers;
  for (const auto& row : *rows) producers.push_back({static_cast<uint32_t>(row[0].real)});
  const auto sensors = energy::read_sensors(session.store().connection(), producers);
  if (!sensors.ok()) return sensors.status();
  std::vector<energy::CountedDomain> out = counted_domains(energy::find_sources(*sensors));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::pair(a.hostname, a.domain) < std::pair(b.hostname, b.domain);
  });
  return out;
}

double counted_uj(const energy::Timeline& timeline, const TimeSpan& stretch) {
  if (timeline.empty()) return 0;
  return timeline.value_at(stretch.end_ns) - timeline.value_at(stretch.begin_ns);
}

double covered_share(const energy::Timeline& timeline, const TimeSpan& stretch) {
  if (timeline.empty() || stretch.end_ns <= stretch.begin_ns) return 0;
  energy::TimelineCursor cursor(timeline);
  const double before = cursor.at(stretch.begin_ns).covered_ns;
  const double covered = cursor.at(stretch.end_ns).covered_ns - before;
  return std::clamp(covered / static_cast<double>(stretch.end_ns - stretch.begin_ns), 0.0, 1.0);
}

std::vector<TimeSpan> merged(std::vector<TimeSpan> stretches) {
  std::sort(stretches.begin(), stretches.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin_ns < b.begin_ns; });
  std::vector<TimeSpan> out;
  for (const TimeSpan& one : stretches) {
    if (one.end_ns <= one.begin_ns) continue;
    if (!out.empty() && one.begin_ns <= out.back().end_ns) {
      out.back().end_ns = std::max(out.back().end_ns, one.end_ns);
    } else {
      out.push_back(one);
    }
  }
  return out;
}

std::vector<TimeSpan> without(const TimeSpan& stretch, const std::vector<TimeSpan>& busy) {
  std::vector<TimeSpan> out;
  int64_t at_ns = stretch.begin_ns;
  auto next = std::lower_bound(busy.begin(), busy.end(), stretch.begin_ns,
                               [](const TimeSpan& a, int64_t ns) { return a.end_ns <= ns; });
  for (; next != busy.end() && next->begin_ns < stretch.end_ns; ++next) {
    if (next->begin_ns > at_ns) out.push_back({at_ns, next->begin_ns});
    at_ns = std::max(at_ns, next->end_ns);
  }
  if (at_ns < stretch.end_ns) out.push_back({at_ns, stretch.end_ns});
  return out;
}

double seconds_of(const std::vector<TimeSpan>& stretches) {
  double out = 0;
  for (const TimeSpan& one : stretches) out += static_cast<double>(one.end_ns - one.begin_ns);
  return out * 1e-9;
}

}  // namespace headrace::query
