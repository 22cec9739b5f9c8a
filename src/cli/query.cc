// headrace query "SQL" [--filter FILTER]
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/filter_names.h"

namespace headrace::cli {
namespace {

struct QueryOptions {
  std::string sql;
  std::string filter;
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
      "  headrace query - < question.sql\n"
      "  headrace query \"SHOW TABLES\"\n");
  CLI::Option* sql = verb->add_option("SQL", options->sql, "The query; - reads it from stdin")
                         ->option_text("SQL or -  [or --filter]");
  verb->add_option("--filter", options->filter,
                   "`task` is only the tasks that pass this filter (docs/filter.md); without SQL "
                   "they are the answer")
      ->type_name("FILTER");
  add_output_options(verb, options->output);
  program.runs(verb, [options, sql, &program]() -> int {
    if (sql->count() == 0 && options->filter.empty()) {
      return program.fail(invalid_argument("a query is missing: SQL, or --filter FILTER"));
    }
    std::string text = options->sql;
    if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
    Result<query::Session> session = open_session(program);
    if (!session.ok()) return program.fail(session.status());
    Result<query::ResultTable> table = rows_of(*session, *options, text);
    if (!table.ok()) return program.fail(table.status());
    return emit(program, options->output, std::move(*table));
  });
}

}  // namespace headrace::cli
