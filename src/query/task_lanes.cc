#include "query/task_lanes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "query/activity_rows.h"
#include "query/all_tasks.h"
#include "query/task_joules.h"
#include "query/task_rows.h"
#include "store/arrow.h"
#include "store/database.h"

namespace headrace::query {
namespace {

constexpr int kRunning = 1;

// A condition on the column `wf`. Numbers that follow each other are named by the first and the
// last: a filter while reading, which costs a third of the join that a list of them becomes.
Result<std::string> of_thing(const store::Connection& connection, const Thing* of) {
  if (of == nullptr) return std::string("true");
  const std::string mine = "FROM workflow_row WHERE " +
                           std::string(of->kind == ThingKind::kCampaign ? "campaign" : "workflow") +
                           " = '" + of->id + "'";
  Result<store::QueryResult> rows =
      connection.query("SELECT min(wf)::BIGINT, max(wf)::BIGINT, count(DISTINCT wf) " + mine);
  if (!rows.ok()) return rows.status();
  if (!rows->next() || rows->chunk().is_null(0, 0)) return std::string("false");
  const int64_t first = rows->chunk().integer(0, 0);
  const int64_t last = rows->chunk().integer(1, 0);
  if (last - first + 1 != rows->chunk().integer(2, 0)) return "wf IN (SELECT wf " + mine + ")";
  return "wf BETWEEN " + std::to_string(first) + " AND " + std::to_string(last);
}

std::string tasks_sql(const std::string& where, bool with_energy) {
  return "SELECT t.producer, t.seq, t.ts, t.dur, t.activity, t.status, t.parent_seq IS NULL" +
         std::string(with_energy ? ", en.joules" : "") + " FROM " +
         all_tasks("producer, seq, ts, dur, activity, status, parent_seq", where) + " t " +
         (with_energy ? task_joules_join(where) : "");
}

struct ReadTask {
  int64_t start_ns;
  int64_t duration_ns;  // -1: not ended
  int64_t seq;
  uint32_t activity;
  float energy_j;
  uint32_t depth;  // of the lanes of its thread
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
  Status make_room(const store::Connection& connection, const std::string& where);
  Status read_tasks(const store::Connection& connection, const std::string& sql, bool with_energy);
  void pack();
  std::vector<uint32_t> sort_lanes();
  void spread(const std::vector<uint32_t>& lanes, const TaskRows& ids);

 private:
  Place& place_of(int64_t producer, int64_t ring);
  uint32_t activity_of(int64_t number);

  TaskLanes& out_;
  std::unordered_map<int64_t, Lane> processes_;
  std::map<std::pair<int64_t, int64_t>, int64_t> threads_;
  std::unordered_map<uint32_t, ActivityRow> activity_rows_;
  std::unordered_map<int64_t, uint32_t> activities_;
  std::map<std::pair<int64_t, int64_t>, Place> places_;
  std::vector<size_t> rows_;  // of each lane
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
  auto rows = query::read_activities(connection);
  if (!rows.ok()) return rows.status();
  activity_rows_ = std::move(*rows);
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
  if (is_new) out_.activities.push_back(activity_rows_[static_cast<uint32_t>(number)].name);
  return found->second;
}

// So that no list of tasks moves while it grows: that takes as long as to read them.
Status Reading::make_room(const store::Connection& connection, const std::string& where) {
  const std::string ring = "seq >> " + std::to_string(kTaskCounterBits);
  Result<store::QueryResult> rows =
      connection.query("SELECT producer, ring, count(*) FROM " +
                       all_tasks("producer, " + ring + " AS ring", where) + " GROUP BY 1, 2");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      place_of(c.integer(0, row), c.integer(1, row))
          .tasks.reserve(static_cast<size_t>(c.integer(2, row)));
    }
  }
  return {};
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
                              has_energy ? static_cast<float>(c.real(7, row)) : std::nanf(""), 0,
                              static_cast<uint8_t>(c.integer(5, row)), c.boolean(6, row)});
    }
  }
  return store::stream_status(*rows);
}

