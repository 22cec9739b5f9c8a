#include "query/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "query/campaign.h"
#include "query/domain_sum.h"
#include "query/labels.h"
#include "query/nearest.h"
#include "query/pareto.h"
#include "query/table_builder.h"

namespace headrace::query {
namespace {

using store::sql_name;
using store::sql_text;

// The tasks of one activity that generated the value.
struct Group {
  std::string activity;
  size_t finished = 0;
  double seconds = 0;
  size_t depth = 0;  // the fewest ancestors that one of them has
};

using Parents = std::unordered_map<std::string, std::string>;

Result<Parents> parents_of(const Session& session, const std::string& campaign) {
  auto rows = session.rows("SELECT task_id, parent_task_id FROM task WHERE campaign = " +
                           sql_text(campaign) + " AND parent_task_id IS NOT NULL");
  if (!rows.ok()) return rows.status();
  Parents parents;
  for (const auto& row : *rows) parents.emplace(row[0].text, row[1].text);
  return parents;
}

size_t depth_of(const Parents& parents, std::string task) {
  size_t depth = 0;
  for (auto parent = parents.find(task); parent != parents.end() && depth < 10'000;
       parent = parents.find(task)) {
    task = parent->second;
    ++depth;
  }
  return depth;
}

std::string value_sql(const TradeoffQuestion& question) {
  return "TRY_CAST(generated." + sql_name(question.quality) + " AS DOUBLE)";
}

Status no_such_value(const Session& session, const CampaignName& campaign,
                     const TradeoffQuestion& question) {
  auto rows = session.rows(
      "SELECT DISTINCT unnest(json_keys(generated)) AS key FROM task WHERE campaign = " +
      sql_text(campaign.name) + " ORDER BY key");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names;
  for (const auto& row : *rows) names.push_back(row[0].text);
  std::string message = "no task of campaign " + campaign.name + " generated " + question.quality;
  if (names.empty()) {
    message +=
        "; its tasks generated nothing (a task says what it generated with "
        "task.generated(" +
        question.quality + "=...), or by what its function returns)";
  } else if (const auto near = nearest_names(question.quality, names); !near.empty()) {
    message += did_you_mean(near);
  } else {
    message += "; they generated " + listed(names);
  }
  return not_found(message);
}

Result<std::vector<Group>> groups_of(const Session& session, const CampaignName& campaign,
                                     const TradeoffQuestion& question) {
  auto rows = session.rows(
      "SELECT activity, task_id, duration_s, " + value_sql(question) +
      " IS NOT NULL AS numeric FROM task WHERE campaign = " + sql_text(campaign.name) +
      " AND status = 'finished' AND generated." + sql_name(question.quality) + " IS NOT NULL");
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return no_such_value(session, campaign, question);
  const auto parents = parents_of(session, campaign.name);
  if (!parents.ok()) return parents.status();
  std::map<std::string, Group> groups;
  for (const auto& row : *rows) {
    if (row[3].real == 0) continue;
    Group& group = groups[row[0].text];
    const size_t depth = depth_of(*parents, row[1].text);
    group.depth = group.finished == 0 ? depth : std::min(group.depth, depth);
    group.activity = row[0].text;
    ++group.finished;
    group.seconds += row[2].real;
  }
  if (groups.empty()) {
    return invalid_argument("generated." + question.quality + " of campaign " + campaign.name +
                            " is not a number, so it cannot be set against a cost");
  }
  std::vector<Group> out;
  for (auto& [name, group] : groups) out.push_back(std::move(group));
  std::sort(out.begin(), out.end(), [](const Group& a, const Group& b) {
    const bool a_alone = a.finished < 2;
    const bool b_alone = b.finished < 2;
    if (a_alone != b_alone) return b_alone;
    if (a.depth != b.depth) return a.depth < b.depth;
    if (a.finished != b.finished) return a.finished > b.finished;
    return a.seconds > b.seconds;
  });
  return out;
}

Status choose_activity(const std::vector<Group>& groups, const TradeoffQuestion& question,
                       Tradeoff* out) {
  std::vector<std::string> names;
  for (const Group& group : groups) names.push_back(group.activity);
  out->activity = question.activity.empty() ? names.front() : question.activity;
  if (std::find(names.begin(), names.end(), out->activity) == names.end()) {
    const auto near = nearest_names(out->activity, names);
    return not_found("activity " + out->activity + " of campaign " + out->campaign +
                     " did not generate " + question.quality +
                     (near.empty() ? "; these did: " + listed(names) : did_you_mean(near)));
  }
  for (const std::string& name : names) {
    if (name != out->activity) out->other_activities.push_back(name);
  }
  return {};
}

std::optional<double> number_of(const Cell& cell) {
  if (cell.is_null) return std::nullopt;
  return cell.real;
}

Status read_rows(const Session& session, const TradeoffQuestion& question, Tradeoff* out) {
  auto rows =
      session.rows("SELECT task_id, workflow_id, status, duration_s, " + value_sql(question) +
                   " AS quality FROM task WHERE campaign = " + sql_text(out->campaign) +
                   " AND activity = " + sql_text(out->activity) + " ORDER BY started_at");
  if (!rows.ok()) return rows.status();
  for (const auto& cells : *rows) {
    TradeoffRow row;
    row.task_id = cells[0].text;
    row.workflow_id = cells[1].text;
    row.activity = out->activity;
    row.status = cells[2].text;
    row.time_s = number_of(cells[3]);
    row.quality = number_of(cells[4]);
    if (row.quality && !std::isfinite(*row.quality)) row.quality.reset();
    if (row.status == "finished" && cells[4].is_null) continue;  // had nothing to say of it
    (row.status == "finished" ? out->rows : out->failed).push_back(std::move(row));
  }
  return {};
}

Status add_energy(const Session& session, Tradeoff* out) {
  auto rows = session.rows(
      "SELECT e.task_id, e.domain, e.attributed_j, e.u95_j, e.truth, e.method, e.assumption "
      "FROM task_energy e "
      "JOIN (SELECT task_id FROM task WHERE campaign = " +
      sql_text(out->campaign) + " AND activity = " + sql_text(out->activity) +
      ") t ON t.task_id = e.task_id ORDER BY e.domain");
  if (!rows.ok()) return rows.status();
  std::map<std::string, std::vector<DomainEnergy>> domains;
  for (const auto& cells : *rows) {
    domains[cells[0].text].push_back({cells[1].text, number_of(cells[2]), number_of(cells[3]),
                                      cells[4].text, cells[5].text, cells[6].text});
  }
  for (auto* list : {&out->rows, &out->failed}) {
    for (TradeoffRow& row : *list) {
      const EnergySum sum = sum_domains(domains[row.task_id]);
      row.energy_j = sum.joules;
      row.energy_u95_j = sum.u95_j;
      row.energy_truth = sum.truth;
      row.energy_method = sum.method;
      row.energy_assumption = sum.assumption;
    }
  }
  return {};
}

Json parsed(const Cell& cell) {
  if (cell.is_null) return {};
  Result<Json> json = Json::parse(cell.text);
  return json.ok() ? std::move(*json) : Json();
}

// Members of `more` that `map` has not.
void add_members(const Json& more, Json* map) {
  if (map->as<Json::Map>() == nullptr) *map = Json(Json::Map{});
  const auto* members = more.as<Json::Map>();
  if (members == nullptr) return;
  for (const auto& [key, value] : *members) {
    if ((*map)[key].is_null()) map->as<Json::Map>()->emplace_back(key, value);
  }
}

bool all_differ(const std::vector<std::string>& labels) {
  return std::set<std::string>(labels.begin(), labels.end()).size() == labels.size();
}

// What each row used, then with what its workflow used, then with what its ancestors used: the
// first that tells the rows apart.
Status add_labels(const Session& session, Tradeoff* out) {
  std::vector<TradeoffRow*> rows;
  for (TradeoffRow& row : out->rows) rows.push_back(&row);
  for (TradeoffRow& row : out->failed) rows.push_back(&row);
  auto used =
      session.rows("SELECT task_id, used FROM task WHERE campaign = " + sql_text(out->campaign) +
                   " AND activity = " + sql_text(out->activity));
  if (!used.ok()) return used.status();
  auto workflows = session.rows("SELECT workflow_id, used, name FROM workflow WHERE campaign = " +
                                sql_text(out->campaign));
  if (!workflows.ok()) return workflows.status();
  auto objects = session.rows("SELECT object_id, coalesce(name, path) FROM object");
  if (!objects.ok()) return objects.status();
  std::vector<std::pair<std::string, std::string>> object_names;
  for (const auto& cells : *objects) object_names.emplace_back(cells[0].text, cells[1].text);

  std::map<std::string, Json> by_task;
  for (const auto& cells : *used) by_task[cells[0].text] = parsed(cells[1]);
  std::map<std::string, Json> by_workflow;
  for (const auto& cells : *workflows) by_workflow[cells[0].text] = parsed(cells[1]);
  std::vector<Json> maps;
  for (const TradeoffRow* row : rows) maps.push_back(by_task[row->task_id]);
  std::vector<std::string> labels = differing_labels(maps, object_names, out->rows.size());
  if (!all_differ(labels)) {
    for (size_t i = 0; i < rows.size(); ++i)
      add_members(by_workflow[rows[i]->workflow_id], &maps[i]);
    labels = differing_labels(maps, object_names, out->rows.size());
  }
  if (!all_differ(labels)) {
    const auto parents = parents_of(session, out->campaign);
    if (!parents.ok()) return parents.status();
    auto ancestors =
        session.rows("SELECT task_id, used FROM task WHERE campaign = " + sql_text(out->campaign) +
                     " AND task_id IN (SELECT parent_task_id FROM task WHERE campaign = " +
                     sql_text(out->campaign) + ")");
    if (!ancestors.ok()) return ancestors.status();
    for (const auto& cells : *ancestors) by_task[cells[0].text] = parsed(cells[1]);
    for (size_t i = 0; i < rows.size(); ++i) {
      auto parent = parents->find(rows[i]->task_id);
      for (int steps = 0; parent != parents->end() && steps < 64; ++steps) {
        add_members(by_task[parent->second], &maps[i]);
        parent = parents->find(parent->second);
      }
    }
    labels = differing_labels(maps, object_names, out->rows.size());
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i]->label = labels[i].empty() ? out->activity : labels[i];
  }
  return {};
}

void set_standings(Tradeoff* out) {
  const auto cost = [out](const TradeoffRow& row) {
    return out->cost == Cost::kEnergy ? row.energy_j : row.time_s;
  };
  std::stable_sort(out->rows.begin(), out->rows.end(), [&](const auto& a, const auto& b) {
    if (!cost(a) || !cost(b)) return cost(a).has_value() && !cost(b).has_value();
    return *cost(a) < *cost(b);
  });
  std::vector<Choice> choices;
  for (const TradeoffRow& row : out->rows) {
    choices.push_back({cost(row), row.quality});
    if (out->minimise && row.quality) choices.back().quality = -*row.quality;
  }
  const std::vector<Standing> standings = pareto(choices);
  for (size_t i = 0; i < standings.size(); ++i) {
    out->rows[i].on_front = standings[i].on_front;
    out->rows[i].dominated_by = standings[i].dominated_by;
  }
}

std::string missing_energy(const Session& session, const Tradeoff& answer) {
  size_t without = 0;
  for (const TradeoffRow& row : answer.rows) without += row.energy_j ? 0 : 1;
  if (without == 0) return "";
  if (without < answer.rows.size()) {
    return std::to_string(without) + " of " + std::to_string(answer.rows.size()) +
           " tasks have no energy figure of their own (too short for the sensor, or a gap in it)";
  }
  const auto sensors = session.rows("SELECT 1 FROM sensor WHERE quantity = 'hw.energy' LIMIT 1");
  return sensors.ok() && sensors->empty()
             ? "no task has an energy figure: no energy was sampled; capture with telemetry on "
               "(HEADRACE_TELEMETRY=1, the default) or ask for --cost time"
             : "no task has an energy figure; headrace doctor says which sources were found";
}

}  // namespace

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

