#include "query/critical_path.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "query/domain_sum.h"
#include "query/workflow_tasks.h"

namespace headrace::query {
namespace {

// What a task came after.
struct Before {
  size_t task = kNoTask;
  std::string why;
};

class Chain {
 public:
  explicit Chain(const WorkflowTasks& all)
      : all_(all),
        before_(all.tasks.size()),
        thread_before_(all.tasks.size(), kNoTask),
        last_inside_(all.tasks.size(), kNoTask) {
    for (const DataDependency& d : all_.dependencies) {
      if (task(d.made).ended_ns <= task(d.used).began_ns) {
        before_[d.used].push_back({d.made, d.name.empty() ? "data" : "data " + d.name});
      }
    }
    find_thread_neighbours();
    for (size_t i = 0; i < all_.tasks.size(); ++i) {
      const size_t parent = task(i).parent;
      if (parent == kNoTask) continue;
      size_t& last = last_inside_[parent];
      if (last == kNoTask || task(i).ended_ns > task(last).ended_ns) last = i;
    }
  }

  // From the last end back, as long as something came before.
  std::vector<std::pair<size_t, std::string>> find() const {
    size_t at = 0;
    for (size_t i = 1; i < all_.tasks.size(); ++i) {
      if (std::make_tuple(task(i).ended_ns, depth(i)) >
          std::make_tuple(task(at).ended_ns, depth(at)))
        at = i;
    }
    std::vector<std::pair<size_t, std::string>> path;
    std::vector<bool> seen(all_.tasks.size(), false);
    for (at = innermost(at); !seen[at];) {
      seen[at] = true;
      const Before before = last_before(at);
      path.emplace_back(at, before.task == kNoTask ? "first" : before.why);
      if (before.task == kNoTask) break;
      at = innermost(before.task);
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  // How much later each innermost task could have ended; kNoTask-like -1 for those with others
  // inside.
  std::vector<double> slacks() const {
    int64_t end = 0;
    for (const WorkflowTask& t : all_.tasks) end = std::max(end, t.ended_ns);
    std::vector<int64_t> latest(all_.tasks.size(), end);
    std::vector<size_t> order(all_.tasks.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return task(a).ended_ns != task(b).ended_ns ? task(a).ended_ns > task(b).ended_ns : a > b;
    });
    // What comes after has ended later, so its latest end is known.
    for (const size_t at : order) {
      const int64_t latest_begin = latest[at] - (task(at).ended_ns - task(at).began_ns);
      for (const Before& b : before_[at]) latest[b.task] = std::min(latest[b.task], latest_begin);
      if (const size_t thread = thread_before_[at]; thread != kNoTask) {
        latest[thread] = std::min(latest[thread], latest_begin);
      }
      // A task ends no earlier than those inside it.
      if (const size_t parent = task(at).parent; parent != kNoTask) {
        latest[at] = std::min(latest[at], latest[parent]);
      }
    }
    std::vector<double> out;
    for (size_t i = 0; i < latest.size(); ++i) {
      const auto slack = static_cast<double>(latest[i] - task(i).ended_ns) / 1e9;
      out.push_back(task(i).children > 0 ? -1 : std::max(0.0, slack));
    }
    return out;
  }

 private:
  const WorkflowTask& task(size_t at) const { return all_.tasks[at]; }
  size_t depth(size_t at) const {
    size_t out = 0;
    for (; task(at).parent != kNoTask && out < 64; at = task(at).parent) ++out;
    return out;
  }
  // The task inside that ended last, and so on inward.
  size_t innermost(size_t at) const {
    for (int steps = 0; last_inside_[at] != kNoTask && steps < 64; ++steps) at = last_inside_[at];
    return at;
  }
  // The task under the same parent and on the same thread that ended last before.
  void find_thread_neighbours() {
    std::map<std::pair<uint64_t, size_t>, std::vector<size_t>> lanes;
    for (size_t i = 0; i < all_.tasks.size(); ++i) {
      lanes[{task(i).thread, task(i).parent}].push_back(i);
    }
    for (const auto& [key, lane] : lanes) {
      size_t last = kNoTask;  // of those before, the one that ended last
      for (const size_t at : lane) {
        if (last != kNoTask && task(last).ended_ns <= task(at).began_ns) thread_before_[at] = last;
        if (last == kNoTask || task(at).ended_ns > task(last).ended_ns) last = at;
      }
    }
  }
  // Of what the task and those around it waited for, what ended last.
  Before last_before(size_t at) const {
    Before out;
    const auto consider = [&](const Before& b) {
      if (task(b.task).ended_ns > task(at).began_ns) return;
      if (out.task == kNoTask || task(b.task).ended_ns > task(out.task).ended_ns) out = b;
    };
    size_t around = at;
    for (int steps = 0; around != kNoTask && steps < 64; ++steps) {
      for (const Before& b : before_[around]) consider(b);
      if (thread_before_[around] != kNoTask) consider({thread_before_[around], "same thread"});
      around = task(around).parent;
    }
    return out;
  }

  const WorkflowTasks& all_;
  std::vector<std::vector<Before>> before_;
  std::vector<size_t> thread_before_;
  std::vector<size_t> last_inside_;
};

std::vector<Slack> slack_by_activity(const WorkflowTasks& all, const std::vector<double>& slacks,
                                     const std::vector<bool>& on_path) {
  std::map<std::string, std::vector<double>> groups;
  for (size_t i = 0; i < slacks.size(); ++i) {
    if (slacks[i] >= 0 && !on_path[i]) groups[all.tasks[i].activity].push_back(slacks[i]);
  }
  std::vector<Slack> out;
  for (auto& [activity, list] : groups) {
    std::sort(list.begin(), list.end());
    out.push_back({activity, list.size(), list.front(), list[list.size() / 2]});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Slack& a, const Slack& b) { return a.least_s < b.least_s; });
  return out;
}

Status add_energy(const Session& session, std::vector<PathLink>* links) {
  std::string ids;
  for (const PathLink& link : *links) ids += (ids.empty() ? "'" : ", '") + link.task.text() + "'";
  const auto rows = session.rows(
      "SELECT task_id, domain, attributed_j, truth FROM task_energy WHERE task_id IN (" + ids +
      ")");
  if (!rows.ok()) return rows.status();
  std::map<std::string, std::vector<DomainEnergy>> domains;
  for (const auto& row : *rows) {
    domains[row[0].text].push_back({row[1].text,
                                    row[2].is_null ? std::nullopt : std::optional(row[2].real),
                                    std::nullopt, row[3].text, ""});
  }
  for (PathLink& link : *links) {
    const auto found = domains.find(link.task.text());
    if (found != domains.end()) link.energy_j = sum_domains(found->second).joules;
  }
  return {};
}

}  // namespace

Result<CriticalPath> critical_path_of(const Session& session, const std::string& text,
                                      const std::filesystem::path& here) {
  Result<Thing> workflow = identify(session, text, {ThingKind::kWorkflow}, here);
  if (!workflow.ok()) return workflow.status();
  const auto id = Uuid::parse(workflow->id);
  if (!id) return corrupt("the store has an id that is none: " + workflow->id);
  const Result<WorkflowTasks> all = read_workflow_tasks(session, *id);
  if (!all.ok()) return all.status();
  if (all->tasks.empty()) {
    return not_found("no task of workflow " + workflow->name + " has ended; headrace show " +
                     workflow->id.substr(0, 8) + " says what is known of it");
  }
  const Chain chain(*all);
  CriticalPath out;
  out.workflow = std::move(*workflow);
  out.tasks = all->tasks.size();
  int64_t begin = all->tasks.front().began_ns;
  int64_t end = 0;
  for (const WorkflowTask& t : all->tasks) end = std::max(end, t.ended_ns);
  out.total_s = static_cast<double>(end - begin) / 1e9;
  std::vector<bool> on_path(all->tasks.size(), false);
  for (const auto& [at, why] : chain.find()) {
    const WorkflowTask& t = all->tasks[at];
    on_path[at] = true;
    out.links.push_back({t.id, t.activity, why, static_cast<double>(t.began_ns - begin) / 1e9,
                         static_cast<double>(t.ended_ns - t.began_ns) / 1e9, std::nullopt,
                         t.hostname, t.rank});
    begin = t.ended_ns;
    out.working_s += out.links.back().duration_s;
  }
  out.waiting_s = out.total_s - out.working_s;
  HEADRACE_RETURN_IF_ERROR(add_energy(session, &out.links));
  out.slacks = slack_by_activity(*all, chain.slacks(), on_path);
  return out;
}

}  // namespace headrace::query