// Thread by thread: its tasks by begin, and the lanes that they need.
void Reading::pack() {
  bool is_first = true;
  for (auto& [name, place] : places_) {
    if (!std::is_sorted(place.tasks.begin(), place.tasks.end(), is_before)) {
      std::sort(place.tasks.begin(), place.tasks.end(), is_before);
    }
    for (ReadTask& task : place.tasks) {
      const int64_t last = task.start_ns + std::max<int64_t>(0, task.duration_ns);
      const bool runs = task.duration_ns < 0 && task.status == kRunning;
      const size_t depth =
          place.packer.place(task.start_ns, runs ? std::numeric_limits<int64_t>::max() : last);
      task.depth = static_cast<uint32_t>(depth);
      if (depth == place.numbers.size()) {
        place.numbers.push_back(out_.lanes.size());
        Lane lane = place.lane;
        lane.depth = depth;
        out_.lanes.push_back(std::move(lane));
        rows_.push_back(0);
      }
      ++rows_[place.numbers[depth]];
      out_.begin_ns = is_first ? task.start_ns : std::min(out_.begin_ns, task.start_ns);
      out_.end_ns = is_first ? last : std::max(out_.end_ns, last);
      is_first = false;
    }
  }
}

// By rank, machine and process. Where each has come to.
std::vector<uint32_t> Reading::sort_lanes() {
  std::vector<uint32_t> order(out_.lanes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const auto key = [](const Lane& lane) {
      return std::tie(lane.rank, lane.hostname, lane.pid, lane.process, lane.thread, lane.depth);
    };
    return key(out_.lanes[a]) < key(out_.lanes[b]);
  });
  std::vector<uint32_t> place(order.size());
  std::vector<Lane> lanes;
  lanes.reserve(order.size());
  out_.first.assign(1, 0);
  for (const uint32_t lane : order) {
    place[lane] = static_cast<uint32_t>(lanes.size());
    lanes.push_back(std::move(out_.lanes[lane]));
    out_.first.push_back(out_.first.back() + rows_[lane]);
  }
  out_.lanes = std::move(lanes);
  return place;
}

// All tasks to their rows. A lane is of one thread, so its tasks stay in the order of time.
void Reading::spread(const std::vector<uint32_t>& lanes, const TaskRows& ids) {
  const size_t tasks = out_.first.back();
  out_.start_ns.resize(tasks);
  out_.duration_ns.resize(tasks);
  out_.activity.resize(tasks);
  out_.status.resize(tasks);
  out_.energy_j.resize(tasks);
  out_.is_outermost.resize(tasks);
  out_.id.resize(tasks);
  std::vector<size_t> next(out_.first.begin(), out_.first.end() - 1);
  for (auto& [name, place] : places_) {
    const std::vector<ReadTask> read = std::move(place.tasks);
    for (const ReadTask& task : read) {
      const size_t row = next[lanes[place.numbers[task.depth]]]++;
      out_.start_ns[row] = task.start_ns;
      out_.duration_ns[row] = task.duration_ns;
      out_.activity[row] = task.activity;
      out_.status[row] = task.status;
      out_.energy_j[row] = task.energy_j;
      out_.is_outermost[row] = task.is_outermost ? 1 : 0;
      out_.id[row] = ids.id(name.first, task.seq);
    }
  }
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
  const Result<std::string> where = of_thing(*connection, of);
  if (!where.ok()) return where.status();
  HEADRACE_RETURN_IF_ERROR(reading.make_room(*connection, *where));
  HEADRACE_RETURN_IF_ERROR(
      reading.read_tasks(*connection, tasks_sql(*where, with_energy), with_energy));
  reading.pack();
  reading.spread(reading.sort_lanes(), *ids);
  return std::shared_ptr<const TaskLanes>(std::move(out));
}

}  // namespace headrace::query
