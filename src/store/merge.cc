#include "store/merge.h"

#include <algorithm>
#include <string>

#include "store/merge_numbers.h"
#include "store/merge_records.h"
#include "store/merge_tasks.h"
#include "store/writer.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

struct Count {
  int64_t Merged::*to;
  const char* rows;
};
constexpr Count kCounts[] = {
    {&Merged::tasks, "(SELECT count(*) FROM task_slots) + (SELECT count(*) FROM open_task)"},
    {&Merged::workflows, "(SELECT count(*) FROM workflow_row)"},
    {&Merged::campaigns, "(SELECT count(*) FROM campaign_row)"},
    {&Merged::objects, "(SELECT count(*) FROM object_row)"},
    {&Merged::edges, "(SELECT count(*) FROM edge_row)"},
    {&Merged::samples, "(SELECT count(*) FROM sample_row)"},
    {&Merged::log_rows, "(SELECT count(*) FROM log_row)"},
    {&Merged::quarantined, "(SELECT count(*) FROM quarantine_row)"},
    {&Merged::words, "(SELECT count(*) FROM amendment WHERE action <> 'remove')"},
    {&Merged::producers, "(SELECT count(*) FROM producer_row)"},
};

// Adds how much there is of everything now, times `sign`.
Status count(const Connection& connection, int64_t sign, Merged& merged) {
  for (const Count& one : kCounts) {
    const Result<int64_t> n = connection.integer(std::string("SELECT ") + one.rows);
    if (!n.ok()) return n.status();
    merged.*one.to += sign * *n;
  }
  return {};
}

Status count_removed(const Connection& connection, Merged& merged) {
  const auto removed = [&](const std::string& by, const std::string& has) {
    return connection.integer("SELECT count(DISTINCT w.workflow) FROM " + has +
                              "workflow_row w JOIN " + by +
                              "amendment a ON a.action = 'remove' AND (a.id = w.workflow OR a.id = "
                              "w.campaign)");
  };
  const Result<int64_t> out = removed("main.", "incoming.");
  if (!out.ok()) return out.status();
  const Result<int64_t> here = removed("incoming.", "main.");
  if (!here.ok()) return here.status();
  merged.kept_out = *out;
  merged.kept_here = *here;
  return {};
}

// Calls `touch` with each id that the query gives.
template <typename Touch>
Status each_id(const Connection& connection, const std::string& sql, Touch&& touch) {
  Result<QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) touch(rows->chunk().uuid(0, r));
  }
  return {};
}

// What is computed from records is computed again by the writer's commit.
Status touch(const Connection& connection, const MergeNumbers& numbers, Writer& writer) {
  const auto of_news = [](const char* id, const char* table) {
    return std::string("SELECT DISTINCT ") + id + " FROM " + table +
           " WHERE producer IN (SELECT new FROM merge_news)";
  };
  HEADRACE_RETURN_IF_ERROR(each_id(connection, of_news("workflow", "workflow_record"),
                                   [&](const Uuid& id) { writer.touch_workflow(id); }));
  HEADRACE_RETURN_IF_ERROR(each_id(connection, of_news("object", "object_record"),
                                   [&](const Uuid& id) { writer.touch_object(id); }));
  HEADRACE_RETURN_IF_ERROR(each_id(connection, of_news("campaign", "campaign_record"),
                                   [&](const Uuid& id) { writer.touch_campaign(id); }));
  for (const uint32_t producer : numbers.news()) writer.touch_numbers(producer);
  return {};
}

Result<Merged> merge_attached(Store& into, const Registry& incoming) {
  const Connection& connection = into.connection();
  Merged merged;
  HEADRACE_RETURN_IF_ERROR(count_removed(connection, merged));
  HEADRACE_RETURN_IF_ERROR(count(connection, -1, merged));
  Result<Writer> writer = Writer::open(connection);
  if (!writer.ok()) return writer.status();
  HEADRACE_RETURN_IF_ERROR(writer->begin());
  const Result<MergeNumbers> numbers = MergeNumbers::make(connection, *writer, incoming);
  if (!numbers.ok()) return numbers.status();
  HEADRACE_RETURN_IF_ERROR(
      merge_tasks(connection, *numbers,
                  std::min(incoming.exclusive_columns().size(), writer->exclusive_columns())));
  HEADRACE_RETURN_IF_ERROR(merge_records(connection));
  HEADRACE_RETURN_IF_ERROR(merge_marks(connection));
  HEADRACE_RETURN_IF_ERROR(merge_amendments(connection, into.file()));
  HEADRACE_RETURN_IF_ERROR(touch(connection, *numbers, *writer));
  HEADRACE_RETURN_IF_ERROR(writer->commit());
  HEADRACE_RETURN_IF_ERROR(count(connection, 1, merged));
  return merged;
}

}  // namespace

Result<Merged> merge(Store& into, const fs::path& file) {
  Result<Registry> incoming = [&file]() -> Result<Registry> {
    const Result<Store> other = Store::open(file, OpenMode::kReadOnly);
    if (!other.ok()) return other.status();
    return Registry::load(other->connection());
  }();
  if (!incoming.ok()) return incoming.status();
  const Connection& connection = into.connection();
  HEADRACE_RETURN_IF_ERROR(
      connection.run("ATTACH " + sql_text(file.string()) + " AS incoming (READ_ONLY)"));
  Result<Merged> merged = merge_attached(into, *incoming);
  const Status detached = connection.run("DETACH incoming");
  if (!merged.ok()) {
    return merged.status().with_context("cannot merge " + file.string() + " (nothing was changed)");
  }
  HEADRACE_RETURN_IF_ERROR(detached);
  return merged;
}

}  // namespace headrace::store