Result<Tradeoff> tradeoff(const Session& session, const TradeoffQuestion& question) {
  Result<CampaignName> campaign = find_campaign(session, question.campaign);
  if (!campaign.ok()) return campaign.status();
  Tradeoff answer;
  answer.campaign = campaign->name;
  answer.campaign_id = campaign->id;
  answer.quality = question.quality;
  answer.cost = question.cost;
  answer.minimise = question.minimise.value_or(default_minimise(question.quality));
  answer.minimise_by_name = !question.minimise;
  Result<std::vector<std::string>> keys = session.keys(true);
  if (!keys.ok()) return keys.status();
  if (std::find(keys->begin(), keys->end(), question.quality) == keys->end()) {
    return no_such_value(session, *campaign, question);
  }
  Result<std::vector<Group>> groups = groups_of(session, *campaign, question);
  if (!groups.ok()) return groups.status();
  HEADRACE_RETURN_IF_ERROR(choose_activity(*groups, question, &answer));
  HEADRACE_RETURN_IF_ERROR(read_rows(session, question, &answer));
  HEADRACE_RETURN_IF_ERROR(add_energy(session, &answer));
  HEADRACE_RETURN_IF_ERROR(add_labels(session, &answer));
  set_standings(&answer);
  if (question.cost == Cost::kEnergy) answer.note = missing_energy(session, answer);
  return answer;
}

