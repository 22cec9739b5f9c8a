#include "query/task_lanes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "query/task_joules.h"
#include "query/task_rows.h"
#include "store/arrow.h"
#include "store/database.h"

namespace headrace::query {
namespace {

constexpr int kRunning = 1;

// A condition on the column `wf`.
std::string of_thing(const Thing* of, const char* wf) {
  if (of == nullptr) return "true";
  return std::string(wf) + " IN (SELECT wf FROM workflow_row WHERE " +
         (of->kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" + of->id + "')";
}

std::string tasks_sql(const Thing* of, bool with_energy) {
  return "SELECT t.producer, t.seq, t.ts, t.dur, t.activity, t.status, t.parent_seq IS NULL" +
         std::string(with_energy ? ", en.joules" : "") +
         " FROM (SELECT producer, seq, wf, ts, dur, activity, status, parent_seq FROM task_slots "
         "UNION ALL "
         "SELECT producer, seq, wf, ts, dur, activity, status, parent_seq FROM open_task) t " +
         (with_energy ? task_joules_join(of_thing(of, "wf")) : "") + " WHERE " +
         of_thing(of, "t.wf");
}

struct ReadTask {
  int64_t start_ns;
  int64_t duration_ns;  // -1: not ended
  int64_t seq;
  uint32_t activity;
  float energy_j;
  uint8_t status;
  bool is_outermost;
};

// What contains others comes before them.
bool is_before(const ReadTask& a, const ReadTask& b) {
  const auto length = [](const ReadTask& one) {
    return one.duration_ns < 0 ? std::numeric_limits<int64_t>::max() : one.duration_ns;
  };
  if (a.start_ns != b.start_ns) return a.start_ns < b.start_ns;
  if (length(a) != length(b)) return length(a) > length(b);
  return a.seq < b.seq;
}

// A thread.
struct Place {
  Lane lane;
  std::vector<ReadTask> tasks;
  LanePacker packer;
  std::vector<size_t> numbers;  // of its lanes
};

class Reading {
 public:
  explicit Reading(TaskLanes& out) : out_(out) {}

  Status read_places(const store::Connection& connection);
  Status read_activities(const store::Connection& connection);
  Status read_tasks(const store::Connection& connection, const std::string& sql, bool with_energy);
  void pack(const TaskRows& ids);
  void sort();

 private:
  Place& place_of(int64_t producer, int64_t ring);
  uint32_t activity_of(int64_t number);

  TaskLanes& out_;
  std::unordered_map<int64_t, Lane> processes_;
  std::map<std::pair<int64_t, int64_t>, int64_t> threads_;
  std::unordered_map<int64_t, std::string> activity_names_;
  std::unordered_map<int64_t, uint32_t> activities_;
  std::map<std::pair<int64_t, int64_t>, Place> places_;
  std::vector<uint32_t> lane_;  // of each row, before they are sorted
};

Status Reading::read_places(const store::Connection& connection) {
  Result<store::QueryResult> rows =
      connection.query("SELECT producer, hostname, pid, rank FROM producer_row ORDER BY producer");
  if (!rows.ok()) return rows.status();
  std::map<std::pair<std::string, int64_t>, std::vector<int64_t>> same;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      Lane& lane = processes_[c.integer(0, row)];
      lane.hostname = c.text(1, row);
      if (!c.is_null(2, row)) lane.pid = c.integer(2, row);
      if (!c.is_null(3, row)) lane.rank = c.integer(3, row);
      if (lane.pid) same[{lane.hostname, *lane.pid}].push_back(c.integer(0, row));
    }
  }
  for (const auto& [place, producers] : same) {
    for (size_t i = 0; i < producers.size() && producers.size() > 1; ++i) {
      processes_[producers[i]].process = i + 1;
    }
  }
  rows = connection.query("SELECT producer, ring, tid FROM thread_row");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      threads_[{c.integer(0, row), c.integer(1, row)}] = c.integer(2, row);
    }
  }
  return {};
}

Status Reading::read_activities(const store::Connection& connection) {
  Result<store::QueryResult> rows = connection.query("SELECT activity, name FROM activity_row");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) {
      activity_names_[rows->chunk().integer(0, row)] = rows->chunk().text(1, row);
    }
  }
  return {};
}

Place& Reading::place_of(int64_t producer, int64_t ring) {
  const auto [found, is_new] = places_.try_emplace({producer, ring});
  if (is_new) {
    found->second.lane = processes_[producer];
    const auto thread = threads_.find({producer, ring});
    if (thread != threads_.end()) found->second.lane.thread = thread->second;
  }
  return found->second;
}

uint32_t Reading::activity_of(int64_t number) {
  const auto [found, is_new] =
      activities_.try_emplace(number, static_cast<uint32_t>(out_.activities.size()));
  if (is_new) out_.activities.push_back(activity_names_[number]);
  return found->second;
}

