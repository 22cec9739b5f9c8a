// A critical path for a person and for a program.
#include <algorithm>
#include <cmath>
#include <map>

#include "query/critical_path.h"
#include "query/padded.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/write.h"

namespace headrace::query {
namespace {

constexpr size_t kShownLinks = 30;
constexpr size_t kShownSlacks = 10;

std::string share(double part, double whole) {
  return grouped(whole > 0 ? static_cast<uint64_t>(std::lround(100 * part / whole)) : 0) + " %";
}

using Row = std::vector<std::string>;

std::string table_text(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line = " ";
    for (size_t i = 0; i < row.size(); ++i) line += " " + padded(row[i], widths[i]) + " ";
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

// "train" takes most of the path: links by activity.
std::string dominating(const CriticalPath& path) {
  std::map<std::string, double> by_activity;
  for (const PathLink& link : path.links) by_activity[link.activity] += link.duration_s;
  const auto most =
      std::max_element(by_activity.begin(), by_activity.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->first + " is " + share(most->second, path.total_s) + " of it";
}

}  // namespace

std::string critical_path_text(const CriticalPath& path) {
  std::string out = terminal_text(
      "Workflow " + path.workflow.name + " took " + duration_text(path.total_s) + "; " +
      grouped(path.links.size()) + (path.links.size() == 1 ? " task" : " tasks") + " of " +
      grouped(path.tasks) + " decided that: " + duration_text(path.working_s) + " at work, " +
      duration_text(path.waiting_s) + " between and around them; " + dominating(path) + ".");
  out += "\n";
  std::vector<Row> rows{{"waited", "task", "time", "energy", "after", "on", "task_id"}};
  // Of many the longest, in their order.
  std::vector<size_t> shown(path.links.size());
  for (size_t i = 0; i < shown.size(); ++i) shown[i] = i;
  std::stable_sort(shown.begin(), shown.end(), [&path](size_t a, size_t b) {
    return path.links[a].duration_s > path.links[b].duration_s;
  });
  if (shown.size() > kShownLinks) shown.resize(kShownLinks);
  std::sort(shown.begin(), shown.end());
  std::vector<std::string> ids;
  for (const size_t at : shown) ids.push_back(path.links[at].task.text());
  ids = short_ids(ids);
  for (size_t i = 0; i < shown.size(); ++i) {
    const PathLink& link = path.links[shown[i]];
    rows.push_back(
        {link.wait_s < 1e-6 ? "-" : duration_text(link.wait_s), terminal_text(link.activity),
         duration_text(link.duration_s), link.energy_j ? si_text(*link.energy_j, "J") : "-",
         terminal_text(link.why),
         terminal_text(link.hostname) + (link.rank ? " rank " + std::to_string(*link.rank) : ""),
         ids[i]});
  }
  out += table_text(rows);
  if (shown.size() < path.links.size()) {
    out += "  and " + grouped(path.links.size() - shown.size()) + " shorter ones; --json has all\n";
  }
  if (!path.slacks.empty()) {
    out += "Off the path, and how much later they could have ended:\n";
    std::vector<Row> slack{{"task", "count", "least", "median"}};
    for (const Slack& s : path.slacks) {
      if (slack.size() > kShownSlacks) break;
      slack.push_back({terminal_text(s.activity), grouped(s.tasks), duration_text(s.least_s),
                       duration_text(s.median_s)});
    }
    out += table_text(slack);
  }
  return out;
}

Json critical_path_json(const CriticalPath& path) {
  Json::List links;
  for (const PathLink& link : path.links) {
    links.emplace_back(Json::Map{{"task_id", link.task.text()},
                                 {"activity", link.activity},
                                 {"after", link.why},
                                 {"wait_s", link.wait_s},
                                 {"duration_s", link.duration_s},
                                 {"energy_j", link.energy_j ? Json(*link.energy_j) : Json()},
                                 {"hostname", link.hostname},
                                 {"rank", link.rank ? Json(*link.rank) : Json()}});
  }
  Json::List slacks;
  for (const Slack& s : path.slacks) {
    slacks.emplace_back(Json::Map{{"activity", s.activity},
                                  {"tasks", static_cast<int64_t>(s.tasks)},
                                  {"least_s", s.least_s},
                                  {"median_s", s.median_s}});
  }
  return Json(Json::Map{{"workflow_id", path.workflow.id},
                        {"workflow", path.workflow.name},
                        {"total_s", path.total_s},
                        {"working_s", path.working_s},
                        {"waiting_s", path.waiting_s},
                        {"tasks", static_cast<int64_t>(path.tasks)},
                        {"links", Json(std::move(links))},
                        {"slack", Json(std::move(slacks))}});
}

}  // namespace headrace::query
