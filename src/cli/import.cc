// headrace import OTHER, headrace import KIND SOURCE
#include "collect/import.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/counted.h"
#include "cli/pause.h"
#include "exchange/importer.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

struct ImportOptions {
  std::vector<std::string> words;  // OTHER, or KIND SOURCE
  std::string name;
  bool follow = false;
  std::optional<double> idle_s;
  double every_s = 1;
  bool json = false;
};

void print(const collect::Imported& done, const std::string& other, bool json) {
  const store::Merged& m = done.merged;
  const std::vector<Counted> counts = {{"task", m.tasks},
                                       {"workflow", m.workflows},
                                       {"campaign", m.campaigns},
                                       {"object", m.objects},
                                       {"edge", m.edges},
                                       {"sample", m.samples},
                                       {"log row", m.log_rows},
                                       {"quarantined place", m.quarantined},
                                       {"tag or note", m.words, "tags and notes"},
                                       {"segment", static_cast<int64_t>(done.segments)},
                                       {"blob", static_cast<int64_t>(done.blobs)}};
  if (json) {
    print_json(counts);
  } else if (m.is_nothing() && done.blobs == 0) {
    std::printf("nothing new in %s\n", other.c_str());
  } else {
    std::printf("%s from %s\n", listed(counts).c_str(), other.c_str());
  }
}

int import_other(const std::string& other, bool json, const Program& program) {
  end_on_interrupt();
  collect::OpenOptions options;
  options.store.on_wait = [&program](const std::string& why) { program.say("headrace: " + why); };
  const Result<collect::Imported> done =
      collect::import_folder(Directory{program.root()}, other, options);
  if (!done.ok()) return program.fail(done.status());
  for (const std::string& note : done->notes) program.say("headrace: " + note);
  if (done->merged.kept_out > 0) {
    program.say(
        "headrace: " + query::counted(static_cast<uint64_t>(done->merged.kept_out), "workflow") +
        " had been removed here and stayed out");
  }
  if (done->merged.kept_here > 0) {
    program.say(
        "headrace: " + query::counted(static_cast<uint64_t>(done->merged.kept_here), "workflow") +
        " had been removed there and stayed here");
  }
  print(*done, other, json);
  return kDone;
}

std::string kinds() {
  std::string out;
  for (const exchange::Importer& one : exchange::importers()) {
    out += (out.empty() ? "" : ", ") + std::string(one.kind) + " (" + std::string(one.reads) + ")";
  }
  return out.empty() ? "none" : out;
}

// What came since the report before.
void print(const collect::IntakeReport& now, const collect::IntakeReport& before,
           const std::string& source, bool json) {
  const auto since = [](uint64_t n, uint64_t m) { return static_cast<int64_t>(n - m); };
  std::vector<Counted> counts = {
      {"task", since(now.tasks, before.tasks)},
      {"workflow record", since(now.workflows, before.workflows)},
      {"object", since(now.objects, before.objects)},
      {"row of metrics", since(now.rows, before.rows), "rows of metrics"},
      {"line", since(now.lines, before.lines)},
      {"edge", since(now.edges, before.edges)},
      {"quarantined piece", since(now.quarantined, before.quarantined)},
      {"shortened record", since(now.shortened, before.shortened)},
      {"secret taken out", since(now.redacted, before.redacted), "secrets taken out"}};
  if (json) {
    counts.push_back({"running task", static_cast<int64_t>(now.open)});
    counts.push_back({"known", since(now.known, before.known), "known"});
    print_json(counts);
  } else {
    const std::string list = listed(counts);
    if (list == "nothing") {
      std::printf("nothing new in %s\n", source.c_str());
    } else {
      std::printf("%s from %s\n", list.c_str(), source.c_str());
    }
  }
  std::fflush(stdout);
}

bool is_same(const collect::IntakeReport& a, const collect::IntakeReport& b) {
  return a.tasks == b.tasks && a.workflows == b.workflows && a.objects == b.objects &&
         a.rows == b.rows && a.lines == b.lines && a.edges == b.edges &&
         a.quarantined == b.quarantined;
}

int stopped(const std::string& source, const Program& program) {
  program.say("headrace: stopped; what was read of " + source +
              " is kept, and the same command goes on from there");
  return kDone;
}

