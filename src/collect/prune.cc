#include "collect/prune.h"

#include <algorithm>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "base/clock.h"
#include "collect/unused_blobs.h"
#include "spool/segment_reader.h"
#include "store/amendment.h"
#include "store/compact.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

std::string one_of(const std::vector<Uuid>& ids) {
  std::string out;
  for (const Uuid& id : ids) out += (out.empty() ? "" : ", ") + store::sql_text(id.text());
  return "(" + out + ")";
}

// The workflows that the options speak of: (workflow, runs).
std::string chosen_sql(const PruneOptions& o) {
  std::string where = "true";
  if (o.older_than_ns) {
    where += " AND w.past_ns < " + std::to_string(now_realtime_ns() - *o.older_than_ns);
  }
  if (!o.campaigns.empty()) where += " AND w.campaign IN " + one_of(o.campaigns);
  if (!o.workflows.empty()) where += " AND w.workflow IN " + one_of(o.workflows);
  if (!o.statuses.empty()) {
    std::string statuses;
    for (const std::string& s : o.statuses) {
      statuses += (statuses.empty() ? "" : ", ") + store::sql_text(s);
    }
    where += " AND v.status IN (" + statuses + ")";
  }
  if (o.keep_last) where += " AND w.newer >= " + std::to_string(*o.keep_last);
  return "WITH RECURSIVE live AS (SELECT workflow, parent FROM workflow_row WHERE status = 1 OR wf "
         "IN (SELECT wf FROM open_task WHERE status = 1) UNION SELECT p.workflow, p.parent FROM "
         "workflow_row p JOIN live ON live.parent = p.workflow) "
         "SELECT w.workflow, w.workflow IN (SELECT workflow FROM live) AS runs FROM "
         "(SELECT *, coalesce(end_ns, begin_ns) AS past_ns, row_number() OVER (PARTITION BY "
         "campaign "
         "ORDER BY begin_ns DESC NULLS LAST, workflow) - 1 AS newer FROM workflow_row) w "
         "JOIN workflow v ON v.workflow_id = w.workflow WHERE " +
         where;
}

Status choose(const store::Connection& connection, const PruneOptions& options, Pruned& out,
              std::vector<Uuid>& ids) {
  HEADRACE_RETURN_IF_ERROR(
      connection.run("CREATE OR REPLACE TEMP TABLE chosen AS " + chosen_sql(options)));
  const std::string stays = options.may_take_running ? "false" : "runs";
  const Result<int64_t> running = connection.integer("SELECT count(*) FROM chosen WHERE " + stays);
  if (!running.ok()) return running.status();
  out.running = static_cast<uint64_t>(*running);
  Result<store::QueryResult> rows = connection.query(
      "SELECT w.workflow_id::VARCHAR, coalesce(w.name, ''), coalesce(w.campaign, ''), w.status, "
      "coalesce(strftime(w.started_at, '%Y-%m-%d %H:%M:%S'), ''), coalesce(n.tasks, 0)::BIGINT "
      "FROM chosen c JOIN workflow w ON w.workflow_id = c.workflow "
      "JOIN workflow_row r ON r.workflow = c.workflow "
      "LEFT JOIN (SELECT wf, count(*) AS tasks FROM (SELECT wf FROM task_slots UNION ALL "
      "SELECT wf FROM open_task) GROUP BY wf) n ON n.wf = r.wf WHERE NOT " +
      stays + " ORDER BY w.started_at, w.workflow_id");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      const auto text = [&](size_t column) { return std::string(c.text(column, r)); };
      out.workflows.push_back({text(0), text(1), text(2), text(3), text(4), c.integer(5, r)});
      ids.push_back(Uuid::parse(out.workflows.back().id).value_or(Uuid{}));
    }
  }
  return {};
}

// Deletes these files, or only adds them up.
uint64_t take_away(const std::vector<fs::path>& files, bool dry_run, uint64_t& bytes) {
  uint64_t gone = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    const uint64_t size = fs::file_size(file, error);
    if (error || (!dry_run && !fs::remove(file, error))) continue;
    bytes += size;
    ++gone;
  }
  return gone;
}

std::vector<fs::path> files_of(const Directory& directory, const std::vector<std::string>& names) {
  const std::unordered_set<std::string> wanted(names.begin(), names.end());
  std::vector<fs::path> out;
  for (const SegmentFile& file : list_segments(directory)) {
    if (file.sealed && wanted.contains(file.path.stem().string())) out.push_back(file.path);
  }
  return out;
}

constexpr double kBlockBytes = 256 << 10;

// What the store would shrink by: its tasks' share.
uint64_t share_of(const store::Store& store, int64_t removed_tasks) {
  std::error_code error;
  // Less what the file takes without rows: a block of each table.
  const Result<int64_t> tables = store.connection().integer("SELECT count(*) FROM duckdb_tables()");
  const double size = std::max(0.0, static_cast<double>(fs::file_size(store.file(), error)) -
                                        kBlockBytes * static_cast<double>(tables.value_or(0)));
  const int64_t left =
      store.connection()
          .integer("SELECT (SELECT count(*) FROM task_slots) + (SELECT count(*) FROM open_task)")
          .value_or(0);
  if (error || left + removed_tasks == 0) return 0;
  return static_cast<uint64_t>(size * static_cast<double>(removed_tasks) /
                               static_cast<double>(left + removed_tasks));
}

}  // namespace

Result<Pruned> prune(const Directory& directory, const PruneOptions& options,
                     const OpenOptions& open) {
  if (!options.older_than_ns && options.campaigns.empty() && options.workflows.empty() &&
      options.statuses.empty() && !options.keep_last) {
    return invalid_argument("nothing says what is to go");
  }
  Result<store::Store> store = open_for_change(directory, open);
  if (!store.ok()) return store.status();
  const store::Connection& connection = store->connection();
  Pruned out;
  std::vector<Uuid> ids;
  HEADRACE_RETURN_IF_ERROR(choose(connection, options, out, ids));
  if (ids.empty()) return out;
  std::vector<fs::path> blobs;
  {
    Result<store::Transaction> transaction = store::Transaction::begin(connection);
    if (!transaction.ok()) return transaction.status();
    Result<store::Removed> removed = store::remove_workflows(connection, ids);
    if (!removed.ok()) return removed.status();
    out.removed = std::move(*removed);
    const Result<std::vector<fs::path>> unused = unused_blobs(directory, connection);
    if (!unused.ok()) return unused.status();
    blobs = *unused;
    if (options.dry_run) {
      out.bytes = share_of(*store, out.removed.tasks);
    } else {
      // Before the commit: what is noted and still there goes with the next fold.
      HEADRACE_RETURN_IF_ERROR(store::note_in_journal(connection, "removal", store->file()));
      HEADRACE_RETURN_IF_ERROR(transaction->commit());
    }
  }
  out.segments = take_away(files_of(directory, out.removed.segments), options.dry_run, out.bytes);
  out.blobs = take_away(blobs, options.dry_run, out.bytes);
  if (options.dry_run) return out;
  const Result<store::Compacted> compacted = store::compact(std::move(*store));
  if (!compacted.ok()) return compacted.status();
  out.bytes += compacted->bytes_before - std::min(compacted->bytes_before, compacted->bytes_after);
  return out;
}

}  // namespace headrace::collect
