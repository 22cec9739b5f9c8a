#include "query/edge_rows.h"

#include <algorithm>

namespace headrace::query {
namespace {

// Rows that one query gives, so that `most` is not overshot by much.
constexpr uint64_t kRowsAtOnce = 1 << 18;

std::string rows_between(uint64_t first, uint64_t past) {
  return "rowid >= " + std::to_string(first) + " AND rowid < " + std::to_string(past);
}

std::string table_of(EdgeSource source) {
  return source == EdgeSource::kObjects ? "edge_row" : "task_slots";
}

template <typename T>
void put(std::vector<T>* list, int64_t number, T value) {
  if (number < 0 || number >= 1'000'000'000) return;
  if (list->size() <= static_cast<size_t>(number)) list->resize(static_cast<size_t>(number) + 1);
  (*list)[static_cast<size_t>(number)] = value;
}

}  // namespace

std::string_view name_of(EdgeSource source) {
  return source == EdgeSource::kObjects ? "edges" : "parents";
}

Result<EdgeRows> EdgeRows::open(const store::Connection& connection) {
  EdgeRows rows(connection);
  Result<store::QueryResult> producers = connection.query("SELECT producer, uid FROM producer_row");
  if (!producers.ok()) return producers.status();
  while (producers->next()) {
    const store::Chunk& chunk = producers->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      put(&rows.producers_, chunk.integer(0, row), static_cast<ProducerId>(chunk.integer(1, row)));
    }
  }
  Result<store::QueryResult> workflows = connection.query("SELECT wf, workflow FROM workflow_row");
  if (!workflows.ok()) return workflows.status();
  while (workflows->next()) {
    const store::Chunk& chunk = workflows->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      put(&rows.workflows_, chunk.integer(0, row), chunk.uuid(1, row));
    }
  }
  return rows;
}

Result<uint64_t> EdgeRows::past_last(EdgeSource source, bool removed_some) const {
  const std::string past = removed_some ? "coalesce(max(rowid) + 1, 0)" : "count(*)";
  const Result<int64_t> last = connection_->integer("SELECT " + past + " FROM " + table_of(source));
  if (!last.ok()) return last.status();
  return static_cast<uint64_t>(*last);
}

Result<uint64_t> EdgeRows::count_before(EdgeSource source, uint64_t past) const {
  const Result<int64_t> n = connection_->integer("SELECT count(*) FROM " + table_of(source) +
                                                 " WHERE rowid < " + std::to_string(past));
  if (!n.ok()) return n.status();
  return static_cast<uint64_t>(*n);
}

Uuid EdgeRows::task(int64_t producer, int64_t seq) const {
  const auto at = static_cast<size_t>(producer);
  return task_uuid(at < producers_.size() ? producers_[at] : 0, static_cast<TaskNumber>(seq));
}

uint32_t EdgeRows::name(std::string_view text) {
  if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
  const auto number = static_cast<uint32_t>(names_.size());
  numbers_.emplace(text, number);
  names_.emplace_back(text);
  return number;
}

Status EdgeRows::read_objects(uint64_t first, uint64_t past, std::vector<StoredEdge>* out) {
  Result<store::QueryResult> rows = connection_->query(
      "SELECT relation, producer, seq, wf, object, name, exact FROM edge_row WHERE " +
      rows_between(first, past));
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      const bool of_workflow = chunk.is_null(2, row);
      const NodeKind kind = of_workflow ? NodeKind::kWorkflow : NodeKind::kTask;
      Uuid actor;
      if (of_workflow) {
        const auto wf = static_cast<size_t>(chunk.integer(3, row));
        if (wf < workflows_.size()) actor = workflows_[wf];
      } else {
        actor = task(chunk.integer(1, row), chunk.integer(2, row));
      }
      if (actor.is_nil()) continue;
      const Uuid object = chunk.uuid(4, row);
      const uint32_t of = chunk.is_null(5, row) ? 0 : name(chunk.text(5, row));
      const bool exact = chunk.boolean(6, row);
      if (chunk.integer(0, row) == 0) {
        out->push_back({object, actor, NodeKind::kObject, kind, Relation::kUsed, exact, of});
      } else {
        out->push_back({actor, object, kind, NodeKind::kObject, Relation::kGenerated, exact, of});
      }
    }
  }
  return {};
}

Status EdgeRows::read_parents(const std::string& from, std::vector<StoredEdge>* out) const {
  Result<store::QueryResult> rows = connection_->query(
      "SELECT producer, seq, parent_producer, parent_seq FROM " + from +
      (from.find(" WHERE ") == std::string::npos ? " WHERE " : " AND ") + "parent_seq IS NOT NULL");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      out->push_back({task(chunk.integer(2, row), chunk.integer(3, row)),
                      task(chunk.integer(0, row), chunk.integer(1, row)), NodeKind::kTask,
                      NodeKind::kTask, Relation::kParent, true, 0});
    }
  }
  return {};
}

Result<uint64_t> EdgeRows::read(EdgeSource source, uint64_t first, uint64_t past, size_t most,
                                std::vector<StoredEdge>* out) {
  // Rows without a parent cost next to nothing: more of them at once.
  const uint64_t step = source == EdgeSource::kObjects ? kRowsAtOnce : kRowsAtOnce * 4;
  while (first < past && out->size() < most) {
    const uint64_t end = std::min(past, first + step);
    HEADRACE_RETURN_IF_ERROR(
        source == EdgeSource::kObjects
            ? read_objects(first, end, out)
            : read_parents("task_slots WHERE " + rows_between(first, end), out));
    first = end;
  }
  return first;
}

Status EdgeRows::read_open(std::vector<StoredEdge>* out) const {
  return read_parents("open_task", out);
}

}  // namespace headrace::query
