#include "query/limited_session.h"

#include <algorithm>
#include <utility>

#include "query/filter_names.h"
#include "query/process_bounds.h"
#include "query/table_json.h"
#include "query/units.h"

namespace headrace::query {
namespace {

// DuckDB counts most of its memory, but not all; its own error is the better one to end with.
constexpr uint64_t kCounted = 2;

// The last one keeps all others as they are.
constexpr const char* kLocks =
    "SET temp_directory = '';"
    "SET enable_external_access = false;"
    "SET disabled_filesystems = 'LocalFileSystem';"
    "SET enable_logging = false;"
    "SET enable_progress_bar = false;"
    "SET lock_configuration = true";

Result<ResultTable> rows_of(const Session& session, const LimitedQuestion& question) {
  if (question.filter.empty()) return session.sql(question.sql);
  const Result<Filter> filter = known_filter(session, question.filter, FilterView::kTask);
  if (!filter.ok()) return filter.status();
  return session.sql(question.sql.empty() ? "FROM task" : question.sql, *filter);
}

// In the words of who asked: DuckDB speaks of its configuration.
Status told(const QueryLimits& limits, const Status& status) {
  if (status.code() == StatusCode::kExhausted) return out_of_memory(limits);
  for (const char* refused :
       {"disabled by configuration", "disabled through configuration", "but it exists in the "}) {
    if (status.message().find(refused) == std::string::npos) continue;
    const size_t place = status.message().find("\nLINE ");
    return invalid_argument("a query reads the store alone: no files, no network, no extensions" +
                            (place == std::string::npos ? "" : status.message().substr(place)));
  }
  return status;
}

Result<Written> written_as(const LimitedQuestion& question, ResultTable table, const Sink& sink) {
  if (!question.in_columns)
    return write_as(question.format, std::move(table), 0, question.color, sink);
  // Within the memory of this process, and cut to its rows before.
  std::string out = "{";
  HEADRACE_RETURN_IF_ERROR(append_table_json(table, 0, std::nullopt, &out));
  HEADRACE_RETURN_IF_ERROR(sink(out + "}"));
  return Written{};
}

}  // namespace

Status out_of_memory(const QueryLimits& limits) {
  return exhausted("the query was stopped: it needs more than the " +
                   bytes_text(static_cast<double>(limits.memory_bytes)) +
                   " of memory it may have; narrow it with WHERE, group before joining, or ask for "
                   "fewer rows");
}

Status out_of_room(const QueryLimits& limits) {
  return exhausted("the answer is longer than the " +
                   bytes_text(static_cast<double>(limits.answer_bytes)) +
                   " it may have; select fewer columns, or fewer rows with LIMIT");
}

Result<Session> open_limited(const LimitedRequest& request, std::string* note) {
  const QueryLimits& limits = request.limits;
  HEADRACE_RETURN_IF_ERROR(bound_resources(limits.memory_bytes, limits.cpu_s));
  store::StoreOptions options;
  options.wait_ms = static_cast<int>(std::min(limits.wait_ms, limits.wall_ms / 2));
  options.memory_limit = std::to_string(limits.memory_bytes / kCounted >> 20U) + "MiB";
  options.threads = limits.threads;
  Result<Session> session = Session::open(request.question.root, options);
  if (!session.ok()) return session;
  HEADRACE_RETURN_IF_ERROR(
      session->store().connection().run(kLocks).with_context("cannot lock DuckDB's settings"));
  *note = session->note();
  if (const Status bounded = bound_calls(); !bounded.ok()) {
    *note += (note->empty() ? "" : "; ") + bounded.message() +
             ", so only DuckDB's own locks keep this query from files";
  }
  return session;
}

Result<LimitedAnswer> answer_limited(const Session& session, const LimitedRequest& request,
                                     const Sink& sink) {
  const QueryLimits& limits = request.limits;
  Result<ResultTable> table = rows_of(session, request.question);
  if (!table.ok()) return told(limits, table.status());
  const auto has_more = table->keep_first(limits.rows);
  uint64_t written_bytes = 0;
  const Sink bounded = [&](std::string_view bytes) {
    written_bytes += bytes.size();
    return written_bytes > limits.answer_bytes ? unavailable("") : sink(bytes);
  };
  const Result<Written> written = written_as(request.question, std::move(*table), bounded);
  if (written_bytes > limits.answer_bytes) return out_of_room(limits);
  if (!written.ok()) return told(limits, written.status());
  LimitedAnswer answer;
  answer.written = *written;
  answer.written.has_more = *has_more;
  answer.written.shown = *has_more ? limits.rows : written->shown;
  return answer;
}

}  // namespace headrace::query
