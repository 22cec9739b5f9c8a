#include "query/regret_curves.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "query/domain_sum.h"
#include "query/nearest.h"
#include "query/regret_points.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

using store::sql_text;

constexpr int kMostClimbs = 16;
constexpr const char* kWorkflowWord = "workflow";

// What the store knows of a task around points.
struct TaskFacts {
  uint32_t activity = 0;
  uint32_t parent_producer = 0;
  int64_t parent_seq = 0;
  uint32_t workflow = 0;
  int64_t begin_ns = 0;
  int64_t duration_ns = -1;  // runs on
  int64_t status = 0;
};

uint64_t key_of(uint32_t producer, int64_t seq) {
  return static_cast<uint64_t>(seq) * 0x9E3779B97F4A7C15ULL ^ producer;
}

// Tasks by their numbers. Reads the tables, since a view would make two UUIDs a task.
class Tasks {
 public:
  // Those that are wanted and not known yet. A list of them in the query would cost more than all
  // tasks of the campaign read through.
  Status read(const store::Connection& connection, const CampaignName& campaign,
              const std::vector<OwnerKey>& owners) {
    std::unordered_set<uint64_t> wanted;
    for (const OwnerKey& owner : owners) {
      if (owner.seq != 0 && find(owner) == nullptr)
        wanted.insert(key_of(owner.producer, owner.seq));
    }
    if (wanted.empty()) return {};
    const std::string where =
        " WHERE wf IN (SELECT wf FROM workflow_row WHERE campaign = " + sql_text(campaign.id) + ")";
    const std::string columns =
        "SELECT producer, seq, activity, parent_producer, parent_seq, wf, ts, dur, status FROM ";
    auto rows = connection.query(columns + "task_slots" + where + " UNION ALL " + columns +
                                 "open_task" + where);
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const store::Chunk& c = rows->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        const uint64_t key = key_of(static_cast<uint32_t>(c.integer(0, i)), c.integer(1, i));
        if (!wanted.contains(key)) continue;
        TaskFacts facts;
        facts.activity = static_cast<uint32_t>(c.integer(2, i));
        facts.parent_producer = static_cast<uint32_t>(c.integer(3, i));
        facts.parent_seq = c.is_null(4, i) ? 0 : c.integer(4, i);
        facts.workflow = static_cast<uint32_t>(c.integer(5, i));
        facts.begin_ns = c.integer(6, i);
        if (!c.is_null(7, i)) facts.duration_ns = c.integer(7, i);
        facts.status = c.integer(8, i);
        all_.emplace(key, facts);
      }
    }
    return {};
  }
  const TaskFacts* find(const OwnerKey& owner) const {
    const auto found = all_.find(key_of(owner.producer, owner.seq));
    return found == all_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<uint64_t, TaskFacts> all_;
};

class Assembly {
 public:
  Assembly(const Session& session, const CampaignName& campaign, const CurvesQuestion& question)
      : session_(session), campaign_(campaign), question_(question) {}

  Result<Curves> make() {
    HEADRACE_RETURN_IF_ERROR(read());
    HEADRACE_RETURN_IF_ERROR(climb());
    HEADRACE_RETURN_IF_ERROR(choose());
    fill();
    HEADRACE_RETURN_IF_ERROR(describe());
    return std::move(out_);
  }

