// headrace export parquet|csv|jsonl|prov-json|chrome-trace|flowcept PLACE
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "exchange/chrome_trace.h"
#include "exchange/flowcept_export.h"
#include "exchange/prov_json.h"
#include "exchange/tables.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

struct Options {
  std::string format;
  std::string place;
  exchange::ScopeChoice scope;
  std::vector<std::string> tables;
  bool inferred = false;
  bool force = false;
};

const std::map<std::string, exchange::TableFormat>& table_formats() {
  static const std::map<std::string, exchange::TableFormat> formats = {
      {"parquet", exchange::TableFormat::kParquet},
      {"csv", exchange::TableFormat::kCsv},
      {"jsonl", exchange::TableFormat::kJsonl}};
  return formats;
}

int write_tables(const Program& program, const Options& options, const query::Session& session) {
  exchange::TableChoice choice;
  choice.format = table_formats().at(options.format);
  choice.scope = options.scope;
  choice.tables = options.tables;
  choice.force = options.force;
  const auto files = exchange::export_tables(session, choice, options.place);
  if (!files.ok()) return program.fail(files.status());
  for (const exchange::TableFile& file : *files) {
    std::printf("%s\n", file.path.c_str());
    program.say("headrace: " + file.table + ": " + query::counted(file.rows, "row") +
                (file.note.empty() ? "" : "; " + file.note));
  }
  return kDone;
}

int write_export(const Program& program, const Options& options) {
  const bool tables = table_formats().contains(options.format);
  if (!tables && !options.tables.empty()) {
    return program.fail(invalid_argument("--table goes with parquet, csv and jsonl"));
  }
  if (options.inferred && options.format != "prov-json") {
    return program.fail(invalid_argument("--inferred goes with prov-json"));
  }
  const Result<query::Session> session = open_session(program);
  if (!session.ok()) return program.fail(session.status());
  if (tables) return write_tables(program, options, *session);
  if (options.format == "prov-json") {
    const auto counts = exchange::export_prov_json(
        *session, {options.scope, options.inferred, options.force}, options.place);
    if (!counts.ok()) return program.fail(counts.status());
    std::printf("%s\n", options.place.c_str());
    for (const auto& [kind, count] : *counts) {
      program.say("headrace: " + kind + ": " + query::grouped(count));
    }
    return kDone;
  }
  if (options.format == "flowcept") {
    const auto counts =
        exchange::export_flowcept(*session, {options.scope, options.force}, options.place);
    if (!counts.ok()) return program.fail(counts.status());
    std::printf("%s\n", options.place.c_str());
    program.say("headrace: " + query::counted(counts->workflows, "workflow") + ", " +
                query::counted(counts->tasks, "task") + ", " +
                query::counted(counts->agents, "agent") + ", " +
                query::counted(counts->objects, "object"));
    return kDone;
  }
  const auto count =
      exchange::export_chrome_trace(*session, {options.scope, options.force}, options.place);
  if (!count.ok()) return program.fail(count.status());
  std::printf("%s\n", options.place.c_str());
  program.say("headrace: " + query::counted(count->tasks, "task") + ", " +
              query::counted(count->samples, "sample") + ", " +
              query::counted(count->flows, "data flow"));
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "export", "Writes what was captured for other programs to read",
               "  headrace export parquet tables/                 every table, a file each\n"
               "  headrace export csv tasks.csv --campaign sweep  one table: the tasks\n"
               "  headrace export prov-json sweep.json            W3C PROV\n"
               "  headrace export chrome-trace trace.json         for Perfetto\n"
               "  headrace export flowcept buffer.jsonl           documents for Flowcept\n");
  verb->add_option("FORMAT", options->format,
                   "parquet, csv, jsonl, prov-json, chrome-trace or flowcept")
      ->required()
      ->check(CLI::IsMember({"parquet", "csv", "jsonl", "prov-json", "chrome-trace", "flowcept"}));
  verb->add_option("PLACE", options->place,
                   "The file; for tables a folder, or one file that ends like the format")
      ->required();
  verb->add_option("--campaign", options->scope.campaign, "This campaign alone")
      ->type_name("CAMPAIGN");
  verb->add_option("--workflow", options->scope.workflow, "This workflow alone")
      ->type_name("WORKFLOW");
  verb->add_option("--table", options->tables, "This table (may be repeated)")->type_name("TABLE");
  verb->add_flag("--inferred", options->inferred, "With edges that were guessed (marked)");
  verb->add_flag("--force", options->force, "Replaces files that are there already");
  program.runs(verb, [options, &program] { return write_export(program, *options); });
}

}  // namespace headrace::cli
