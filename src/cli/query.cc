// headrace query "SQL" [--filter FILTER] [--limited]
#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/filter_names.h"
#include "query/limited_query.h"

namespace headrace::cli {
namespace {

struct QueryOptions {
  std::string sql;
  std::string filter;
  bool is_limited = false;
  double timeout_s = 10;
  uint64_t memory_bytes = query::QueryLimits().memory_bytes;
  Output output;
};

Result<query::ResultTable> rows_of(const query::Session& session, const QueryOptions& o,
                                   const std::string& sql) {
  if (o.filter.empty()) return session.sql(sql);
  const Result<query::Filter> filter =
      query::known_filter(session, o.filter, query::FilterView::kTask);
  if (!filter.ok()) return filter.status();
  return session.sql(sql.empty() ? "FROM task" : sql, *filter);
}

// In a process of its own, which reads the store that this one has brought up to date.
int run_limited(const Program& program, const QueryOptions& o, const std::string& sql) {
  if (const Result<query::Session> session = open_session(program); !session.ok()) {
    return program.fail(session.status());
  }
  query::QueryLimits limits;
  limits.wall_ms = static_cast<int64_t>(o.timeout_s * 1000);
  limits.cpu_s = static_cast<int64_t>(std::ceil(o.timeout_s)) * limits.threads;
  limits.memory_bytes = o.memory_bytes;
  if (o.output.rows() != 0) limits.rows = std::min(limits.rows, o.output.rows());
  query::LimitedQueries queries("/proc/self/exe", 1);
  const Result<query::LimitedAnswer> answer = queries.run(
      {program.root(), sql, o.filter, o.output.format(), o.output.is_colored(program)}, limits);
  if (!answer.ok()) {
    const bool was_stopped = answer.status().code() == StatusCode::kExhausted;
    return program.fail(was_stopped
                            ? answer.status().with_advice("--timeout and --memory allow more")
                            : answer.status());
  }
  if (!answer->note.empty()) program.say("headrace: " + answer->note);
  return emit_written(program, o.output, [&](const query::Sink& sink) -> Result<query::Written> {
    HEADRACE_RETURN_IF_ERROR(sink(answer->bytes));
    return answer->written;
  });
}

}  // namespace

void add_query(CLI::App& app, Program& program) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* verb = add_verb(
      app, "query", "Runs one SQL query on the store, read-only",
      "  headrace query \"SELECT activity, count(*) AS tasks, "
      "avg(duration_s) FROM task GROUP BY 1\"\n"
      "  headrace query \"SELECT task_id, used.lr, generated.loss FROM task "
      "WHERE used.lr < 1e-3\"\n"
      "  headrace query --filter 'activity:train energy>1kJ' \"SELECT avg(used.lr) FROM task\"\n"
      "  headrace query --format csv -o energy.csv \"FROM task_energy\"\n"
      "  headrace query --timeout 5 --memory 512MB - < question.sql\n"
      "  headrace query \"SHOW TABLES\"\n");
  CLI::Option* sql = verb->add_option("SQL", options->sql, "The query; - reads it from stdin")
                         ->option_text("SQL or -  [or --filter]");
  verb->add_option("--filter", options->filter,
                   "`task` is only the tasks that pass this filter (docs/filter.md); without SQL "
                   "they are the answer")
      ->type_name("FILTER");
  verb->add_flag("--limited", options->is_limited,
                 "In a process of its own that can read the store and nothing else, within a time, "
                 "a memory and 100,000 rows: for SQL that somebody else wrote");
  CLI::Option* timeout =
      verb->add_option("--timeout", options->timeout_s, "Limited, and to so long (10)")
          ->check(CLI::PositiveNumber)
          ->type_name("SECONDS");
  CLI::Option* memory =
      verb->add_option("--memory", options->memory_bytes, "Limited, and to so much (1GB)")
          ->transform(CLI::AsSizeValue(true))
          ->type_name("SIZE");
  add_output_options(verb, options->output);
  program.runs(verb, [options, sql, timeout, memory, &program]() -> int {
    if (sql->count() == 0 && options->filter.empty()) {
      return program.fail(invalid_argument("a query is missing: SQL, or --filter FILTER"));
    }
    std::string text = options->sql;
    if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (options->is_limited || timeout->count() > 0 || memory->count() > 0) {
      return run_limited(program, *options, text);
    }
    Result<query::Session> session = open_last_session(program);
    if (!session.ok()) return program.fail(session.status());
    Result<query::ResultTable> table = rows_of(*session, *options, text);
    if (!table.ok()) return program.fail(table.status());
    return emit(program, options->output, std::move(*table));
  });
}

}  // namespace headrace::cli
