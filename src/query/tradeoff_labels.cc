#include "query/tradeoff_labels.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "query/labels.h"
#include "query/task_texts.h"

namespace headrace::query {
namespace {

using store::sql_text;
using Values = std::unordered_map<std::string, Json>;  // what each task or workflow used

Json parsed(const Cell& cell) {
  if (cell.is_null) return {};
  Result<Json> json = Json::parse(cell.text);
  return json.ok() ? std::move(*json) : Json();
}

Result<Values> values_of(const Session& session, const std::string& sql) {
  auto rows = session.rows(sql);
  if (!rows.ok()) return rows.status();
  Values out;
  out.reserve(rows->size());
  for (const auto& cells : *rows) out.emplace(cells[0].text, parsed(cells[1]));
  return out;
}

Result<Values> used_of_activity(const Session& session, const std::string& campaign,
                                const std::string& activity) {
  const auto connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> rows = TaskRows::open(*connection);
  if (!rows.ok()) return rows.status();
  Values out;
  const Status read = each_task_text(
      *connection, *rows,
      "t.activity IN (SELECT activity FROM activity_row WHERE name = " + sql_text(activity) +
          ") AND t.wf IN (SELECT wf FROM workflow_row w JOIN campaign_row c ON c.campaign = "
          "w.campaign WHERE c.name = " +
          sql_text(campaign) + ")",
      [&out](TaskText&& task) {
        Result<Json> json = Json::parse(task.used);
        if (json.ok()) out.emplace(task.id.text(), std::move(*json));
      });
  if (!read.ok()) return read;
  return out;
}

// Members of `more` that `map` has not.
void add_members(const Values& values, const std::string& id, Json* map) {
  if (map->as<Json::Map>() == nullptr) *map = Json(Json::Map{});
  const auto found = values.find(id);
  const auto* members = found == values.end() ? nullptr : found->second.as<Json::Map>();
  if (members == nullptr) return;
  for (const auto& [key, value] : *members) {
    if ((*map)[key].is_null()) map->as<Json::Map>()->emplace_back(key, value);
  }
}

bool all_differ(const std::vector<std::string>& labels) {
  return std::set<std::string>(labels.begin(), labels.end()).size() == labels.size();
}

// Names of the objects that the values refer to, and of no others: there may be millions.
Status name_objects(const Session& session, LabelledRuns* runs) {
  std::set<std::string> ids;
  for (const Json& map : runs->used) {
    const auto* members = map.as<Json::Map>();
    if (members == nullptr) continue;
    for (const auto& [key, value] : *members) {
      if (const auto* id = value["$object"].as<std::string>()) ids.insert(*id);
    }
  }
  for (const auto& [id, name] : runs->object_names) ids.erase(id);
  if (ids.empty()) return {};
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ", ") + sql_text(id);
  const auto rows = session.rows(
      "SELECT object_id, coalesce(name, path) FROM object WHERE object_id::VARCHAR IN (" + list +
      ")");
  if (!rows.ok()) return rows.status();
  for (const auto& cells : *rows) runs->object_names.emplace_back(cells[0].text, cells[1].text);
  return {};
}

Status relabel(const Session& session, size_t complete, LabelledRuns* runs) {
  HEADRACE_RETURN_IF_ERROR(name_objects(session, runs));
  runs->labels = differing_labels(runs->used, runs->object_names, complete);
  return {};
}

std::string of_campaign(const std::string& campaign) {
  return " WHERE campaign = " + sql_text(campaign);
}

// What the tasks around each task used, inner ones first.
Status add_ancestors(const Session& session, const std::string& campaign,
                     const std::vector<std::pair<std::string, std::string>>& tasks,
                     LabelledRuns* runs) {
  const auto rows = session.rows("SELECT task_id, parent_task_id FROM task" +
                                 of_campaign(campaign) + " AND parent_task_id IS NOT NULL");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, std::string> parents;
  parents.reserve(rows->size());
  for (const auto& row : *rows) parents.emplace(row[0].text, row[1].text);
  const Result<Values> used =
      values_of(session, "SELECT task_id, used FROM task" + of_campaign(campaign) +
                             " AND task_id IN (SELECT parent_task_id FROM task" +
                             of_campaign(campaign) + ")");
  if (!used.ok()) return used.status();
  for (size_t i = 0; i < tasks.size(); ++i) {
    auto parent = parents.find(tasks[i].first);
    for (int steps = 0; parent != parents.end() && steps < 64; ++steps) {
      add_members(*used, parent->second, &runs->used[i]);
      parent = parents.find(parent->second);
    }
  }
  return {};
}

// What the first of the outermost tasks of each workflow used.
Status add_first_tasks(const Session& session, const std::string& campaign,
                       const std::vector<std::string>& workflows, LabelledRuns* runs) {
  const auto rows =
      session.rows("SELECT workflow_id, arg_min(task_id, started_at) FROM task" +
                   of_campaign(campaign) + " AND parent_task_id IS NULL GROUP BY workflow_id");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, std::string> firsts;
  std::string list;
  for (const auto& row : *rows) {
    firsts.emplace(row[0].text, row[1].text);
    list += (list.empty() ? "" : ", ") + sql_text(row[1].text);
  }
  if (list.empty()) return {};
  const Result<Values> used =
      values_of(session, "SELECT task_id, used FROM task WHERE task_id IN (" + list + ")");
  if (!used.ok()) return used.status();
  for (size_t i = 0; i < workflows.size(); ++i) {
    const auto first = firsts.find(workflows[i]);
    if (first != firsts.end()) add_members(*used, first->second, &runs->used[i]);
  }
  return {};
}

// A scalar as the level of a factor; "" for what is none.
std::string level_of(const Json& value, const std::map<std::string, std::string>& objects) {
  if (value.is_null()) return "absent";
  if (const auto* id = value["$object"].as<std::string>()) {
    const auto name = objects.find(*id);
    return name == objects.end() ? *id : name->second;
  }
  if (value.as<Json::List>() != nullptr) return "";
  const auto* map = value.as<Json::Map>();
  if (map == nullptr) return value.text();
  const bool wrapped = map->size() == 1 && map->front().first.starts_with('$');
  return wrapped && map->front().second.as<Json::Map>() == nullptr ? map->front().second.text()
                                                                   : "";
}

}  // namespace

