#include "query/tradeoff_rows.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "query/domain_sum.h"
#include "query/emulated_domains.h"
#include "query/nearest.h"
#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::query {
namespace {

using store::sql_name;
using store::sql_text;

// A connection whose view `task` has the values as typed columns.
Result<store::Connection> typed(const Session& session, const std::vector<TaskValue>& values) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  store::TaskView view;
  view.columns = {"task_id", "workflow_id", "campaign",  "activity",
                  "status",  "started_at",  "duration_s"};
  for (const TaskValue& value : values) {
    const Role role = value.generated ? Role::kGenerated : Role::kUsed;
    if (!registry->knows(role, value.key)) {
      std::vector<std::string> known;
      for (const auto& [key, places] : registry->keys(role)) known.push_back(key);
      return not_found("no task has " + std::string(name_of(role)) + "." + value.key +
                       did_you_mean(nearest_names(value.key, known)));
    }
    auto& keys = value.generated ? view.generated : view.used;
    const auto same = [&](const store::TouchedKey& k) { return k.key == value.key; };
    if (std::none_of(keys.begin(), keys.end(), same)) keys.emplace_back(value.key);
  }
  HEADRACE_RETURN_IF_ERROR(connection->run(store::task_view_sql(*registry, view)));
  return connection;
}

std::string value_sql(const TaskValue& value) {
  return std::string("TRY_CAST(") + (value.generated ? "generated." : "used.") +
         sql_name(value.key) + " AS DOUBLE)";
}

// The tasks of one activity that generated the quality.
struct Group {
  std::string activity;
  int64_t finished = 0;
  double seconds = 0;
  int64_t depth = 0;
};

Status no_such_value(const Session& session, const CampaignName& campaign, const std::string& key) {
  auto rows = session.rows(
      "SELECT DISTINCT unnest(json_keys(generated)) AS key FROM task WHERE campaign = " +
      sql_text(campaign.name) + " ORDER BY key");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names;
  for (const auto& row : *rows) names.push_back(row[0].text);
  std::string message = "no task of campaign " + campaign.name + " generated " + key;
  if (names.empty()) {
    message +=
        "; its tasks generated nothing (a task says what it generated with "
        "task.generated(" +
        key + "=...), or by what its function returns)";
  } else if (const auto near = nearest_names(key, names); !near.empty()) {
    message += did_you_mean(near);
  } else {
    message += "; they generated " + listed(names);
  }
  return not_found(message);
}

Result<std::vector<Group>> groups_of(const store::Connection& connection,
                                     const CampaignName& campaign, const TaskValue& quality) {
  auto rows = connection.query("SELECT activity, count(*) AS finished, sum(duration_s), count(" +
                               value_sql(quality) +
                               ") FROM task WHERE campaign = " + sql_text(campaign.name) +
                               " AND status = 'finished' AND generated." + sql_name(quality.key) +
                               " IS NOT NULL GROUP BY activity ORDER BY activity");
  if (!rows.ok()) return rows.status();
  std::vector<Group> groups;
  bool any = false;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      any = true;
      const int64_t numbers = chunk.integer(3, i);
      if (numbers > 0) groups.push_back({std::string(chunk.text(0, i)), numbers, chunk.real(2, i)});
    }
  }
  if (any && groups.empty()) {
    return invalid_argument("generated." + quality.key + " of campaign " + campaign.name +
                            " is not a number, so it cannot be set against a cost");
  }
  return groups;
}

std::string activity_list(const std::vector<Group>& groups) {
  std::string out;
  for (const Group& group : groups) out += (out.empty() ? "" : ", ") + sql_text(group.activity);
  return out;
}

// How many tasks stand around the first task of each activity. Reads the tables of the store, since
// the views would make the ids of all tasks first.
Status find_depths(const store::Connection& connection, const CampaignName& campaign,
                   std::vector<Group>* groups) {
  auto rows = connection.query(
      "WITH RECURSIVE first AS (SELECT a.name, arg_min(t.parent_producer, t.ts) AS producer, "
      "arg_min(t.parent_seq, t.ts) AS seq FROM (SELECT activity, coalesce(parent_producer, 0) AS "
      "parent_producer, coalesce(parent_seq, 0) AS parent_seq, ts FROM task_slots WHERE wf IN " +
      workflows_sql(campaign) +
      ") t JOIN activity_row a ON a.activity = t.activity WHERE a.name IN (" +
      activity_list(*groups) +
      ") GROUP BY a.name), "
      "up AS (SELECT name, producer, seq, 0 AS depth FROM first UNION ALL "
      "SELECT u.name, t.parent_producer, t.parent_seq, u.depth + 1 FROM up u JOIN "
      "(SELECT producer, seq, parent_producer, parent_seq FROM task_slots UNION ALL "
      "SELECT producer, seq, parent_producer, parent_seq FROM open_task) t "
      "ON t.producer = u.producer AND t.seq = u.seq WHERE u.depth < 64) "
      "SELECT name, max(depth) FROM up GROUP BY name");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      for (Group& group : *groups) {
        if (group.activity == chunk.text(0, i)) group.depth = chunk.integer(1, i);
      }
    }
  }
  return {};
}

