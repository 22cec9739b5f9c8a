#include "query/task_flows.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/id.h"
#include "query/activity_rows.h"
#include "query/all_tasks.h"
#include "query/row_index.h"
#include "store/arrow.h"

namespace headrace::query {
namespace {

constexpr size_t kMostFlows = 8'000'000;
constexpr uint32_t kStatuses = 6;  // of model/status.h

Status too_many() {
  return exhausted("more than " + std::to_string(kMostFlows / 1'000'000) +
                   " million tasks used what others generated; ask for the graph by activity");
}

// A task beside an object.
struct Beside {
  Uuid object;
  uint32_t task = 0;
  uint32_t name = 0;
  bool used = false;
  bool exact = true;
};

class Reading {
 public:
  Reading(const store::Connection& connection, TaskFlows* out)
      : connection_(connection), out_(*out) {}

  Status read_tasks(int64_t workflow, size_t most);
  Status read_objects();
  Status pair_up();

 private:
  struct Parent {
    uint32_t task = 0;
    int64_t producer = 0;
    int64_t seq = 0;
  };
  uint32_t activity_of(int64_t number);
  uint32_t name_of(std::string_view text);
  void number_tasks(const std::vector<Parent>& parents);

  const store::Connection& connection_;
  TaskFlows& out_;
  std::optional<RowIndex> index_;
  std::vector<Beside> beside_;
  std::unordered_map<int64_t, uint32_t> activities_;  // by their numbers in the store
  std::unordered_map<std::string, uint32_t> names_{{"", 0}};
  std::string name_;
};

uint32_t Reading::activity_of(int64_t number) {
  return activities_.try_emplace(number, static_cast<uint32_t>(activities_.size())).first->second;
}

uint32_t Reading::name_of(std::string_view text) {
  name_ = text;
  const auto [found, is_new] = names_.try_emplace(name_, static_cast<uint32_t>(names_.size()));
  if (is_new) out_.names.push_back(name_);
  return found->second;
}

Status Reading::read_tasks(int64_t workflow, size_t most) {
  const std::string tasks =
      all_tasks("producer, seq, ts, dur, activity, status, parent_producer, parent_seq",
                "wf = " + std::to_string(workflow));
  const Result<int64_t> total = connection_.integer("SELECT count(*) FROM " + tasks);
  if (!total.ok()) return total.status();
  out_.tasks_total = static_cast<uint64_t>(*total);
  // Only to leave some out is there something to sort in the store.
  const std::string first =
      out_.tasks_total > most
          ? " ORDER BY status IN (3, 5) DESC, coalesce(dur, -1) = (SELECT max(dur) FROM " + tasks +
                ") DESC, ts, producer, seq LIMIT " + std::to_string(most)
          : std::string();
  Result<store::QueryResult> rows = store::stream(connection_, "FROM " + tasks + first);
  if (!rows.ok()) return rows.status();
  std::vector<Parent> parents;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      if (!c.is_null(7, row)) {
        parents.push_back(
            {static_cast<uint32_t>(out_.tasks.size()), c.integer(6, row), c.integer(7, row)});
      }
      out_.tasks.push_back(
          {c.integer(0, row), c.integer(1, row), c.integer(2, row), c.integer(3, row),
           activity_of(c.integer(4, row)),
           static_cast<uint8_t>(std::min<int64_t>(c.integer(5, row), kStatuses - 1))});
    }
  }
  HEADRACE_RETURN_IF_ERROR(store::stream_status(*rows));
  number_tasks(parents);
  const auto known = read_activities(connection_);
  if (!known.ok()) return known.status();
  out_.activities.resize(activities_.size());
  for (const auto& [number, place] : activities_) {
    const auto found = known->find(static_cast<uint32_t>(number));
    if (found != known->end()) out_.activities[place] = found->second.name;
  }
  return {};
}

// Sorts them by their begin, and finds what lies in what.
void Reading::number_tasks(const std::vector<Parent>& parents) {
  std::vector<uint32_t> order(out_.tasks.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const auto key = [this](uint32_t i) {
      const FlowTask& t = out_.tasks[i];
      return std::tie(t.began_ns, t.producer, t.seq);
    };
    return key(a) < key(b);
  });
  std::vector<uint32_t> place(order.size());
  std::vector<FlowTask> tasks;
  tasks.reserve(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    tasks.push_back(out_.tasks[order[i]]);
  }
  std::vector<RowIndex::Row> rows;
  rows.reserve(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    rows.push_back({out_.tasks[i].producer, out_.tasks[i].seq, place[i]});
  }
  out_.tasks = std::move(tasks);
  index_.emplace(std::move(rows));
  for (const Parent& parent : parents) {
    const uint32_t from = index_->find(parent.producer, parent.seq);
    const uint32_t to = place[parent.task];
    if (from != RowIndex::kNone && from != to) out_.flows.push_back({from, to, 0, true, true});
  }
}

Status Reading::read_objects() {
  if (out_.tasks.empty()) return {};
  const auto [least, most] =
      std::minmax_element(out_.tasks.begin(), out_.tasks.end(),
                          [](const auto& a, const auto& b) { return a.producer < b.producer; });
  Result<store::QueryResult> rows = store::stream(
      connection_,
      "SELECT producer, seq, object, relation, name, exact FROM edge_row WHERE producer BETWEEN " +
          std::to_string(least->producer) + " AND " + std::to_string(most->producer) +
          " AND seq IS NOT NULL AND relation <= 1");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const uint32_t task = index_->find(c.integer(0, row), c.integer(1, row));
      if (task == RowIndex::kNone) continue;
      const bool used = c.integer(3, row) == 0;
      // Flows have the names under which values were used.
      beside_.push_back(
          {c.uuid(2, row), task, used ? name_of(c.text(4, row)) : 0, used, c.boolean(5, row)});
    }
  }
  return store::stream_status(*rows);
}

// From each task that generated an object to each that used it.
Status Reading::pair_up() {
  std::sort(beside_.begin(), beside_.end(), [](const Beside& a, const Beside& b) {
    return std::tie(a.object, a.used, a.task, a.name) < std::tie(b.object, b.used, b.task, b.name);
  });
  for (size_t begin = 0; begin < beside_.size();) {
    size_t use = begin;
    while (use < beside_.size() && beside_[use].object == beside_[begin].object &&
           !beside_[use].used) {
      ++use;
    }
    size_t end = use;
    while (end < beside_.size() && beside_[end].object == beside_[begin].object) ++end;
    if ((use - begin) * (end - use) > kMostFlows - out_.flows.size()) return too_many();
    for (size_t made = begin; made < use; ++made) {
      for (size_t used = use; used < end; ++used) {
        const Beside& from = beside_[made];
        const Beside& to = beside_[used];
        if (from.task == to.task) continue;
        out_.flows.push_back({from.task, to.task, to.name, false, from.exact && to.exact});
      }
    }
    begin = end;
  }
  return {};
}

}  // namespace

Result<TaskFlows> read_task_flows(const store::Connection& connection, int64_t workflow,
                                  size_t most) {
  TaskFlows out;
  out.names.emplace_back();
  Reading reading(connection, &out);
  HEADRACE_RETURN_IF_ERROR(reading.read_tasks(workflow, most));
  HEADRACE_RETURN_IF_ERROR(reading.read_objects());
  HEADRACE_RETURN_IF_ERROR(reading.pair_up());
  return out;
}

}  // namespace headrace::query
