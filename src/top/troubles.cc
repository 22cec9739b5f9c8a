#include "top/troubles.h"

#include <algorithm>
#include <string>

#include "query/units.h"
#include "top/running.h"

namespace headrace::top {
namespace {

constexpr size_t kMostLines = 200;

// "rank 317 (node x)", "train 7c1e..0003 (node x)".
std::string who(const Folder& folder, const TaskRow& row, const std::string& id) {
  const std::string place = place_of(folder, row);
  if (place.starts_with("rank ")) return place;
  const std::string name = activity_name(folder, row);
  if (id.size() < 36) return name;
  return name + " " + id.substr(0, 8) + ".." + id.substr(32) +
         (place.empty() ? "" : " (" + place + ")");
}

TroubleLine straggler(const Folder& folder, const TaskRow& row, double median_s) {
  TroubleLine out;
  out.id = task_id(folder, row);
  const double took_s = static_cast<double>(*row.duration_ns) / 1e9;
  out.excess_s = took_s - median_s;
  out.end_ns = row.begin_ns + *row.duration_ns;
  // Who is named by its rank has not said what it did.
  const bool is_ranked = place_of(folder, row).starts_with("rank ");
  out.sentence = who(folder, row, out.id) + " " + query::two_digits(took_s / median_s) +
                 "× slower than median" + (is_ranked ? " in " + activity_name(folder, row) : "") +
                 ": " + query::duration_text(took_s) + " against " + query::duration_text(median_s);
  return out;
}

TroubleLine failure(const Folder& folder, const TaskRow& row) {
  TroubleLine out;
  out.id = task_id(folder, row);
  out.status = row.status;
  out.end_ns = row.begin_ns + row.duration_ns.value_or(0);
  out.excess_s = static_cast<double>(row.duration_ns.value_or(0)) / 1e9;
  const std::string place = place_of(folder, row);
  out.sentence = (place.starts_with("rank ") ? place : who(folder, row, out.id)) +
                 (row.status == TaskStatus::kLost ? " was lost" : " failed") +
                 (place.starts_with("rank ") ? " in " + activity_name(folder, row) : "") +
                 (row.duration_ns ? " after " + query::duration_text(out.excess_s) : "");
  return out;
}

}  // namespace

Troubles troubles_of(const Folder& folder, const std::set<uint32_t>& mine) {
  Troubles out;
  std::vector<TroubleLine> stragglers;
  for (const auto& [key, group] : folder.tally.groups()) {
    if (!mine.contains(key.first)) continue;
    const auto limit_s = straggler_limit_s(group.finished);
    if (!limit_s) continue;
    const double median_s = group.finished.quantile_s(0.5);
    int64_t shown = 0;
    for (const TaskRow& row : group.longest) {
      if (static_cast<double>(*row.duration_ns) / 1e9 <= *limit_s) break;
      stragglers.push_back(straggler(folder, row, median_s));
      ++shown;
    }
    // All of them only as far as the steps tell; those with a line for certain.
    out.stragglers += shown < static_cast<int64_t>(Tally::kLongest)
                          ? shown
                          : std::max(shown, static_cast<int64_t>(group.finished.above(*limit_s)));
  }
  std::sort(stragglers.begin(), stragglers.end(),
            [](const TroubleLine& a, const TroubleLine& b) { return a.excess_s > b.excess_s; });
  std::vector<TroubleLine> failures;
  for (auto row = folder.tally.failures().rbegin(); row != folder.tally.failures().rend(); ++row) {
    if (mine.contains(row->workflow)) failures.push_back(failure(folder, *row));
  }
  for (const TaskRow& row : folder.lost) {
    if (mine.contains(row.workflow)) failures.push_back(failure(folder, row));
  }
  // In turn, so that neither hides the other where there is little room.
  for (size_t i = 0; i < std::max(failures.size(), stragglers.size()); ++i) {
    if (out.lines.size() >= kMostLines) break;
    if (i < failures.size()) out.lines.push_back(std::move(failures[i]));
    if (i < stragglers.size()) out.lines.push_back(std::move(stragglers[i]));
  }
  return out;
}

}  // namespace headrace::top
