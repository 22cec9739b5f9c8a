// headrace collect [--follow]
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/pause.h"
#include "collect/collect_now.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

struct CollectOptions {
  bool follow = false;
  bool until_done = false;
  bool json = false;
  double every_s = 1;
};

void print(const CollectOptions& o, const collect::Collected& done) {
  const collect::FoldReport& r = done.report;
  const double elapsed_s = static_cast<double>(r.elapsed_ns) / 1e9;
  if (o.json) {
    std::printf("{\"tasks\": %" PRIu64 ", \"records\": %" PRIu64 ", \"segments\": %" PRIu64
                ", \"bytes\": %" PRIu64 ", \"quarantined\": %" PRIu64 ", \"running\": %" PRIu64
                ", \"elapsed_s\": %.3f}\n",
                r.tasks, r.records, r.segments, r.bytes, r.quarantined, done.running, elapsed_s);
  } else if (r.segments == 0) {
    std::printf("nothing new\n");
  } else {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f s", elapsed_s);
    std::printf("%s and %s from %s in %s\n", query::counted(r.tasks, "task").c_str(),
                query::counted(r.records - r.tasks, "other record").c_str(),
                query::counted(r.segments, "segment").c_str(), seconds);
  }
  std::fflush(stdout);
}

void tell(const Program& program, const collect::Collected& done) {
  if (!done.note.empty()) program.say("headrace: " + done.note);
  if (done.report.quarantined > 0) {
    program.say("headrace: " + query::counted(done.report.quarantined, "damaged place") +
                " set aside; headrace doctor lists them");
  }
}

int follow(const CollectOptions& o, const Program& program) {
  const Pause pause;
  collect::FollowOptions options;
  options.every_ms = static_cast<int64_t>(o.every_s * 1000);
  options.until_done = o.until_done;
  const Status done = collect::follow(
      Directory{program.root()}, options, [&pause](int64_t wait_ms) { return pause(wait_ms); },
      [&](const collect::Collected& round) {
        tell(program, round);
        print(o, round);
      });
  return done.ok() ? kDone : program.fail(done);
}

int once(const CollectOptions& o, const Program& program) {
  end_on_interrupt();
  collect::OpenOptions options;
  options.store.on_wait = [&program](const std::string& why) { program.say("headrace: " + why); };
  const Result<collect::Collected> done = collect::collect_now(Directory{program.root()}, options);
  if (!done.ok()) return program.fail(done.status());
  tell(program, *done);
  print(o, *done);
  return kDone;
}

}  // namespace

void add_collect(CLI::App& app, Program& program) {
  auto options = std::make_shared<CollectOptions>();
  CLI::App* verb =
      add_verb(app, "collect", "Takes in what programs have recorded since the last time",
               "  headrace collect                       once; says what was new\n"
               "  headrace collect --follow              until Ctrl-C, once a second\n"
               "  headrace collect --follow --until-done until all programs have ended\n");
  verb->add_flag("--follow", options->follow, "Goes on: looks again and again");
  verb->add_flag("--until-done", options->until_done,
                 "With --follow: ends when every program that has recorded here has ended");
  verb->add_option("--every", options->every_s,
                   "With --follow: seconds between two looks (default 1)")
      ->check(CLI::Range(0.01, 3600.0))
      ->type_name("SECONDS");
  verb->add_flag("--json", options->json, "A JSON object for each round");
  program.runs(verb, [options, &program] {
    return options->follow || options->until_done ? follow(*options, program)
                                                  : once(*options, program);
  });
}

}  // namespace headrace::cli
