#include "top/read_names.h"

#include <string>
#include <utility>

namespace headrace::top {
namespace {

std::optional<int64_t> integer_or_none(const store::Chunk& c, size_t column, size_t row) {
  return c.is_null(column, row) ? std::nullopt : std::optional(c.integer(column, row));
}

Uuid uuid_or_nil(const store::Chunk& c, size_t column, size_t row) {
  return c.is_null(column, row) ? Uuid{} : c.uuid(column, row);
}

// Calls `see` for each row.
template <typename See>
Status each(const store::Connection& connection, const char* sql, See&& see) {
  Result<store::QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) see(rows->chunk(), row);
  }
  return {};
}

}  // namespace

Status read_names(const store::Connection& connection, Folder& folder, std::mutex& mutex) {
  Folder names;
  using store::Chunk;
  HEADRACE_RETURN_IF_ERROR(
      each(connection,
           "SELECT wf, workflow, name, campaign, parent, status, begin_ns, end_ns, producer "
           "FROM workflow_row",
           [&](const Chunk& c, size_t row) {
             WorkflowFacts& w = names.workflows[static_cast<uint32_t>(c.integer(0, row))];
             w.id = c.uuid(1, row);
             w.name = c.text(2, row);
             w.campaign = uuid_or_nil(c, 3, row);
             w.parent = uuid_or_nil(c, 4, row);
             w.status = static_cast<TaskStatus>(c.integer(5, row));
             w.begin_ns = integer_or_none(c, 6, row);
             w.end_ns = integer_or_none(c, 7, row);
             w.producer = static_cast<uint32_t>(c.integer(8, row));
           }));
  HEADRACE_RETURN_IF_ERROR(
      each(connection, "SELECT campaign, name FROM campaign_row",
           [&](const Chunk& c, size_t row) { names.campaigns[c.uuid(0, row)] = c.text(1, row); }));
  HEADRACE_RETURN_IF_ERROR(
      each(connection, "SELECT activity, name FROM activity_row", [&](const Chunk& c, size_t row) {
        names.activities[static_cast<uint32_t>(c.integer(0, row))] = c.text(1, row);
      }));
  HEADRACE_RETURN_IF_ERROR(
      each(connection,
           "SELECT producer, uid::BIGINT, hostname, pid, rank, state = 'running' FROM producer_row",
           [&](const Chunk& c, size_t row) {
             Process& p = names.processes[static_cast<uint32_t>(c.integer(0, row))];
             p.id = static_cast<ProducerId>(c.integer(1, row));
             p.hostname = c.text(2, row);
             p.pid = c.integer(3, row);
             p.rank = integer_or_none(c, 4, row);
             p.is_running = !c.is_null(5, row) && c.boolean(5, row);
           }));
  const std::lock_guard lock(mutex);
  folder.workflows = std::move(names.workflows);
  folder.campaigns = std::move(names.campaigns);
  folder.activities = std::move(names.activities);
  folder.processes = std::move(names.processes);
  return {};
}

Result<Losses> read_losses(const store::Connection& connection) {
  Losses out;
  HEADRACE_RETURN_IF_ERROR(
      each(connection,
           "SELECT coalesce(sum(dropped), 0)::BIGINT, coalesce(sum(missing), 0)::BIGINT, "
           "coalesce(sum(quarantined), 0)::BIGINT, coalesce(sum(greatest(spooled, 0)), 0)::BIGINT "
           "FROM accounting",
           [&](const store::Chunk& c, size_t row) {
             out.dropped = c.integer(0, row);
             out.missing = c.integer(1, row);
             out.quarantined = c.integer(2, row);
             out.waiting = c.integer(3, row);
           }));
  return out;
}

}  // namespace headrace::top
