// headrace backup DEST
#include "collect/backup.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/counted.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

constexpr int kPatience_ms = 30'000;  // for a fold that is under way

int back_up(const std::string& to, bool json, const Program& program) {
  end_on_interrupt();
  collect::OpenOptions options;
  options.store.wait_ms = kPatience_ms;
  options.store.on_wait = [&program](const std::string& why) { program.say("headrace: " + why); };
  const Result<collect::BackedUp> done = collect::back_up(Directory{program.root()}, to, options);
  if (!done.ok()) return program.fail(done.status());
  const std::vector<Counted> counts = {{"task", done->tasks},
                                       {"workflow", done->workflows},
                                       {"segment", static_cast<int64_t>(done->segments)},
                                       {"blob", static_cast<int64_t>(done->blobs)}};
  if (json) {
    std::vector<Counted> all = counts;
    all.push_back({"byte", static_cast<int64_t>(done->bytes)});
    print_json(all);
  } else {
    std::printf("%s in %s, %s; read back and counted\n", listed(counts).c_str(), to.c_str(),
                query::bytes_text(static_cast<double>(done->bytes)).c_str());
  }
  return kDone;
}

}  // namespace

void add_backup(CLI::App& app, Program& program) {
  struct Options {
    std::string to;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      add_verb(app, "backup", "Copies the folder while programs go on recording",
               "  headrace backup /mnt/archive/study-2026-11\n"
               "  headrace ls --dir /mnt/archive/study-2026-11      the copy is a folder like any\n"
               "Overwrites nothing, and reads the copy back before it gives it its name.\n");
  verb->add_option("DEST", options->to, "A folder that is not there yet")
      ->required()
      ->option_text("[required]");
  verb->add_flag("--json", options->json, "What was copied, as a JSON object");
  program.runs(verb, [options, &program] { return back_up(options->to, options->json, program); });
}

}  // namespace headrace::cli
