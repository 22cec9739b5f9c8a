#include "collect/intake_recall.h"

#include <filesystem>
#include <functional>
#include <system_error>

#include "base/bytes.h"
#include "collect/open.h"
#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

using store::Chunk;
using store::Connection;

Status each_row(const Connection& connection, const std::string& sql,
                const std::function<void(const Chunk&, size_t)>& see) {
  Result<store::QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) see(rows->chunk(), r);
  }
  return {};
}

Status find(const Connection& connection, const std::string& which, Recalled* out,
            std::string* number) {
  return each_row(connection,
                  "SELECT uid, producer FROM producer_row WHERE " + which + " ORDER BY uid LIMIT 1",
                  [&](const Chunk& c, size_t r) {
                    out->producer = static_cast<ProducerId>(c.integer(0, r));
                    *number = std::to_string(c.integer(1, r));
                  });
}

Status read(const Connection& connection, const std::string& number, Recalled* out) {
  const std::string of = " WHERE producer = " + number;
  HEADRACE_RETURN_IF_ERROR(each_row(
      connection, "SELECT ring, max(past) FROM watermark" + of + " AND ring < 2 GROUP BY ring",
      [&](const Chunk& c, size_t r) {
        out->numbers[static_cast<size_t>(c.integer(0, r))] = static_cast<uint64_t>(c.integer(1, r));
      }));
  HEADRACE_RETURN_IF_ERROR(each_row(
      connection, "SELECT seq FROM task_slots" + of,
      [&](const Chunk& c, size_t r) { out->told.insert(static_cast<uint64_t>(c.integer(0, r))); }));
  HEADRACE_RETURN_IF_ERROR(
      each_row(connection, "SELECT seq FROM open_task" + of, [&](const Chunk& c, size_t r) {
        out->open_tasks.push_back(static_cast<TaskNumber>(c.integer(0, r)));
      }));
  HEADRACE_RETURN_IF_ERROR(each_row(
      connection,
      "SELECT workflow FROM workflow_record" + of + " GROUP BY workflow HAVING max(end_ns) IS NULL",
      [&](const Chunk& c, size_t r) { out->open_workflows.push_back(c.uuid(0, r)); }));
  HEADRACE_RETURN_IF_ERROR(
      each_row(connection, "SELECT seq, object, relation = 1, exact, name FROM edge_row" + of,
               [&](const Chunk& c, size_t r) {
                 out->told.insert(told_edge(static_cast<TaskNumber>(c.integer(0, r)), c.uuid(1, r),
                                            c.boolean(2, r), c.boolean(3, r), c.text(4, r)));
               }));
  return each_row(connection,
                  "SELECT l.seq, w.workflow, l.ts, l.stream, l.text, l.\"values\" FROM log_row l "
                  "LEFT JOIN workflow_row w ON w.wf = l.wf WHERE l.producer = " +
                      number,
                  [&](const Chunk& c, size_t r) {
                    ++out->rows[told_row(static_cast<TaskNumber>(c.integer(0, r)), c.uuid(1, r),
                                         c.integer(2, r), static_cast<uint8_t>(c.integer(3, r)),
                                         c.text(4, r), c.text(5, r))];
                  });
}

}  // namespace

uint64_t told_row(TaskNumber task, const Uuid& workflow, int64_t at_ns, uint8_t stream,
                  std::string_view text, std::string_view values_json) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u64(task);
  out.u64(workflow.high);
  out.u64(workflow.low);
  out.i64(at_ns);
  out.u8(stream);
  out.text(text);
  out.text(values_json);
  return told_key("row", bytes);
}

uint64_t told_edge(TaskNumber task, const Uuid& object, bool is_generated, bool is_exact,
                   std::string_view name) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u64(task);
  out.u64(object.high);
  out.u64(object.low);
  out.u8(is_generated ? 1 : 0);
  out.u8(is_exact ? 1 : 0);
  out.text(name);
  return told_key("edge", bytes);
}

Result<Recalled> recall(const Directory& directory, ProducerId producer, const std::string& kind,
                        const std::string& identity, const std::string& folder) {
  Recalled out;
  std::error_code error;
  if (!std::filesystem::exists(directory.store(), error) && list_segments(directory).empty()) {
    return out;
  }
  const Result<store::Store> store = open_for_change(directory);
  if (!store.ok()) {
    return store.status().with_context("cannot look up what is here of " + kind + " " + identity);
  }
  const Connection& connection = store->connection();
  std::string number;
  if (producer != 0) {
    HEADRACE_RETURN_IF_ERROR(find(connection, "uid = " + std::to_string(producer), &out, &number));
  }
  if (number.empty()) {
    const auto is = [](const char* key, const std::string& value) {
      return std::string("(facts::JSON->>'$.") + key + "') = " + store::sql_text(value);
    };
    HEADRACE_RETURN_IF_ERROR(find(connection,
                                  "facts IS NOT NULL AND " + is("source_kind", kind) + " AND " +
                                      is("source", identity) + " AND " +
                                      is("source_folder", folder),
                                  &out, &number));
  }
  if (number.empty()) return out;
  HEADRACE_RETURN_IF_ERROR(read(connection, number, &out));
  return out;
}

}  // namespace headrace::collect
