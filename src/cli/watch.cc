// headrace watch [CAMPAIGN|WORKFLOW]
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/joules_option.h"
#include "cli/pause.h"
#include "query/filter_fields.h"
#include "top/changes.h"
#include "top/folder_reader.h"

namespace headrace::cli {
namespace {

constexpr int64_t kLookMs = 1000;

struct WatchOptions {
  std::string name;
  std::string every = "10s";
  double budget_j = 0;
  bool json = false;
  bool until_finished = false;
};

// "10s", "2min", "0.5".
std::optional<double> seconds_of(const std::string& text) {
  const auto quantity = query::parse_quantity(text);
  if (!quantity || quantity->value <= 0 || quantity->value > 1e6) return std::nullopt;
  const bool is_time = quantity->unit.empty() || quantity->measures == query::FieldKind::kDuration;
  return is_time ? std::optional(quantity->value) : std::nullopt;
}

class Watch {
 public:
  Watch(const WatchOptions& options, const Program& program, double every_s)
      : options_(options),
        program_(program),
        reader_([&program] { return Directory{program.root()}; }),
        changes_(static_cast<int64_t>(every_s * 1e9), options.budget_j) {
    if (options.name.empty()) scope_ = top::Scope{};
  }

  int run() {
    const Pause pause;
    // Who reads may end before us: that shows when a line is written.
    std::signal(SIGPIPE, SIG_IGN);
    for (;;) {
      int64_t rest_ms = kLookMs;
      if (const std::optional<int> code = look(&rest_ms)) return *code;
      if (!pause(rest_ms)) return options_.until_finished ? kInterrupted : kDone;
    }
  }

 private:
  // The exit code when it is over.
  std::optional<int> look(int64_t* rest_ms) {
    Status named;
    std::function<void(const query::Session&)> ask;
    if (!scope_) {
      ask = [&](const query::Session& session) {
        Result<top::Scope> found = top::scope_named(session, options_.name);
        if (found.ok()) {
          scope_ = *found;
        } else {
          named = found.status();
        }
      };
    }
    const Result<top::Look> look = reader_.look(folder_, mutex_, ask);
    const Status& failed = look.ok() ? named : look.status();
    if (!failed.ok()) {
      const StatusCode code = failed.code();
      if (code != StatusCode::kNotFound && code != StatusCode::kUnavailable) {
        return program_.fail(failed);
      }
      say_once(failed.message() + "; waiting");
      return std::nullopt;
    }
    *rest_ms = look->rest_ms();
    if (!look->note.empty()) say_once(look->note);
    if (look->is_behind) return std::nullopt;
    const int64_t now_ns = now_realtime_ns();
    for (const top::Change& change : changes_.since_last(folder_, *scope_, now_ns)) {
      if (!print(change)) return kDone;
    }
    if (!options_.until_finished || !top::is_over(folder_, *scope_)) return std::nullopt;
    print(top::Changes::summary(folder_, *scope_, now_ns));
    return top::has_failed(folder_, *scope_) ? kNegative : kDone;
  }

  // False when nobody reads any more.
  bool print(const top::Change& change) {
    const std::string line = options_.json ? top::json_line_of(change) : top::line_of(change);
    return std::printf("%s\n", line.c_str()) > 0 && std::fflush(stdout) == 0;
  }

  void say_once(const std::string& text) {
    if (text != said_) program_.say("headrace: " + text);
    said_ = text;
  }

  const WatchOptions& options_;
  const Program& program_;
  top::FolderReader reader_;
  std::mutex mutex_;  // nobody else's: the reader wants one
  top::Folder folder_;
  top::Changes changes_;
  std::optional<top::Scope> scope_;
  std::string said_;
};

}  // namespace

void add_watch(CLI::App& app, Program& program) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* verb = add_verb(
      app, "watch", "Says what happens in a folder, a line for each change, for logs and CI",
      "  headrace watch                          until Ctrl-C\n"
      "  headrace watch sweep --until-finished   ends with it; code 1 when a workflow failed\n"
      "  headrace watch --every 1min             how often metrics and progress are said\n"
      "  headrace watch --json | jq -c 'select(.event == \"task failed\")'\n");
  verb->add_option("CAMPAIGN|WORKFLOW", options->name,
                   "Its name, or the beginning of its id; it may appear later");
  verb->add_option("--every", options->every,
                   "Between two lines of progress, or of one metric (default: 10s)")
      ->type_name("TIME");
  add_joules_option(verb, "--energy-budget", options->budget_j,
                    "Say, with the task that uses most, when more than this will be or is used: "
                    "5kJ, 300 J, 0.2kWh");
  verb->add_flag("--json", options->json, "A JSON object for each line");
  verb->add_flag("--until-finished", options->until_finished,
                 "Ends when all has ended: 0 when it finished, 1 when a workflow failed or was "
                 "lost");
  program.runs(verb, [options, &program]() -> int {
    const std::optional<double> every_s = seconds_of(options->every);
    if (!every_s) {
      return program.fail(
          invalid_argument("--every " + options->every + " is no time; say 10s or 2min"));
    }
    return Watch(*options, program, *every_s).run();
  });
}

}  // namespace headrace::cli
