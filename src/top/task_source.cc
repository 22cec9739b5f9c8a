#include "top/task_source.h"

#include <utility>

#include "base/clock.h"
#include "query/filter_sql.h"
#include "store/registry.h"
#include "store/task_view.h"

namespace headrace::top {
namespace {

constexpr const char* kColumns = "wf, activity, status, ts, dur, producer, seq";

}  // namespace

Result<TaskSource> TaskSource::open(const query::Session& session, const query::Filter* filter) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  TaskSource out(std::move(*connection));
  if (filter == nullptr || filter->is_everything()) return out;
  const Result<store::Registry> registry = store::Registry::load(out.connection_);
  if (!registry.ok()) return registry.status();
  query::FilterSql sql(query::FilterView::kTask, *registry, now_realtime_ns());
  Result<std::string> condition = sql.condition(*filter);
  if (!condition.ok()) return condition.status();
  out.where_ = *condition;
  for (const char* column : {"wf", "activity", "status", "ts", "dur", "producer", "seq"}) {
    out.columns_ += (out.columns_.empty() ? "" : ", ") + sql.raw(column);
  }
  out.producer_ = sql.raw("producer");
  out.number_ = sql.raw("seq");
  HEADRACE_RETURN_IF_ERROR(out.connection_.run(store::task_view_sql(*registry, sql.task_view())));
  return out;
}

std::string TaskSource::taken_of(const std::string& table, const std::string& condition) const {
  if (where_.empty()) return std::string("SELECT ") + kColumns + " FROM " + table + condition;
  return "SELECT " + columns_ + " FROM task WHERE " + where_ + " AND (" + producer_ + ", " +
         number_ + ") IN (SELECT (producer, seq) FROM " + table + condition + ")";
}

std::string TaskSource::ended_after(int64_t row) const {
  return taken_of("task_slots", " WHERE rowid > " + std::to_string(row));
}

std::string TaskSource::open_tasks() const { return taken_of("open_task", ""); }

}  // namespace headrace::top