// In the order of the store: rows of a thread are nearly sorted there, and to sort all of them in
// DuckDB takes several times as long as all the rest.
Status Reading::read_tasks(const store::Connection& connection, const std::string& sql,
                           bool with_energy) {
  Result<store::QueryResult> rows = store::stream(connection, sql);
  if (!rows.ok()) return rows.status();
  int64_t last_producer = -1;
  int64_t last_ring = -1;
  Place* place = nullptr;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const int64_t producer = c.integer(0, row);
      const int64_t seq = c.integer(1, row);
      const int64_t ring = seq >> kTaskCounterBits;
      if (place == nullptr || producer != last_producer || ring != last_ring) {
        place = &place_of(producer, ring);
        last_producer = producer;
        last_ring = ring;
      }
      // A clock that was set back makes no span run backwards.
      const int64_t duration = c.is_null(3, row) ? -1 : std::max<int64_t>(0, c.integer(3, row));
      const bool has_energy = with_energy && !c.is_null(7, row);
      place->tasks.push_back({c.integer(2, row), duration, seq, activity_of(c.integer(4, row)),
                              has_energy ? static_cast<float>(c.real(7, row)) : std::nanf(""),
                              static_cast<uint8_t>(c.integer(5, row)), c.boolean(6, row)});
    }
  }
  return store::stream_status(*rows);
}

// Thread by thread: the lanes that its tasks need, and the tasks by begin.
void Reading::pack(const TaskRows& ids) {
  for (auto& [name, place] : places_) {
    std::vector<ReadTask> tasks = std::move(place.tasks);
    if (!std::is_sorted(tasks.begin(), tasks.end(), is_before)) {
      std::sort(tasks.begin(), tasks.end(), is_before);
    }
    for (const ReadTask& task : tasks) {
      const int64_t last = task.start_ns + std::max<int64_t>(0, task.duration_ns);
      const bool runs = task.duration_ns < 0 && task.status == kRunning;
      const size_t depth =
          place.packer.place(task.start_ns, runs ? std::numeric_limits<int64_t>::max() : last);
      if (depth == place.numbers.size()) {
        place.numbers.push_back(out_.lanes.size());
        Lane lane = place.lane;
        lane.depth = depth;
        out_.lanes.push_back(std::move(lane));
      }
      out_.begin_ns = lane_.empty() ? task.start_ns : std::min(out_.begin_ns, task.start_ns);
      out_.end_ns = lane_.empty() ? last : std::max(out_.end_ns, last);
      lane_.push_back(static_cast<uint32_t>(place.numbers[depth]));
      out_.start_ns.push_back(task.start_ns);
      out_.duration_ns.push_back(task.duration_ns);
      out_.activity.push_back(task.activity);
      out_.status.push_back(task.status);
      out_.energy_j.push_back(task.energy_j);
      out_.is_outermost.push_back(task.is_outermost ? 1 : 0);
      out_.id.push_back(ids.id(name.first, task.seq));
    }
  }
}

template <typename T>
void reorder(const std::vector<uint32_t>& order, std::vector<T>* column) {
  std::vector<T> out;
  out.reserve(column->size());
  for (const uint32_t row : order) out.push_back((*column)[row]);
  *column = std::move(out);
}

// Lanes by rank, machine and process; within them rows keep their order, which is that of time.
void Reading::sort() {
  std::vector<uint32_t> lanes(out_.lanes.size());
  std::iota(lanes.begin(), lanes.end(), 0);
  std::stable_sort(lanes.begin(), lanes.end(), [this](uint32_t a, uint32_t b) {
    const auto key = [](const Lane& lane) {
      return std::tie(lane.rank, lane.hostname, lane.pid, lane.process, lane.thread, lane.depth);
    };
    return key(out_.lanes[a]) < key(out_.lanes[b]);
  });
  std::vector<uint32_t> place(lanes.size());
  for (size_t i = 0; i < lanes.size(); ++i) place[lanes[i]] = static_cast<uint32_t>(i);
  reorder(lanes, &out_.lanes);
  // By counting: lanes are few.
  out_.first.assign(lanes.size() + 1, 0);
  for (const uint32_t lane : lane_) ++out_.first[place[lane] + 1];
  std::partial_sum(out_.first.begin(), out_.first.end(), out_.first.begin());
  std::vector<size_t> next(out_.first.begin(), out_.first.end() - 1);
  std::vector<uint32_t> order(lane_.size());
  for (size_t row = 0; row < lane_.size(); ++row) {
    order[next[place[lane_[row]]]++] = static_cast<uint32_t>(row);
  }
  reorder(order, &out_.start_ns);
  reorder(order, &out_.duration_ns);
  reorder(order, &out_.activity);
  reorder(order, &out_.status);
  reorder(order, &out_.energy_j);
  reorder(order, &out_.is_outermost);
  reorder(order, &out_.id);
}

}  // namespace

Result<std::shared_ptr<const TaskLanes>> read_task_lanes(const Session& session, const Thing* of,
                                                         bool with_energy) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  auto out = std::make_shared<TaskLanes>();
  Reading reading(*out);
  HEADRACE_RETURN_IF_ERROR(reading.read_places(*connection));
  HEADRACE_RETURN_IF_ERROR(reading.read_activities(*connection));
  HEADRACE_RETURN_IF_ERROR(
      reading.read_tasks(*connection, tasks_sql(of, with_energy), with_energy));
  reading.pack(*ids);
  reading.sort();
  return std::shared_ptr<const TaskLanes>(std::move(out));
}

}  // namespace headrace::query
