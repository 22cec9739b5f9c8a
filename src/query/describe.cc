#include "query/describe.h"

#include <algorithm>
#include <utility>

#include "query/process_facts.h"
#include "store/sql_member.h"

namespace headrace::query {
namespace {

constexpr size_t kLongestList = 200;

// The rows of a query as a list of maps, without what is NULL.
Result<Json::List> maps_of(const Session& session, const std::string& sql) {
  Result<ResultTable> table = session.sql(sql);
  if (!table.ok()) return table.status();
  Json::List out;
  for (;;) {
    Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      Json::Map map;
      for (size_t i = 0; i < table->columns().size(); ++i) {
        Json value = table->json(i, row);
        if (!value.is_null()) map.emplace_back(table->columns()[i].name, std::move(value));
      }
      out.emplace_back(std::move(map));
    }
  }
}

class Description {
 public:
  Description(const Session& session, const Thing& thing) : session_(session), thing_(thing) {
    map_.emplace_back("thing", std::string(name_of(thing.kind)));
  }

  // The members of the first row.
  Status facts(const std::string& sql) {
    Result<Json::List> rows = maps_of(session_, sql);
    if (!rows.ok()) return rows.status();
    if (rows->empty())
      return not_found("there is no " + std::string(name_of(thing_.kind)) + " " + thing_.id);
    for (auto& [name, value] : *rows->front().as<Json::Map>()) {
      // An empty map says nothing.
      auto* map = value.as<Json::Map>();
      if (map != nullptr) drop_repeated(map);
      if (map == nullptr || !map->empty()) map_.emplace_back(name, std::move(value));
    }
    return {};
  }
  // What has become of a lost task, in words.
  Status lost() {
    const auto status = std::find_if(map_.begin(), map_.end(),
                                     [](const auto& one) { return one.first == "status"; });
    if (status == map_.end() || status->second.text() != "lost") return {};
    const auto processes = read_processes(session_, {thing_.id});
    if (!processes.ok()) return processes.status();
    const auto found = processes->find(producer_text(thing_.id));
    const bool known = found != processes->end() && !found->second.end.empty();
    map_.emplace(status + 1, "lost",
                 "its process " + (known ? found->second.end : std::string("ended")) +
                     " before it did; its values are those it had by then");
    return {};
  }
  // All rows under one name; nothing when there are none.
  Status list(const std::string& name, const std::string& sql) {
    Result<Json::List> rows =
        maps_of(session_, "SELECT * FROM (" + sql + ") LIMIT " + std::to_string(kLongestList + 1));
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return {};
    if (rows->size() > kLongestList) {
      rows->resize(kLongestList);
      map_.emplace_back(name + "_cut", "the first " + std::to_string(kLongestList) +
                                           "; headrace ls and query give all");
    }
    map_.emplace_back(name, Json(std::move(*rows)));
    return {};
  }
  Json take() { return Json(std::move(map_)); }

