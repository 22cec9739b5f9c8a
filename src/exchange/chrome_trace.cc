#include "exchange/chrome_trace.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange/lanes.h"
#include "exchange/target.h"
#include "store/arrow.h"

namespace headrace::exchange {
namespace {

// Tables of the connection's own: narrow ones, so that a million tasks are ordered in little
// memory. A flow leaves a nanosecond before the end, inside the task: a viewer binds an arrow to
// the innermost slice around it.
std::string prepare_sql(const Scope& scope) {
  return "CREATE TEMP TABLE trace_sample AS SELECT epoch_ns(time) AS at_ns, sensor, value, "
         "coalesce(hostname, '') AS hostname, coalesce(pid, 0) AS pid "
         "FROM sample" +
         scope.where("sample") +
         ";\n"
         "CREATE TEMP TABLE trace_process AS SELECT hostname, pid, "
         "row_number() OVER (ORDER BY hostname, pid) AS process FROM "
         "(SELECT coalesce(hostname, '') AS hostname, coalesce(pid, 0) AS pid FROM task" +
         scope.where("task") +
         " UNION SELECT hostname, pid FROM trace_sample);\n"
         "CREATE TEMP TABLE trace_span AS SELECT t.task_id, p.process, coalesce(t.thread, 0) AS "
         "thread, epoch_ns(t.started_at) AS begin_ns, epoch_ns(t.ended_at) AS end_ns "
         "FROM (FROM task" +
         scope.where("task") +
         ") t JOIN trace_process p ON p.hostname = coalesce(t.hostname, '') "
         "AND p.pid = coalesce(t.pid, 0) WHERE t.started_at IS NOT NULL;\n"
         "UPDATE trace_span SET end_ns = greatest(begin_ns, (SELECT greatest("
         "(SELECT max(greatest(begin_ns, end_ns)) FROM trace_span), "
         "(SELECT max(at_ns) FROM trace_sample)))) WHERE end_ns IS NULL;\n"
         "CREATE TEMP TABLE trace_task AS SELECT *, row_number() OVER () - 1 AS ordinal FROM "
         "(FROM trace_span ORDER BY process, thread, begin_ns, end_ns DESC, task_id);\n"
         "DROP TABLE trace_span;\n";
}

constexpr const char* kSpans =
    "SELECT process, thread, begin_ns, end_ns FROM trace_task ORDER BY ordinal";

constexpr const char* kTasks =
    "SELECT x.process, x.ordinal, x.begin_ns, x.end_ns, to_json(t.activity)::VARCHAR, "
    "json_merge_patch('{}', json_object('task_id', t.task_id::VARCHAR, 'status', t.status, "
    "'workflow_id', t.workflow_id::VARCHAR, 'campaign', t.campaign))::VARCHAR, "
    "t.used::VARCHAR, t.generated::VARCHAR "
    "FROM task t JOIN trace_task x ON t.task_id = x.task_id";

constexpr const char* kFlows =
    "SELECT a.process, a.ordinal, greatest(a.begin_ns, least(a.end_ns, b.begin_ns) - 1), "
    "b.process, b.ordinal, b.begin_ns FROM edge g JOIN edge u ON u.from_id = g.to_id "
    "JOIN trace_task a ON a.task_id = g.from_id JOIN trace_task b ON b.task_id = u.to_id "
    "WHERE g.relation = 'generated' AND u.relation = 'used' AND g.exact AND u.exact "
    "AND g.from_id <> u.to_id AND a.begin_ns < b.begin_ns";

constexpr const char* kSamples =
    "SELECT p.process, s.at_ns, to_json(s.sensor)::VARCHAR, s.value FROM trace_sample s "
    "JOIN trace_process p ON p.hostname = s.hostname AND p.pid = s.pid "
    "WHERE isfinite(s.value) ORDER BY s.at_ns";

// "tune (vm pid 42)"; of several workflows of a process the first is named.
constexpr const char* kProcesses =
    "SELECT p.process, to_json(CASE WHEN w.names IS NULL THEN p.place ELSE w.names || ' (' || "
    "p.place || ')' END)::VARCHAR FROM (SELECT *, hostname || ' pid ' || pid AS place "
    "FROM trace_process) p LEFT JOIN (SELECT coalesce(hostname, '') AS hostname, "
    "coalesce(pid, 0) AS pid, arg_min(name, started_at) || CASE WHEN count(DISTINCT name) > 1 "
    "THEN ' and ' || (count(DISTINCT name) - 1) || ' more' ELSE '' END AS names FROM workflow "
    "WHERE name IS NOT NULL GROUP BY 1, 2) w ON w.hostname = p.hostname AND w.pid = p.pid "
    "ORDER BY p.process";

// Whole nanoseconds as microseconds: "12.345".
std::string microseconds(int64_t ns) {
  char out[32];
  static_cast<void>(std::snprintf(out, sizeof out, "%lld.%03d", static_cast<long long>(ns / 1000),
                                  static_cast<int>(ns % 1000)));
  return out;
}

class TraceWriter {
 public:
  TraceWriter(WholeFile& target, int64_t origin_ns) : target_(target), origin_ns_(origin_ns) {}

