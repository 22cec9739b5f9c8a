#include "query/describe.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "query/activity_rows.h"
#include "query/all_tasks.h"
#include "query/process_facts.h"
#include "query/task_rows.h"
#include "query/task_texts.h"
#include "store/object_version.h"
#include "store/schema.h"
#include "store/sql_member.h"
#include "store/task_view.h"

namespace headrace::query {
namespace {

constexpr size_t kLongestList = 200;

// The rows of a query as a list of maps, without what is NULL.
Result<Json::List> maps_of(Result<ResultTable> table) {
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

// All tasks, as far as they are asked for here.
std::string tasks() {
  return all_tasks("producer, seq, wf, activity, ts, dur, status, parent_producer, parent_seq");
}

// `mine`: a condition on rows `t` of tasks.
std::string activities_sql(const std::string& mine) {
  return std::string(
             "SELECT a.name AS activity, n.tasks, n.failed, n.seconds FROM (SELECT "
             "t.activity, count(*) AS tasks, count(*) FILTER (t.status = 3) AS failed, "
             "sum(t.dur) / 1e9 AS seconds, min(t.ts) AS ts FROM ") +
         tasks() + " t WHERE " + mine +
         " GROUP BY t.activity) n LEFT JOIN activity_row a ON a.activity = n.activity ORDER BY "
         "n.ts";
}

class Description {
 public:
  Description(const Session& session, const Thing& thing, const WorkflowFigures* figures)
      : session_(session), thing_(thing), figures_(figures) {
    map_.emplace_back("thing", std::string(name_of(thing.kind)));
  }

  // The members of the first row, of a query that reads no view `task`.
  Status facts(const std::string& sql) {
    Result<Json::List> rows = maps_of(session_.own_sql(sql));
    if (!rows.ok()) return rows.status();
    if (rows->empty())
      return not_found("there is no " + std::string(name_of(thing_.kind)) + " " + thing_.id);
    add_members(std::move(*rows->front().as<Json::Map>()));
    return {};
  }
  void add_members(Json::Map&& members) {
    for (auto& [name, value] : members) {
      // An empty map says nothing.
      auto* map = value.as<Json::Map>();
      if (map != nullptr) drop_repeated(map);
      if (map == nullptr || !map->empty()) map_.emplace_back(name, std::move(value));
    }
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
  // All rows under one name; nothing when there are none. The query reads no view `task`.
  Status list(const std::string& name, const std::string& sql) {
    return add_list(name, maps_of(session_.own_sql("SELECT * FROM (" + sql + ") LIMIT " +
                                                   std::to_string(kLongestList + 1))));
  }
  Status add_list(const std::string& name, Result<Json::List> rows) {
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
  // What the tasks of these workflows were. `number`: a condition on their rows, for when nobody
  // has summed all tasks yet.
  Status activities(const std::string& number) {
    if (figures_ == nullptr) return list("activities", activities_sql("t." + number));
    const Result<store::Connection> connection = session_.connect();
    if (!connection.ok()) return connection.status();
    auto rows = connection->query("SELECT wf FROM workflow_row WHERE " + number);
    if (!rows.ok()) return rows.status();
    std::vector<uint32_t> workflows;
    while (rows->next()) {
      for (size_t row = 0; row < rows->chunk().rows(); ++row) {
        workflows.push_back(static_cast<uint32_t>(rows->chunk().integer(0, row)));
      }
    }
    const auto known = read_activities(*connection);
    if (!known.ok()) return known.status();
    Json::List out;
    for (const TaskSum& sum : by_activity(figures_->tasks, workflows)) {
      Json::Map map;
      const auto name = known->find(sum.activity);
      if (name != known->end()) map.emplace_back("activity", name->second.name);
      map.emplace_back("tasks", sum.tasks);
      map.emplace_back("failed", sum.failed);
      if (sum.duration_ns) {
        map.emplace_back("seconds", static_cast<double>(*sum.duration_ns) / 1e9);
      }
      out.emplace_back(std::move(map));
    }
    return add_list("activities", std::move(out));
  }
  // By domain, of the outermost tasks of a campaign or workflow.
  Status energy() {
    const bool is_known = figures_ != nullptr && figures_->energy.can_be_cut;
    const Result<std::vector<EnergySums>> sums =
        is_known ? sums_of(figures_->energy, thing_) : energy_sums(session_, &thing_);
    if (!sums.ok()) return sums.status();
    Json::List list;
    for (const EnergySums& one : over_workflows(*sums)) {
      Json::Map map{{"domain", one.domain}};
      if (one.tasks > 0) map.emplace_back("joules", one.attributed_j);
      if (one.tasks > 0 && one.u95_j) map.emplace_back("plus_minus_joules", *one.u95_j);
      map.emplace_back("truth", one.truth);
      if (!one.method.empty()) map.emplace_back("method", one.method);
      if (!one.assumption.empty()) map.emplace_back("assumption", one.assumption);
      map.emplace_back("tasks", one.tasks + one.unknown);
      list.emplace_back(std::move(map));
    }
    if (!list.empty()) map_.emplace_back("energy", std::move(list));
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
  const WorkflowFigures* const figures_;
  Json::Map map_;
};

// `mine`: a condition on rows `l` of the log.
std::string metrics_sql(const std::string& mine) {
  return "SELECT k AS name, count(*) AS count, arg_min(v, ts) AS first, arg_max(v, ts) AS last, "
         "min(v) AS least, max(v) AS most FROM (SELECT l.ts, unnest(json_keys(l.\"values\"::JSON)) "
         "AS k, TRY_CAST(" +
         store::sql_member("l.\"values\"::JSON", "k") +
         " AS DOUBLE) AS v FROM log_row l "
         "WHERE l.stream = 0 AND " +
         mine + ") WHERE v IS NOT NULL GROUP BY k ORDER BY k";
}

// Objects beside a task or workflow. `mine`: a condition on rows `e` of edges.
std::string objects_sql(const std::string& mine) {
  return "SELECT CASE e.relation WHEN 0 THEN 'used' ELSE 'generated' END AS relation, e.name, "
         "o.kind, coalesce(o.path, o.name) AS object, o.object AS object_id, e.exact FROM edge_row "
         "e JOIN object_row o ON o.object = e.object WHERE e.relation IN (0, 1) AND " +
         mine + " ORDER BY relation DESC, e.name, object";
}

// Tasks and workflows beside an object, through the tables: the view `edge` makes the ids of all
// tasks first. An object has few edges, so their numbers bound what is read of the tasks.
std::string actors_sql(const std::string& relation, const std::string& id) {
  const std::string mine = "(SELECT producer, seq, wf, exact FROM edge_row WHERE relation = " +
                           std::string(relation == "used" ? "0" : "1") + " AND object = '" + id +
                           "')";
  return "WITH mine AS MATERIALIZED " + mine +
         ", tasks AS (SELECT t.producer, t.seq, t.wf, t.activity, t.ts FROM " + tasks() +
         " t SEMI JOIN mine m ON m.producer = t.producer AND m.seq = t.seq) "
         "SELECT CASE WHEN e.seq IS NULL THEN 'workflow' ELSE 'task' END AS kind, CASE WHEN e.seq "
         "IS NULL THEN w.name ELSE a.name END AS name, CASE WHEN e.seq IS NULL THEN w.name ELSE "
         "tw.name END AS workflow, make_timestamp_ns(CASE WHEN e.seq IS NULL THEN w.begin_ns ELSE "
         "t.ts END) AS started_at, CASE WHEN e.seq IS NULL THEN w.workflow ELSE " +
         store::quick_task_id_sql("p", "e.seq") +
         " END AS id, e.exact FROM mine e LEFT JOIN tasks t ON t.producer = e.producer AND t.seq = "
         "e.seq LEFT JOIN producer_row p ON p.producer = e.producer LEFT JOIN activity_row a ON "
         "a.activity = t.activity LEFT JOIN workflow_row w ON w.wf = e.wf LEFT JOIN workflow_row "
         "tw "
         "ON tw.wf = t.wf ORDER BY started_at";
}

// The rows of the view `object` at the path or name of this one: it numbers the versions of all.
std::string versions_sql(const std::string& id) {
  return "SELECT o.object AS object_id, o.kind, o.name, o.path, " +
         std::string(store::kObjectVersion) +
         " AS version, o.size_bytes, o.sha256, "
         "make_timestamp_ns(o.created_ns) AS created_at, o.attributes::JSON AS attributes FROM "
         "object_row o WHERE coalesce(o.path, o.name) IS NOT DISTINCT FROM (SELECT coalesce(path, "
         "name) FROM object_row WHERE object = '" +
         id + "')";
}

Status campaign(Description& d, const std::string& id) {
  const std::string mine = "wf IN (SELECT wf FROM workflow_row WHERE campaign = '" + id + "')";
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM campaign WHERE campaign_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(
      d.list("workflow_list",
             "SELECT workflow_id, name, status, started_at, duration_s FROM workflow WHERE "
             "campaign_id = '" +
                 id + "' ORDER BY started_at"));
  HEADRACE_RETURN_IF_ERROR(d.activities(mine));
  return d.energy();
}

Status workflow(Description& d, const std::string& id) {
  const std::string number = "wf = (SELECT wf FROM workflow_row WHERE workflow = '" + id + "')";
  HEADRACE_RETURN_IF_ERROR(d.facts("SELECT * FROM workflow WHERE workflow_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(
      d.list("sub_workflows",
             "SELECT workflow_id, name, status, started_at, duration_s FROM workflow WHERE "
             "parent_workflow_id = '" +
                 id + "' ORDER BY started_at"));
  HEADRACE_RETURN_IF_ERROR(d.activities(number));
  HEADRACE_RETURN_IF_ERROR(d.energy());
  HEADRACE_RETURN_IF_ERROR(d.list("metrics", metrics_sql("l." + number)));
  HEADRACE_RETURN_IF_ERROR(d.list("objects", objects_sql("e.seq IS NULL AND e." + number)));
  return d.list(
      "output",
      "SELECT CASE l.stream WHEN 1 THEN 'stdout' ELSE 'stderr' END AS stream, l.text FROM "
      "log_row l WHERE l.stream <> 0 AND l.seq IS NULL AND l." +
          number + " ORDER BY l.ts");
}

// The columns of the view `task` in their order, those of one task. The view itself takes longer to
// plan than all of this to run.
Result<Json::Map> task_facts(const Session& session, const store::Connection& connection,
                             const TaskRows& rows, const Uuid& id) {
  const Result<store::Registry> no_keys = store::Registry::without_keys(connection);
  if (!no_keys.ok()) return no_keys.status();
  store::TaskView core;
  core.where = rows.are({id}, "t");
  Result<ResultTable> table = session.own_sql(store::task_select_sql(*no_keys, core));
  if (!table.ok()) return table.status();
  const Result<bool> found = table->next();
  if (!found.ok()) return found.status();
  if (!*found) return not_found("there is no task " + id.text());
  TaskText texts;
  HEADRACE_RETURN_IF_ERROR(each_task_text(connection, rows, core.where,
                                          [&texts](TaskText&& one) { texts = std::move(one); }));
  Json::Map out;
  const auto add = [&out](const std::string& name, Json value) {
    if (!value.is_null()) out.emplace_back(name, std::move(value));
  };
  const auto add_text = [&add](const std::string& name, const std::string& text) -> Status {
    Result<Json> value = text.empty() ? Json() : Json::parse(text);
    if (!value.ok()) return value.status();
    add(name, std::move(*value));
    return {};
  };
  for (size_t i = 0; i < table->columns().size(); ++i) {
    const std::string& name = table->columns()[i].name;
    if (name == "tags") {
      HEADRACE_RETURN_IF_ERROR(add_text(name, texts.tags));
    } else if (name == "error") {
      HEADRACE_RETURN_IF_ERROR(add_text(name, texts.error));
    } else if (name == "attributes") {
      HEADRACE_RETURN_IF_ERROR(add_text(name, texts.attributes));
    } else if (name == "device") {
      const Result<Json> all = texts.attributes.empty() ? Json() : Json::parse(texts.attributes);
      if (all.ok() && !(*all)[name].is_null()) add(name, (*all)[name].text());
    } else {
      add(name, table->json(i, 0));
    }
    if (name == "duration_s") {
      HEADRACE_RETURN_IF_ERROR(add_text("used", texts.used));
      HEADRACE_RETURN_IF_ERROR(add_text("generated", texts.generated));
    }
  }
  return out;
}

Status task(const Session& session, Description& d, const std::string& id) {
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> rows = TaskRows::open(*connection);
  if (!rows.ok()) return rows.status();
  const Uuid task = Uuid::parse(id).value_or(Uuid{});
  Result<Json::Map> facts = task_facts(session, *connection, *rows, task);
  if (!facts.ok()) return facts.status();
  d.add_members(std::move(*facts));
  HEADRACE_RETURN_IF_ERROR(d.lost());
  HEADRACE_RETURN_IF_ERROR(
      d.list("energy",
             // Where it has no figure of its own, that of all that cannot be told from it.
             "SELECT e.domain, e.attributed_j AS joules, CASE WHEN e.attributed_j IS NOT NULL THEN "
             "e.u95_j END AS plus_minus_joules, e.idle_j AS idle_joules, e.coverage, e.truth, "
             "e.method, e.assumption, e.resolution, e.reason, a.group_j AS group_joules, "
             "a.group_u95_j AS group_plus_minus_joules, (SELECT string_agg(n.name, ' + ' ORDER BY "
             "n.name) FROM activity_energy_row m JOIN activity_row n ON n.activity = m.activity "
             "WHERE m.producer = a.producer AND m.domain = a.domain AND m.group_activity = "
             "a.group_activity) AS \"group\", (SELECT sum(m.tasks)::BIGINT FROM "
             "activity_energy_row m WHERE m.producer = a.producer AND m.domain = a.domain AND "
             "m.group_activity = a.group_activity) AS group_tasks FROM task_energy_row e LEFT JOIN "
             "activity_energy_row a ON e.attributed_j IS NULL AND a.producer = e.producer AND "
             "a.domain = e.domain AND a.activity = e.activity WHERE " +
                 rows->are({task}, "e") + " ORDER BY e.domain"));
  HEADRACE_RETURN_IF_ERROR(d.list("children", activities_sql(rows->lie_in(task, "t"))));
  HEADRACE_RETURN_IF_ERROR(d.list("metrics", metrics_sql(rows->are({task}, "l"))));
  return d.list("objects", objects_sql(rows->are({task}, "e")));
}

Status object(Description& d, const std::string& id) {
  HEADRACE_RETURN_IF_ERROR(
      d.facts("SELECT * FROM (" + versions_sql(id) + ") WHERE object_id = '" + id + "'"));
  HEADRACE_RETURN_IF_ERROR(d.list("written_by", actors_sql("generated", id)));
  HEADRACE_RETURN_IF_ERROR(d.list("used_by", actors_sql("used", id)));
  return d.list("versions", "SELECT version, object_id, sha256, size_bytes, created_at FROM (" +
                                versions_sql(id) +
                                ") WHERE coalesce(path, name) IS NOT NULL ORDER BY version");
}

}  // namespace

Result<Json> describe(const Session& session, const Thing& thing, const WorkflowFigures* figures) {
  Description description(session, thing, figures);
  Status status;
  switch (thing.kind) {
    case ThingKind::kCampaign: status = campaign(description, thing.id); break;
    case ThingKind::kWorkflow: status = workflow(description, thing.id); break;
    case ThingKind::kTask: status = task(session, description, thing.id); break;
    case ThingKind::kObject: status = object(description, thing.id); break;
  }
  if (!status.ok()) return status;
  return description.take();
}

}  // namespace headrace::query