 private:
  // Attributes that are columns too.
  void drop_repeated(Json::Map* attributes) const {
    std::erase_if(*attributes, [this](const auto& one) {
      return std::find(map_.begin(), map_.end(), one) != map_.end();
    });
  }
  const Session& session_;
  const Thing& thing_;
  Json::Map map_;
};

// Joules of the outermost tasks that meet a condition on `t`.
std::string energy_sql(const std::string& condition) {
  return "SELECT e.domain, sum(e.attributed_j) AS joules, "
         "CASE WHEN count(DISTINCT e.truth) > 1 THEN 'mixed' ELSE any_value(e.truth) END AS truth, "
         "string_agg(DISTINCT e.method, '; ') AS method, "
         "string_agg(DISTINCT nullif(e.assumption, ''), '; ') AS assumption, count(*) AS tasks "
         "FROM task_energy e JOIN task t ON t.task_id = e.task_id WHERE " +
         condition +
         " AND (t.parent_task_id IS NULL OR t.parent_task_id NOT IN (SELECT t.task_id FROM task t "
         "WHERE " +
         condition +
         ")) "
         "GROUP BY e.domain ORDER BY e.domain";
}

std::string activities_sql(const std::string& condition) {
  return "SELECT t.activity, count(*) AS tasks, count(*) FILTER (t.status = 'failed') AS failed, "
         "sum(t.duration_s) AS seconds FROM task t WHERE " +
         condition + " GROUP BY t.activity ORDER BY min(t.started_at)";
}

std::string metrics_sql(const std::string& condition) {
  return "SELECT k AS name, count(*) AS count, arg_min(v, time) AS first, arg_max(v, time) AS "
         "last, "
         "min(v) AS least, max(v) AS most FROM (SELECT time, unnest(json_keys(metrics)) AS k, "
         "TRY_CAST(" +
         store::sql_member("metrics", "k") +
         " AS DOUBLE) AS v FROM log l "
         "WHERE stream = 'metric' AND " +
         condition + ") WHERE v IS NOT NULL GROUP BY k ORDER BY k";
}

// Objects beside a task or workflow, and tasks beside an object.
std::string objects_sql(const std::string& kind, const std::string& id) {
  return "SELECT e.relation, e.name, o.kind, coalesce(o.path, o.name) AS object, o.object_id, "
         "e.exact FROM edge e JOIN object o ON o.object_id = CASE e.relation WHEN 'used' "
         "THEN e.from_id ELSE e.to_id END WHERE e.relation IN ('used', 'generated') AND "
         "CASE e.relation WHEN 'used' THEN e.to_id ELSE e.from_id END = '" +
         id +
         "' AND "
         "CASE e.relation WHEN 'used' THEN e.to_kind ELSE e.from_kind END = '" +
         kind + "' ORDER BY e.relation DESC, e.name, object";
}

std::string actors_sql(const std::string& relation, const std::string& id) {
  const std::string actor = relation == "used" ? "to" : "from";
  const std::string object = relation == "used" ? "from" : "to";
  return "SELECT e." + actor +
         "_kind AS kind, coalesce(t.activity, w.name) AS name, "
         "coalesce(tw.name, w.name) AS workflow, coalesce(t.started_at, w.started_at) AS "
         "started_at, e." +
         actor +
         "_id AS id, e.exact FROM edge e "
         "LEFT JOIN task t ON t.task_id = e." +
         actor +
         "_id LEFT JOIN workflow w ON "
         "w.workflow_id = e." +
         actor +
         "_id LEFT JOIN workflow tw ON tw.workflow_id = "
         "t.workflow_id WHERE e.relation = '" +
         relation + "' AND e." + object + "_id = '" + id + "' ORDER BY started_at";
}

Status campaign(Description& d, const std::string& id) {
  const std::string mine =
      "t.workflow_id IN (SELECT workflow_id FROM workflow WHERE campaign_id = '" + id + "')";
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM campaign WHERE campaign_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(
      d.list("workflow_list",
             "SELECT workflow_id, name, status, started_at, duration_s FROM workflow WHERE "
             "campaign_id = '" +
                 id + "' ORDER BY started_at"));
  HEADRACE_RETURN_IF_ERROR(d.list("activities", activities_sql(mine)));
  return d.list("energy", energy_sql(mine));
}

Status workflow(Description& d, const std::string& id) {
  const std::string mine = "t.workflow_id = '" + id + "'";
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM workflow WHERE workflow_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(
      d.list("sub_workflows",
             "SELECT workflow_id, name, status, started_at, duration_s FROM workflow WHERE "
             "parent_workflow_id = '" +
                 id + "' ORDER BY started_at"));
  HEADRACE_RETURN_IF_ERROR(d.list("activities", activities_sql(mine)));
  HEADRACE_RETURN_IF_ERROR(d.list("energy", energy_sql(mine)));
  HEADRACE_RETURN_IF_ERROR(d.list("metrics", metrics_sql("l.workflow_id = '" + id + "'")));
  HEADRACE_RETURN_IF_ERROR(d.list("objects", objects_sql("workflow", id)));
  return d.list("output",
                "SELECT stream, text FROM log WHERE stream <> 'metric' AND task_id IS NULL "
                "AND workflow_id = '" +
                    id + "' ORDER BY time");
}

Status task(Description& d, const std::string& id) {
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM task WHERE task_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(d.lost());
  HEADRACE_RETURN_IF_ERROR(
      d.list("energy",
             "SELECT domain, attributed_j AS joules, u95_j AS plus_minus_joules, idle_j AS "
             "idle_joules, coverage, truth, method, assumption FROM task_energy WHERE task_id = '" +
                 id + "' ORDER BY domain"));
  HEADRACE_RETURN_IF_ERROR(d.list("children", activities_sql("t.parent_task_id = '" + id + "'")));
  HEADRACE_RETURN_IF_ERROR(d.list("metrics", metrics_sql("l.task_id = '" + id + "'")));
  return d.list("objects", objects_sql("task", id));
}

Status object(Description& d, const std::string& id) {
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM object WHERE object_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(d.list("written_by", actors_sql("generated", id)));
  HEADRACE_RETURN_IF_ERROR(d.list("used_by", actors_sql("used", id)));
  return d.list("versions",
                "SELECT version, object_id, sha256, size_bytes, created_at FROM object "
                "WHERE coalesce(path, name) = (SELECT coalesce(path, name) FROM object "
                "WHERE object_id = '" +
                    id + "') ORDER BY version");
}

}  // namespace

Result<Json> describe(const Session& session, const Thing& thing) {
  Description description(session, thing);
  Status status;
  switch (thing.kind) {
    case ThingKind::kCampaign: status = campaign(description, thing.id); break;
    case ThingKind::kWorkflow: status = workflow(description, thing.id); break;
    case ThingKind::kTask: status = task(description, thing.id); break;
    case ThingKind::kObject: status = object(description, thing.id); break;
  }
  if (!status.ok()) return status;
  return description.take();
}

}  // namespace headrace::query