  void event(const std::string& members) {
    target_.write((first_ ? "\n{" : ",\n{") + members + "}");
    first_ = false;
  }
  std::string at(int64_t ns) const { return ",\"ts\":" + microseconds(ns - origin_ns_); }
  static std::string place(int64_t process, int64_t track) {
    return ",\"pid\":" + std::to_string(process) + ",\"tid\":" + std::to_string(track);
  }
  void name_process(int64_t process, std::string_view json) {
    event(R"("ph":"M","name":"process_name")" + place(process, 0) + R"(,"args":{"name":)" +
          std::string(json) + "}");
  }

  // Spans come by process, thread and begin. Returns the track.
  int64_t track(int64_t process, int64_t thread, int64_t begin_ns, int64_t end_ns) {
    if (process != process_) tracks_.clear();
    if (process != process_ || thread != thread_) lanes_.clear();
    process_ = process;
    thread_ = thread;
    const size_t lane = lanes_.place(begin_ns, end_ns);
    const auto [found, fresh] =
        tracks_.emplace(std::pair(thread, lane), static_cast<int64_t>(tracks_.size()) + 1);
    if (fresh) {
      const std::string name = "thread " + std::to_string(thread) +
                               (lane == 0 ? "" : " (" + std::to_string(lane + 1) + ")");
      event(R"("ph":"M","name":"thread_name")" + place(process, found->second) +
            R"(,"args":{"name":")" + name + "\"}");
    }
    return found->second;
  }

 private:
  WholeFile& target_;
  int64_t origin_ns_;
  bool first_ = true;
  int64_t process_ = -1;
  int64_t thread_ = -1;
  Lanes lanes_;
  std::map<std::pair<int64_t, size_t>, int64_t> tracks_;  // of (thread, lane), in one process
};

void write_task(TraceWriter& trace, const store::Chunk& chunk, size_t row, int64_t track) {
  const int64_t begin_ns = chunk.integer(2, row);
  const int64_t end_ns = std::max(begin_ns, chunk.integer(3, row));
  std::string args(chunk.text(5, row));
  args.pop_back();
  for (const auto& [name, column] : {std::pair("used", 6), std::pair("generated", 7)}) {
    const std::string_view values = chunk.text(static_cast<size_t>(column), row);
    if (values.empty() || values == "{}") continue;
    args += std::string(",\"") + name + "\":" + std::string(values);
  }
  trace.event(R"("ph":"X","cat":"task","name":)" + std::string(chunk.text(4, row)) +
              TraceWriter::place(chunk.integer(0, row), track) + trace.at(begin_ns) +
              ",\"dur\":" + microseconds(end_ns - begin_ns) + ",\"args\":" + args + "}");
}

template <typename Each>
Status each_row(const Scope& scope, const char* sql, Each&& each) {
  Result<store::QueryResult> rows = store::stream(scope.connection(), sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) each(rows->chunk(), row);
  }
  return store::stream_status(*rows);
}

}  // namespace

