// headrace import OTHER
#include "collect/import.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/counted.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

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

}  // namespace

void add_import(CLI::App& app, Program& program) {
  struct Options {
    std::string other;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "import", "Takes in what another folder holds, nothing twice",
      "  headrace import /mnt/node7/study            a project, or its .headrace\n"
      "  headrace import backup-2026-11\n"
      "  headrace import old/store.duckdb            a store alone, or a folder of segments\n"
      "The other folder is only read. Tags and notes come too, of two the later holds.\n");
  verb->add_option("OTHER", options->other, "A folder, or a store file")
      ->required()
      ->option_text("[required]");
  verb->add_flag("--json", options->json, "What came, as a JSON object");
  program.runs(
      verb, [options, &program] { return import_other(options->other, options->json, program); });
}

}  // namespace headrace::cli