Status choose_activity(const store::Connection& connection, const CampaignName& campaign,
                       const TradeoffQuestion& question, std::vector<Group> groups, Tradeoff* out) {
  if (groups.size() > 1) HEADRACE_RETURN_IF_ERROR(find_depths(connection, campaign, &groups));
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    const bool a_alone = a.finished < 2;
    const bool b_alone = b.finished < 2;
    if (a_alone != b_alone) return b_alone;
    if (a.depth != b.depth) return a.depth < b.depth;
    if (a.finished != b.finished) return a.finished > b.finished;
    return a.seconds > b.seconds;
  });
  std::vector<std::string> names;
  for (const Group& group : groups) names.push_back(group.activity);
  out->activity = question.activity.empty() ? names.front() : question.activity;
  if (std::find(names.begin(), names.end(), out->activity) == names.end()) {
    const auto near = nearest_names(out->activity, names);
    return not_found("activity " + out->activity + " of campaign " + out->campaign +
                     " did not generate " + out->quality +
                     (near.empty() ? "; these did: " + listed(names) : did_you_mean(near)));
  }
  for (const std::string& name : names) {
    if (name != out->activity) out->other_activities.push_back(name);
  }
  return {};
}

std::optional<double> number_of(const store::Chunk& chunk, size_t column, size_t row) {
  if (chunk.is_null(column, row)) return std::nullopt;
  return chunk.real(column, row);
}
std::optional<double> finite(std::optional<double> v) {
  return v && std::isfinite(*v) ? v : std::nullopt;
}

Status read_rows(const store::Connection& connection, const CampaignName& campaign,
                 const TaskValue& quality, const std::vector<TaskValue>& values, Tradeoff* out) {
  std::string columns;
  for (const TaskValue& value : values) columns += ", " + value_sql(value);
  auto rows =
      connection.query("SELECT task_id, workflow_id, status, duration_s, " + value_sql(quality) +
                       columns + " FROM task WHERE campaign = " + sql_text(campaign.name) +
                       " AND activity = " + sql_text(out->activity) + " ORDER BY started_at");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      TradeoffRow row;
      row.status = chunk.text(2, i);
      const bool finished = row.status == "finished";
      if (finished && chunk.is_null(4, i)) continue;  // had nothing to say of it
      row.task_id = chunk.uuid(0, i).text();
      row.workflow_id = chunk.uuid(1, i).text();
      row.activity = out->activity;
      row.time_s = number_of(chunk, 3, i);
      row.quality = finite(number_of(chunk, 4, i));
      for (size_t k = 0; k < values.size(); ++k) {
        row.values.push_back(finite(number_of(chunk, 5 + k, i)));
      }
      (finished ? out->rows : out->failed).push_back(std::move(row));
    }
  }
  return {};
}

Status add_energy(const store::Connection& connection, const CampaignName& campaign,
                  const EmulatedDomains& emulated, Tradeoff* out) {
  // The tables, as in find_depths.
  const std::string own = "SELECT producer, seq FROM task_slots WHERE wf IN " +
                          workflows_sql(campaign) +
                          " AND activity IN (SELECT activity FROM activity_row WHERE name = " +
                          sql_text(out->activity) + ")";
  auto rows = connection.query(
      "SELECT " + store::quick_task_id_sql("p", "e.seq") +
      ", e.domain, e.attributed_j, e.u95_j, e.truth, e.method, e.assumption FROM task_energy_row e "
      "JOIN (" +
      own + " UNION ALL " + std::string(own).replace(own.find("task_slots"), 10, "open_task") +
      ") t ON t.producer = e.producer AND t.seq = e.seq "
      "JOIN producer_row p ON p.producer = e.producer ORDER BY e.producer, e.seq, e.domain");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, EnergySum> sums;
  std::string task;
  std::vector<DomainEnergy> domains;
  const auto finish = [&] {
    if (!domains.empty()) sums.emplace(task, sum_domains(domains));
    domains.clear();
  };
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      std::string id = chunk.uuid(0, i).text();
      if (id != task) {
        finish();
        task = std::move(id);
      }
      domains.push_back(
          {std::string(chunk.text(1, i)), number_of(chunk, 2, i), number_of(chunk, 3, i),
           emulated.shown(std::string(chunk.text(1, i)), std::string(chunk.text(4, i))),
           std::string(chunk.text(5, i)), std::string(chunk.text(6, i))});
    }
  }
  finish();
  for (auto* list : {&out->rows, &out->failed}) {
    for (TradeoffRow& row : *list) {
      const auto sum = sums.find(row.task_id);
      if (sum == sums.end()) continue;
      row.energy_j = sum->second.joules;
      row.energy_u95_j = sum->second.u95_j;
      row.energy_truth = sum->second.truth;
      row.energy_method = sum->second.method;
      row.energy_assumption = sum->second.assumption;
    }
  }
  return {};
}

}  // namespace

Status read_tradeoff(const Session& session, const CampaignName& campaign,
                     const TradeoffQuestion& question, const std::vector<TaskValue>& values,
                     Tradeoff* out) {
  const TaskValue quality{true, out->quality};
  const Result<std::vector<std::string>> known = session.keys(true);
  if (!known.ok()) return known.status();
  if (std::find(known->begin(), known->end(), quality.key) == known->end()) {
    return no_such_value(session, campaign, quality.key);
  }
  std::vector<TaskValue> all = values;
  all.push_back(quality);
  const Result<store::Connection> connection = typed(session, all);
  if (!connection.ok()) return connection.status();
  Result<std::vector<Group>> groups = groups_of(*connection, campaign, quality);
  if (!groups.ok()) return groups.status();
  if (groups->empty()) return no_such_value(session, campaign, quality.key);
  HEADRACE_RETURN_IF_ERROR(
      choose_activity(*connection, campaign, question, std::move(*groups), out));
  HEADRACE_RETURN_IF_ERROR(read_rows(*connection, campaign, quality, values, out));
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session);
  if (!emulated.ok()) return emulated.status();
  return add_energy(*connection, campaign, *emulated, out);
}

}  // namespace headrace::query