ResultTable tradeoff_table(const Tradeoff& answer) {
  TableBuilder table({{"config", ColumnKind::kText, ""},
                      {answer.quality, ColumnKind::kReal, ""},
                      {"time_s", ColumnKind::kReal, "s"},
                      {"energy_j", ColumnKind::kReal, "J"},
                      {"energy_u95_j", ColumnKind::kReal, "J"},
                      {"energy_truth", ColumnKind::kText, ""},
                      {"energy_method", ColumnKind::kText, ""},
                      {"energy_assumption", ColumnKind::kText, ""},
                      {"on_front", ColumnKind::kBool, ""},
                      {"dominated_by", ColumnKind::kText, ""},
                      {"dominated_by_task_id", ColumnKind::kId, ""},
                      {"status", ColumnKind::kText, ""},
                      {"activity", ColumnKind::kText, ""},
                      {"task_id", ColumnKind::kId, ""},
                      {"workflow_id", ColumnKind::kId, ""}});
  const auto add = [&](const TradeoffRow& row) {
    const auto text_or_null = [&table](const std::string& text) {
      text.empty() ? table.null() : table.text(text);
    };
    table.text(row.label)
        .real(row.quality)
        .real(row.time_s)
        .real(row.energy_j)
        .real(row.energy_u95_j);
    text_or_null(row.energy_truth);
    text_or_null(row.energy_method);
    text_or_null(row.energy_assumption);
    table.boolean(row.on_front);
    text_or_null(row.dominated_by ? answer.rows[*row.dominated_by].label : "");
    text_or_null(row.dominated_by ? answer.rows[*row.dominated_by].task_id : "");
    table.text(row.status).text(row.activity).text(row.task_id).text(row.workflow_id).end_row();
  };
  for (const TradeoffRow& row : answer.rows) add(row);
  for (const TradeoffRow& row : answer.failed) add(row);
  return table.finish();
}

}  // namespace headrace::query