Result<LabelledRuns> label_tasks(const Session& session, const std::string& campaign,
                                 const std::string& activity,
                                 const std::vector<std::pair<std::string, std::string>>& tasks,
                                 size_t complete) {
  LabelledRuns out;
  Result<Values> used = used_of_activity(session, campaign, activity);
  if (!used.ok()) return used.status();
  for (const auto& [task, workflow] : tasks) {
    const auto found = used->find(task);
    out.used.push_back(found == used->end() ? Json() : std::move(found->second));
  }
  HEADRACE_RETURN_IF_ERROR(relabel(session, complete, &out));
  if (all_differ(out.labels)) return out;
  const Result<Values> workflows =
      values_of(session, "SELECT workflow_id, used FROM workflow" + of_campaign(campaign));
  if (!workflows.ok()) return workflows.status();
  for (size_t i = 0; i < tasks.size(); ++i) add_members(*workflows, tasks[i].second, &out.used[i]);
  HEADRACE_RETURN_IF_ERROR(relabel(session, complete, &out));
  if (all_differ(out.labels)) return out;
  HEADRACE_RETURN_IF_ERROR(add_ancestors(session, campaign, tasks, &out));
  HEADRACE_RETURN_IF_ERROR(relabel(session, complete, &out));
  return out;
}

Result<LabelledRuns> label_workflows(const Session& session, const std::string& campaign,
                                     const std::vector<std::string>& workflows) {
  LabelledRuns out;
  const Result<Values> used =
      values_of(session, "SELECT workflow_id, used FROM workflow" + of_campaign(campaign));
  if (!used.ok()) return used.status();
  for (const std::string& workflow : workflows) {
    Json map;
    add_members(*used, workflow, &map);
    out.used.push_back(std::move(map));
  }
  HEADRACE_RETURN_IF_ERROR(relabel(session, workflows.size(), &out));
  if (all_differ(out.labels)) return out;
  HEADRACE_RETURN_IF_ERROR(add_first_tasks(session, campaign, workflows, &out));
  HEADRACE_RETURN_IF_ERROR(relabel(session, workflows.size(), &out));
  return out;
}

std::vector<Factor> factors_of(const LabelledRuns& runs, size_t rows) {
  const std::map<std::string, std::string> objects(runs.object_names.begin(),
                                                   runs.object_names.end());
  std::vector<std::string> keys;
  std::set<std::string> seen;
  for (size_t i = 0; i < rows; ++i) {
    const auto* members = runs.used[i].as<Json::Map>();
    if (members == nullptr) continue;
    for (const auto& [key, value] : *members) {
      if (seen.insert(key).second && !tells_repeats_apart(key)) keys.push_back(key);
    }
  }
  std::vector<Factor> out;
  std::vector<Factor> of_objects;
  for (const std::string& key : keys) {
    Factor factor{key, {}};
    bool scalar = true;
    bool differs = false;
    for (size_t i = 0; i < rows && scalar; ++i) {
      std::string level = level_of(runs.used[i][key], objects);
      scalar = !level.empty() || runs.used[i][key].as<std::string>() != nullptr;
      differs |= i > 0 && level != factor.levels.front();
      factor.levels.push_back(std::move(level));
    }
    const bool is_object = !runs.used.front()[key]["$object"].is_null();
    if (scalar && differs) (is_object ? of_objects : out).push_back(std::move(factor));
  }
  out.insert(out.end(), of_objects.begin(), of_objects.end());
  return out;
}

bool tells_repeats_apart(const std::string& key) {
  static constexpr std::array kNames = {"seed",   "random_seed", "random_state", "rng_seed",
                                        "repeat", "replica",     "replicate",    "repetition",
                                        "trial",  "fold",        "rep",          "attempt"};
  return std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

}  // namespace headrace::query
