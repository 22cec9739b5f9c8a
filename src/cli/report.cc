// headrace report [WORKFLOW|CAMPAIGN] [--format html|md] [-o FILE]
#include <cstdio>
#include <iostream>
#include <memory>

#include "base/clock.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/open_session.h"
#include "report/card.h"
#include "report/document.h"

namespace headrace::cli {
namespace {

struct Options {
  report::ReportQuestion question;
  std::string file;
  std::string format;
  bool json = false;
  bool minimise = false;
  bool maximise = false;
};

Result<std::string> text_of(const query::Session& session, const Options& options) {
  if (options.json) {
    const Result<query::Json> document = report::report_json(session, options.question);
    if (!document.ok()) return document.status();
    return document->dump() + "\n";
  }
  if (options.format == "md") {
    return report::workflow_card(session, {options.question.of, options.question.made_by});
  }
  return report::report_page(session, options.question);
}

int write_report(const Program& program, Options options) {
  const Result<query::Session> session = open_session(program);
  if (!session.ok()) return program.fail(session.status());
  report::ReportQuestion& question = options.question;
  if (options.minimise || options.maximise) question.minimise = options.minimise;
  question.made_by = "headrace " HEADRACE_VERSION;
  question.made_at_ns = read_clock_ns(CLOCK_REALTIME);

  if (options.format.empty()) options.format = options.file.ends_with(".md") ? "md" : "html";
  if (options.file.empty()) options.file = options.format == "md" ? "-" : "report.html";
  const Result<std::string> text = text_of(*session, options);
  if (!text.ok()) return program.fail(text.status());
  if (options.file == "-") {
    std::cout.write(text->data(), static_cast<std::streamsize>(text->size()));
    std::cout.flush();
    return std::cout ? kDone : program.fail(io_error("cannot write to stdout", errno));
  }
  Result<WholeFile> file = WholeFile::open(options.file);
  if (!file.ok()) return program.fail(file.status());
  file->write(*text);
  if (const Status status = file->finish(); !status.ok()) return program.fail(status);
  std::printf("%s\n", options.file.c_str());
  return kDone;
}

}  // namespace

void add_report(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "report", "Writes a campaign or workflow as one HTML page or a Markdown card",
               "  headrace report                       the latest campaign, to report.html\n"
               "  headrace report sweep -o sweep.html\n"
               "  headrace report sweep --against sweep_before\n"
               "  headrace report train --format md     a card of the workflow, to stdout\n"
               "  headrace report train -o train.md\n"
               "  headrace report sweep --quality accuracy --maximise\n"
               "  headrace report sweep --object best.pt\n"
               "  headrace report sweep --json -o -     the page's data, to stdout\n");
  verb->add_option(
      "WHAT", options->question.of,
      "A campaign or workflow: its name, or the beginning of its id (default: the latest "
      "campaign)");
  CLI::Option* format =
      verb->add_option(
              "--format", options->format,
              "html, a page that needs nothing else, or md, a card (default: by the file's "
              "ending, else html)")
          ->type_name("FORMAT")
          ->check(CLI::IsMember({"html", "md"}));
  verb->add_option("-o,--output", options->file,
                   "The file; - writes to stdout (default: report.html, of md stdout)")
      ->type_name("FILE");
  verb->add_option("--against", options->question.against,
                   "Another of the same kind: what differs from it is shown")
      ->type_name("OTHER");
  verb->add_option(
          "--quality", options->question.quality,
          "The generated value that says how good a result is (default: found by its name)")
      ->type_name("NAME");
  CLI::Option* minimise =
      verb->add_flag("--minimise,--minimize", options->minimise, "Small quality is good");
  verb->add_flag("--maximise,--maximize", options->maximise, "Large quality is good")
      ->excludes(minimise);
  verb->add_option("--activity", options->question.activity, "Which tasks are compared")
      ->type_name("NAME");
  verb->add_option("--object", options->question.object,
                   "Whose lineage is shown (default: the best configuration's model)")
      ->type_name("OBJECT");
  verb->add_option("--most-tasks", options->question.most_tasks,
                   "Tasks in the timeline: failed ones and the longest are kept")
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--json", options->json,
                 "Writes the page's data instead (schema/report.schema.json)")
      ->excludes(format);
  program.runs(verb, [options, &program] { return write_report(program, *options); });
}

}  // namespace headrace::cli