int import_source(const exchange::Importer& importer, const ImportOptions& o,
                  const Program& program) {
  const Pause pause;
  const std::string& from = o.words[1];
  Result<exchange::OpenedSource> opened = importer.open(from, o.name);
  if (!opened.ok()) return program.fail(opened.status());
  Result<collect::Intake> intake = collect::Intake::open(Directory{program.root()}, opened->source);
  if (!intake.ok()) return program.fail(intake.status());
  size_t said = 0;
  collect::IntakeReport before;
  int64_t news_ns = now_monotonic_ns();
  bool is_stopped = false;
  const auto stop = [&] { return is_stopped = is_stopped || !pause(0); };
  while (true) {
    const Status read = opened->reader->read(*intake, stop);
    const std::vector<std::string> notes = opened->reader->notes();
    for (; said < notes.size(); ++said) program.say("headrace: " + notes[said]);
    const collect::IntakeReport& now = intake->report();
    const bool has_news = !is_same(now, before);
    if (has_news || !o.follow) print(now, before, from, o.json);
    if (has_news) news_ns = now_monotonic_ns();
    before = now;
    if (!read.ok()) return program.fail(read);
    if (is_stopped) return stopped(from, program);
    if (!o.follow) return kDone;
    const double idle_s = static_cast<double>(now_monotonic_ns() - news_ns) / 1e9;
    if (o.idle_s && idle_s >= *o.idle_s) return kDone;
    if (!pause(static_cast<int64_t>(o.every_s * 1000))) return stopped(from, program);
  }
}

int import_any(const ImportOptions& o, const Program& program) {
  if (o.words.empty()) {
    return program.fail(invalid_argument(
        "say what to take in: a folder or store file (headrace import /mnt/node7/study), or a KIND "
        "and its SOURCE (headrace import mlflow mlflow.db); kinds: " +
        kinds()));
  }
  if (o.words.size() == 1) {
    const std::string& word = o.words.front();
    std::error_code error;
    if (exchange::find_importer(word) != nullptr && !std::filesystem::exists(word, error)) {
      return program.fail(
          invalid_argument("say what to read: headrace import " + word + " SOURCE (" +
                           std::string(exchange::find_importer(word)->reads) + ")"));
    }
    if (o.follow || o.idle_s || !o.name.empty()) {
      return program.fail(invalid_argument(
          "--follow, --idle and --name belong to headrace import KIND SOURCE; kinds: " + kinds()));
    }
    return import_other(word, o.json, program);
  }
  const exchange::Importer* importer = exchange::find_importer(o.words.front());
  if (importer == nullptr) {
    return program.fail(
        invalid_argument("'" + o.words.front() + "' is no kind of source; kinds: " + kinds()));
  }
  return import_source(*importer, o, program);
}

}  // namespace

void add_import(CLI::App& app, Program& program) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* verb = add_verb(
      app, "import", "Takes in what another folder or program holds, nothing twice",
      "  headrace import /mnt/node7/study            a project, or its .headrace\n"
      "  headrace import backup-2026-11\n"
      "  headrace import old/store.duckdb            a store alone, or a folder of segments\n"
      "  headrace import KIND SOURCE                 what another program recorded\n"
      "  headrace import KIND SOURCE --follow        and what it goes on to record\n"
      "What is read stays as it is. Of tags and notes of two folders the later holds.\n");
  verb->add_option("OTHER", options->words, "A folder or a store file; or a KIND and its SOURCE")
      ->expected(1, 2)
      ->option_text("[SOURCE] [required]");
  verb->add_option("--name", options->name, "With KIND: what to call what has no name there");
  verb->add_flag("--follow", options->follow, "With KIND: goes on, until Ctrl-C");
  verb->add_option("--idle", options->idle_s,
                   "With --follow: ends when nothing new came for so long")
      ->check(CLI::Range(0.0, 1e9))
      ->type_name("SECONDS");
  verb->add_option("--every", options->every_s,
                   "With --follow: seconds between two looks (default 1)")
      ->check(CLI::Range(0.01, 3600.0))
      ->type_name("SECONDS");
  verb->add_flag("--json", options->json, "What came, as a JSON object");
  program.runs(verb, [options, &program] { return import_any(*options, program); });
}

}  // namespace headrace::cli
