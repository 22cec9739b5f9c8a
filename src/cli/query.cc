// headrace query "SQL"
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"

namespace headrace::cli {

void add_query(CLI::App& app, Program& program) {
  struct Options {
    std::string sql;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(app, "query", "Runs one SQL query on the store, read-only",
                            "  headrace query \"SELECT activity, count(*) AS tasks, "
                            "avg(duration_s) FROM task GROUP BY 1\"\n"
                            "  headrace query \"SELECT task_id, used.lr, generated.loss FROM task "
                            "WHERE used.lr < 1e-3\"\n"
                            "  headrace query --format csv -o energy.csv \"FROM task_energy\"\n"
                            "  headrace query - < question.sql\n"
                            "  headrace query \"SHOW TABLES\"\n");
  verb->add_option("SQL", options->sql, "The query; - reads it from stdin")
      ->required()
      ->option_text("SQL or -  [required]");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program]() -> int {
    std::string sql = options->sql;
    if (sql == "-") sql.assign(std::istreambuf_iterator<char>(std::cin), {});
    Result<query::Session> session = open_session(program);
    if (!session.ok()) return program.fail(session.status());
    Result<query::ResultTable> table = session->sql(sql);
    if (!table.ok()) return program.fail(table.status());
    return emit(program, options->output, std::move(*table));
  });
}

}  // namespace headrace::cli