Result<TraceCount> export_chrome_trace(const query::Session& session, const TraceChoice& choice,
                                       const std::filesystem::path& file) {
  Result<WholeFile> target = open_target(file, choice.force);
  if (!target.ok()) return target.status();
  const Result<Scope> scope = Scope::open(session, choice.scope);
  if (!scope.ok()) return scope.status();
  HEADRACE_RETURN_IF_ERROR(scope->connection().run(prepare_sql(*scope)));
  const Result<int64_t> origin_ns = scope->connection().integer(
      "SELECT coalesce(least((SELECT min(begin_ns) FROM trace_task), "
      "(SELECT min(at_ns) FROM trace_sample)), 0)");
  if (!origin_ns.ok()) return origin_ns.status();
  const Result<std::string> origin =
      scope->connection().text("SELECT replace(CAST(make_timestamp_ns(" +
                               std::to_string(*origin_ns) + ") AS VARCHAR), ' ', 'T') || 'Z'");
  if (!origin.ok()) return origin.status();

  target->write(R"({"displayTimeUnit":"ms","otherData":{"producer":"headrace","origin":")" +
                *origin + "\"},\n\"traceEvents\":[");
  TraceWriter trace(*target, *origin_ns);
  TraceCount count;
  HEADRACE_RETURN_IF_ERROR(each_row(*scope, kProcesses, [&](const store::Chunk& chunk, size_t row) {
    trace.name_process(chunk.integer(0, row), chunk.text(1, row));
  }));
  std::vector<int64_t> tracks;  // by ordinal
  const auto track_of = [&tracks](int64_t ordinal) { return tracks[static_cast<size_t>(ordinal)]; };
  HEADRACE_RETURN_IF_ERROR(each_row(*scope, kSpans, [&](const store::Chunk& chunk, size_t row) {
    const int64_t begin_ns = chunk.integer(2, row);
    tracks.push_back(trace.track(chunk.integer(0, row), chunk.integer(1, row), begin_ns,
                                 std::max(begin_ns, chunk.integer(3, row))));
  }));
  HEADRACE_RETURN_IF_ERROR(each_row(*scope, kTasks, [&](const store::Chunk& chunk, size_t row) {
    write_task(trace, chunk, row, track_of(chunk.integer(1, row)));
    ++count.tasks;
  }));
  HEADRACE_RETURN_IF_ERROR(each_row(*scope, kFlows, [&](const store::Chunk& chunk, size_t row) {
    const std::string flow =
        ",\"id\":" + std::to_string(++count.flows) + R"(,"cat":"data","name":"object")";
    trace.event(R"("ph":"s")" + flow +
                TraceWriter::place(chunk.integer(0, row), track_of(chunk.integer(1, row))) +
                trace.at(chunk.integer(2, row)));
    trace.event(R"("ph":"f","bp":"e")" + flow +
                TraceWriter::place(chunk.integer(3, row), track_of(chunk.integer(4, row))) +
                trace.at(chunk.integer(5, row)));
  }));
  HEADRACE_RETURN_IF_ERROR(each_row(*scope, kSamples, [&](const store::Chunk& chunk, size_t row) {
    char value[32];
    static_cast<void>(std::snprintf(value, sizeof value, "%.17g", chunk.real(3, row)));
    trace.event(R"("ph":"C","name":)" + std::string(chunk.text(2, row)) +
                TraceWriter::place(chunk.integer(0, row), 0) + trace.at(chunk.integer(1, row)) +
                R"(,"args":{"value":)" + value + "}");
    ++count.samples;
  }));
  target->write("\n]}\n");
  HEADRACE_RETURN_IF_ERROR(target->finish());
  return count;
}

}  // namespace headrace::exchange
