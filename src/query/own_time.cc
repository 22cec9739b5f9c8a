#include "query/own_time.h"

#include <algorithm>
#include <unordered_map>

#include "store/schema.h"

namespace headrace::query {
namespace {

uint64_t key_of(uint32_t producer, int64_t seq) {
  return static_cast<uint64_t>(seq) * 0x9E3779B97F4A7C15ULL ^ producer;
}

class Names {
 public:
  uint32_t place(std::string_view name) {
    const auto [found, is_new] =
        places_.try_emplace(std::string(name), static_cast<uint32_t>(names.size()));
    if (is_new) names.emplace_back(name);
    return found->second;
  }
  std::vector<std::string> names;

 private:
  std::unordered_map<std::string, uint32_t> places_;
};

// Takes the tasks inside out of each task's time. Children come by begin, as tasks do.
void set_own(std::vector<OwnTask>* tasks) {
  std::vector<int64_t> free_ns(tasks->size());  // until when the time is given to somebody
  for (size_t i = 0; i < tasks->size(); ++i) free_ns[i] = (*tasks)[i].whole.begin_ns;
  for (const OwnTask& child : *tasks) {
    if (child.parent == kNoOwner) continue;
    OwnTask& parent = (*tasks)[child.parent];
    const int64_t begin_ns = std::min(child.whole.begin_ns, parent.whole.end_ns);
    if (begin_ns > free_ns[child.parent]) parent.own.push_back({free_ns[child.parent], begin_ns});
    free_ns[child.parent] = std::max(free_ns[child.parent], child.whole.end_ns);
  }
  for (size_t i = 0; i < tasks->size(); ++i) {
    OwnTask& task = (*tasks)[i];
    if (free_ns[i] < task.whole.end_ns) task.own.push_back({free_ns[i], task.whole.end_ns});
  }
}

}  // namespace

std::string workflows_of(const Thing& of) {
  return std::string("(SELECT wf FROM workflow_row WHERE ") +
         (of.kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" + of.id + "')";
}

Result<OwnTimes> read_own_times(const Session& session, const Thing* of) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query(
      "SELECT " + store::quick_task_id_sql("p", "t.seq") +
      ", t.producer, t.seq, coalesce(a.name, ''), coalesce(p.hostname, ''), t.ts, t.dur, "
      "coalesce(t.parent_producer, 0), coalesce(t.parent_seq, 0) FROM task_slots t "
      "JOIN producer_row p ON p.producer = t.producer "
      "LEFT JOIN activity_row a ON a.activity = t.activity WHERE t.dur IS NOT NULL" +
      (of == nullptr ? std::string() : " AND t.wf IN " + workflows_of(*of)) +
      " ORDER BY t.ts, t.seq");
  if (!rows.ok()) return rows.status();
  OwnTimes out;
  Names activities;
  Names hosts;
  std::unordered_map<uint64_t, size_t> places;
  std::vector<uint64_t> parents;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      OwnTask& task = out.tasks.emplace_back();
      task.id = chunk.uuid(0, i);
      task.producer = static_cast<uint32_t>(chunk.integer(1, i));
      task.seq = chunk.integer(2, i);
      task.activity = activities.place(chunk.text(3, i));
      task.host = hosts.place(chunk.text(4, i));
      task.whole = {chunk.integer(5, i), chunk.integer(5, i) + chunk.integer(6, i)};
      const int64_t parent = chunk.integer(8, i);
      parents.push_back(parent == 0 ? 0
                                    : key_of(static_cast<uint32_t>(chunk.integer(7, i)), parent));
      places.emplace(key_of(task.producer, task.seq), out.tasks.size() - 1);
    }
  }
  for (size_t i = 0; i < parents.size(); ++i) {
    const auto found = parents[i] == 0 ? places.end() : places.find(parents[i]);
    if (found != places.end() && found->second != i) out.tasks[i].parent = found->second;
  }
  set_own(&out.tasks);
  out.activities = std::move(activities.names);
  out.hosts = std::move(hosts.names);
  return out;
}

}  // namespace headrace::query