 private:
  Status read() {
    Result<Points> points = logged_points(session_, campaign_, question_.key);
    if (!points.ok()) return points.status();
    out_.key = question_.key;
    if (points->owners.empty()) {
      points = generated_points(session_, campaign_, question_.key);
      if (!points.ok()) return points.status();
      out_.logged = false;
    }
    points_ = std::move(*points);
    if (points_.owners.empty()) return no_such_key();
    auto connection = session_.connect();
    if (!connection.ok()) return connection.status();
    auto activities = connection->query("SELECT activity, name FROM activity_row");
    if (!activities.ok()) return activities.status();
    while (activities->next()) {
      const store::Chunk& c = activities->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        names_[static_cast<uint32_t>(c.integer(0, i))] = c.text(1, i);
      }
    }
    connection_.emplace(std::move(*connection));
    return tasks_.read(*connection_, campaign_, points_.owners);
  }

  Status no_such_key() const {
    const auto logged = logged_keys(session_, campaign_);
    if (!logged.ok()) return logged.status();
    const std::string start =
        "no run of campaign " + campaign_.name + " logged or generated " + question_.key;
    const auto near = nearest_names(question_.key, *logged);
    if (!near.empty()) return not_found(start + did_you_mean(near));
    return not_found(start + (logged->empty() ? "; none logged anything (hr.log(" + question_.key +
                                                    "=...) once an epoch does)"
                                              : "; they logged " + listed(*logged)));
  }

  std::string activity_of(const OwnerKey& owner) const {
    if (owner.seq == 0) return "";
    const TaskFacts* facts = tasks_.find(owner);
    const auto name = facts == nullptr ? names_.end() : names_.find(facts->activity);
    return name == names_.end() ? "" : name->second;
  }

  std::vector<size_t> counts() const {
    std::vector<size_t> out(points_.owners.size(), 0);
    for (const uint32_t owner : points_.owner) ++out[owner];
    return out;
  }

  // As long as the tasks of an activity have one point each, their points are their parents'.
  Status climb() {
    for (int level = 0; level < kMostClimbs; ++level) {
      const std::vector<size_t> points = counts();
      struct Group {
        size_t owners = 0;
        size_t single = 0;
      };
      std::map<std::string, Group> groups;
      std::vector<std::string> activity(points_.owners.size());
      for (size_t i = 0; i < points.size(); ++i) {
        if (points[i] == 0 || points_.owners[i].seq == 0) continue;
        activity[i] = activity_of(points_.owners[i]);
        Group& group = groups[activity[i]];
        ++group.owners;
        group.single += points[i] < 2 ? 1 : 0;
      }
      std::map<std::string, bool> rises;
      bool any = false;
      for (const auto& [name, group] : groups) {
        any |= rises[name] = 2 * group.single > group.owners;
      }
      if (!any) return {};
      HEADRACE_RETURN_IF_ERROR(rise(activity, rises, points));
    }
    return {};
  }

  Status rise(const std::vector<std::string>& activity, const std::map<std::string, bool>& rises,
              const std::vector<size_t>& points) {
    HEADRACE_RETURN_IF_ERROR(read_parents(activity, rises));
    std::map<std::tuple<uint32_t, uint32_t, int64_t>, uint32_t> places;
    std::vector<uint32_t> moved(points_.owners.size());
    std::vector<OwnerKey> owners;
    for (size_t i = 0; i < points_.owners.size(); ++i) {
      OwnerKey owner = points_.owners[i];
      if (points[i] == 0) continue;
      if (owner.seq != 0 && rises.at(activity[i])) {
        const TaskFacts* facts = tasks_.find(owner);
        const bool has_parent = facts != nullptr && facts->parent_seq != 0;
        const uint32_t workflow = facts != nullptr ? facts->workflow : owner.workflow;
        owner = has_parent ? OwnerKey{facts->parent_producer, workflow, facts->parent_seq}
                           : OwnerKey{0, workflow, 0};
        // A parent that the store has not cannot be described.
        if (has_parent && tasks_.find(owner) == nullptr) owner = {0, workflow, 0};
      }
      const auto [found, is_new] = places.try_emplace({owner.producer, owner.workflow, owner.seq},
                                                      static_cast<uint32_t>(owners.size()));
      if (is_new) owners.push_back(owner);
      moved[i] = found->second;
    }
    for (uint32_t& owner : points_.owner) owner = moved[owner];
    points_.owners = std::move(owners);
    return {};
  }

  Status read_parents(const std::vector<std::string>& activity,
                      const std::map<std::string, bool>& rises) {
    std::vector<OwnerKey> parents;
    for (size_t i = 0; i < points_.owners.size(); ++i) {
      const auto rising = rises.find(activity[i]);
      const TaskFacts* facts = tasks_.find(points_.owners[i]);
      if (rising == rises.end() || !rising->second || facts == nullptr) continue;
      const OwnerKey parent{facts->parent_producer, facts->workflow, facts->parent_seq};
      if (parents.empty() || parents.back() != parent) parents.push_back(parent);
    }
    return tasks_.read(*connection_, campaign_, parents);
  }

  Status choose() {
    const std::vector<size_t> points = counts();
    std::map<std::string, size_t> curves;
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i] >= 2) ++curves[activity_of(points_.owners[i])];
    }
    if (curves.empty()) {
      return not_found("the runs of campaign " + campaign_.name + " have one point of " +
                       question_.key +
                       " each, and a curve needs two; log it once an epoch with hr.log(" +
                       question_.key + "=...)");
    }
    const auto shown = [](const std::string& name) { return name.empty() ? kWorkflowWord : name; };
    if (question_.activity.empty()) {
      out_.activity =
          std::max_element(curves.begin(), curves.end(), [](const auto& a, const auto& b) {
            return a.second < b.second;
          })->first;
    } else {
      out_.activity = question_.activity == kWorkflowWord && !curves.contains(kWorkflowWord)
                          ? ""
                          : question_.activity;
      if (!curves.contains(out_.activity)) {
        std::vector<std::string> names;
        for (const auto& [name, count] : curves) names.push_back(shown(name));
        return not_found("activity " + question_.activity + " of campaign " + campaign_.name +
                         " has no curve of " + question_.key + "; these have: " + listed(names));
      }
    }
    for (const auto& [name, count] : curves) {
      if (name != out_.activity) out_.other_activities.push_back(shown(name));
    }
    return {};
  }

  void fill() {
    const std::vector<size_t> points = counts();
    std::vector<int64_t> place(points.size(), -1);
    std::vector<uint32_t> chosen;
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i] == 0 || activity_of(points_.owners[i]) != out_.activity) continue;
      if (points[i] < 2) {
        ++out_.too_short;
        continue;
      }
      chosen.push_back(static_cast<uint32_t>(i));
    }
    std::stable_sort(chosen.begin(), chosen.end(), [this](uint32_t a, uint32_t b) {
      return begin_of(points_.owners[a]) < begin_of(points_.owners[b]);
    });
    size_t all = 0;
    for (const uint32_t i : chosen) {
      place[i] = static_cast<int64_t>(out_.curves.size());
      owners_.push_back(points_.owners[i]);
      Curve curve;
      curve.first = all;
      all += points[i];
      out_.curves.push_back(curve);
    }
    std::vector<int64_t> times(all);
    out_.values.resize(all);
    for (size_t i = 0; i < points_.owner.size(); ++i) {
      const int64_t to = place[points_.owner[i]];
      if (to < 0) continue;
      Curve& curve = out_.curves[static_cast<size_t>(to)];
      const size_t at = curve.first + curve.count++;
      times[at] = points_.time_ns[i];
      out_.values[at] = points_.values[i];
    }
    out_.seconds.resize(all);
    for (Curve& curve : out_.curves) sort_by_time(curve, &times);
    times_ = std::move(times);
  }

  void sort_by_time(const Curve& curve, std::vector<int64_t>* times) {
    const auto begin = times->begin() + static_cast<ptrdiff_t>(curve.first);
    const auto end = begin + static_cast<ptrdiff_t>(curve.count);
    if (std::is_sorted(begin, end)) return;
    std::vector<std::pair<int64_t, double>> points;
    for (size_t i = curve.first; i < curve.first + curve.count; ++i) {
      points.emplace_back((*times)[i], out_.values[i]);
    }
    std::stable_sort(points.begin(), points.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < points.size(); ++i) {
      (*times)[curve.first + i] = points[i].first;
      out_.values[curve.first + i] = points[i].second;
    }
  }

  int64_t begin_of(const OwnerKey& owner) const {
    if (owner.seq == 0) return owner.workflow;
    const TaskFacts* facts = tasks_.find(owner);
    return facts == nullptr ? 0 : facts->begin_ns;
  }

  // Ids, status, times and energy of the chosen runs.
  Status describe() {
    auto workflows = connection_->query(
        "SELECT wf, workflow, begin_ns, end_ns, status FROM workflow_row WHERE campaign = " +
        sql_text(campaign_.id));
    if (!workflows.ok()) return workflows.status();
    struct WorkflowFacts {
      std::string id;
      int64_t begin_ns = 0;
      int64_t end_ns = -1;
      int64_t status = 0;
    };
    std::unordered_map<uint32_t, WorkflowFacts> known;
    while (workflows->next()) {
      const store::Chunk& c = workflows->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        known[static_cast<uint32_t>(c.integer(0, i))] = {c.uuid(1, i).text(), c.integer(2, i),
                                                         c.is_null(3, i) ? -1 : c.integer(3, i),
                                                         c.integer(4, i)};
      }
    }
    for (size_t i = 0; i < out_.curves.size(); ++i) {
      Curve& curve = out_.curves[i];
      const TaskFacts* task = owners_[i].seq == 0 ? nullptr : tasks_.find(owners_[i]);
      const WorkflowFacts& workflow = known[task == nullptr ? owners_[i].workflow : task->workflow];
      curve.workflow_id = workflow.id;
      int64_t end_ns = workflow.end_ns;
      int64_t status = workflow.status;
      curve.begin_ns = workflow.begin_ns;
      if (task != nullptr) {
        curve.begin_ns = task->begin_ns;
        end_ns = task->duration_ns < 0 ? -1 : task->begin_ns + task->duration_ns;
        status = task->status;
      }
      set_status(status, end_ns, &curve);
    }
    return out_.activity.empty() ? workflow_energy(*connection_) : task_energy(*connection_);
  }

  void set_status(int64_t status, int64_t end_ns, Curve* curve) {
    static constexpr const char* kNames[] = {"pending", "running",   "finished",
                                             "failed",  "cancelled", "lost"};
    curve->status = kNames[status >= 0 && status < 6 ? status : 0];
    curve->is_running = status < 2;
    const int64_t last = times_[curve->first + curve->count - 1];
    const int64_t begin = std::min(curve->begin_ns, times_[curve->first]);
    curve->begin_ns = begin;
    curve->seconds = static_cast<double>(std::max(end_ns, last) - begin) / 1e9;
    for (size_t i = curve->first; i < curve->first + curve->count; ++i) {
      out_.seconds[i] = static_cast<double>(times_[i] - begin) / 1e9;
    }
  }

  // Rows of (key, domain, ...) summed over domains; `give` puts a sum where it belongs.
  template <typename Give>
  static Status sum_energy(store::QueryResult rows, const Give& give) {
    std::map<std::string, std::vector<DomainEnergy>> domains;
    const auto number = [](const store::Chunk& c, size_t column, size_t row) {
      return c.is_null(column, row) ? std::nullopt : std::optional<double>(c.real(column, row));
    };
    while (rows.next()) {
      const store::Chunk& c = rows.chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        domains[c.uuid(0, i).text()].push_back({std::string(c.text(1, i)), number(c, 2, i),
                                                number(c, 3, i), std::string(c.text(4, i)),
                                                std::string(c.text(5, i))});
      }
    }
    for (const auto& [id, list] : domains) give(id, sum_domains(list));
    return {};
  }

  // Also finds the tasks' ids.
  Status task_energy(const store::Connection& connection) {
    std::string list;
    std::set<uint32_t> ids;
    for (const auto& [id, name] : names_) {
      if (name == out_.activity) ids.insert(id);
    }
    for (const uint32_t id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
    const std::string where =
        " WHERE activity IN (" + list +
        ") AND wf IN (SELECT wf FROM workflow_row WHERE campaign = " + sql_text(campaign_.id) + ")";
    const std::string own = "SELECT producer, seq FROM task_slots" + where +
                            " UNION ALL SELECT producer, seq FROM open_task" + where;
    auto tasks =
        connection.query("SELECT t.producer, t.seq, " + store::quick_task_id_sql("p", "t.seq") +
                         " FROM (" + own + ") t JOIN producer_row p ON p.producer = t.producer");
    if (!tasks.ok()) return tasks.status();
    std::unordered_map<uint64_t, std::string> found;
    while (tasks->next()) {
      const store::Chunk& c = tasks->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        found.emplace(key_of(static_cast<uint32_t>(c.integer(0, i)), c.integer(1, i)),
                      c.uuid(2, i).text());
      }
    }
    std::unordered_map<std::string, Curve*> by_id;
    for (size_t i = 0; i < owners_.size(); ++i) {
      out_.curves[i].task_id = found[key_of(owners_[i].producer, owners_[i].seq)];
      by_id[out_.curves[i].task_id] = &out_.curves[i];
    }
    auto energy = connection.query(
        "SELECT " + store::quick_task_id_sql("p", "e.seq") +
        ", e.domain, coalesce(e.share_j, e.attributed_j), e.u95_j, e.truth, e.method FROM "
        "task_energy_row e JOIN (" +
        own +
        ") t ON t.producer = e.producer AND t.seq = e.seq JOIN producer_row p ON p.producer = "
        "e.producer ORDER BY e.domain");
    if (!energy.ok()) return energy.status();
    return sum_energy(std::move(*energy), [&by_id](const std::string& id, const EnergySum& sum) {
      const auto curve = by_id.find(id);
      if (curve == by_id.end()) return;
      curve->second->energy_j = sum.joules;
      curve->second->energy_truth = sum.truth;
    });
  }

  // Of the tasks of each workflow that no other captured task is around.
  Status workflow_energy(const store::Connection& connection) {
    auto energy = connection.query(
        "SELECT w.workflow, e.domain, CASE WHEN count(coalesce(e.share_j, e.attributed_j)) = "
        "count(*) "
        "THEN sum(coalesce(e.share_j, e.attributed_j)) END, sum(e.u95_j), CASE WHEN count(DISTINCT "
        "e.truth) > 1 THEN 'mixed' "
        "ELSE any_value(e.truth) END, any_value(e.method) FROM task_energy_row e JOIN (SELECT "
        "producer, seq, wf FROM task_slots WHERE parent_seq IS NULL) t ON t.producer = e.producer "
        "AND t.seq = e.seq JOIN workflow_row w ON w.wf = t.wf WHERE w.campaign = " +
        sql_text(campaign_.id) + " GROUP BY w.workflow, e.domain ORDER BY e.domain");
    if (!energy.ok()) return energy.status();
    std::unordered_map<std::string, Curve*> by_id;
    for (Curve& curve : out_.curves) by_id[curve.workflow_id] = &curve;
    return sum_energy(std::move(*energy), [&by_id](const std::string& id, const EnergySum& sum) {
      const auto curve = by_id.find(id);
      if (curve == by_id.end()) return;
      curve->second->energy_j = sum.joules;
      curve->second->energy_truth = sum.truth;
    });
  }

  const Session& session_;
  const CampaignName& campaign_;
  const CurvesQuestion& question_;
  Points points_;
  Tasks tasks_;
  std::optional<store::Connection> connection_;
  std::map<uint32_t, std::string> names_;
  std::vector<OwnerKey> owners_;  // of the curves
  std::vector<int64_t> times_;
  Curves out_;
};

}  // namespace

Result<Curves> read_curves(const Session& session, const CampaignName& campaign,
                           const CurvesQuestion& question) {
  return Assembly(session, campaign, question).make();
}

Result<std::vector<std::string>> logged_keys(const Session& session, const CampaignName& campaign) {
  const auto connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query(
      "SELECT DISTINCT unnest(keys) AS key FROM (SELECT DISTINCT json_keys(\"values\") AS keys "
      "FROM "
      "log_row WHERE stream = 0 AND wf IN (SELECT wf FROM workflow_row WHERE campaign = " +
      sql_text(campaign.id) + ")) ORDER BY key");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  while (rows->next()) {
    for (size_t i = 0; i < rows->chunk().rows(); ++i) out.emplace_back(rows->chunk().text(0, i));
  }
  return out;
}

}  // namespace headrace::query
