#include "cli/regret_follow.h"

#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "cli/open_session.h"
#include "cli/pause.h"
#include "collect/collect_now.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::cli {
namespace {

class Adviser {
 public:
  Adviser(const Program& program, const query::RegretQuestion& question, const Output& output)
      : program_(program),
        question_(question),
        for_programs_(output.format() == query::Format::kJson ||
                      output.format() == query::Format::kJsonl) {}

  // False after an error that no waiting mends.
  bool look() {
    Result<query::Session> session = open_session(program_);
    if (!session.ok()) {
      const StatusCode code = session.status().code();
      return code == StatusCode::kNotFound || code == StatusCode::kUnavailable ||
             failed(session.status());
    }
    const Result<query::Regret> answer = query::regret(*session, question_);
    if (!answer.ok()) {
      return answer.status().code() == StatusCode::kNotFound || failed(answer.status());
    }
    last_ = query::regret_sentence(*answer);
    for (size_t i = 0; i < answer->runs.size(); ++i) {
      if (!answer->runs[i].curve.is_running) continue;
      for (const query::RuleOutcome& outcome : answer->outcomes) {
        if (outcome.stops[i]) advise(*answer, answer->runs[i], outcome, *outcome.stops[i]);
      }
    }
    return true;
  }
  // What the campaign comes to, as of the last look.
  const std::string& sentence() const { return last_; }
  std::optional<int> exit_code() const { return exit_code_; }

 private:
  bool failed(const Status& status) {
    exit_code_ = program_.fail(status);
    return false;
  }

  void advise(const query::Regret& answer, const query::RegretRun& run,
              const query::RuleOutcome& outcome, size_t since) {
    const std::string rule(query::name_of(outcome.rule.kind));
    const query::Curve& curve = run.curve;
    if (!told_.emplace(rule, curve.workflow_id, curve.task_id).second) return;
    const double campaign_best = answer.runs[answer.best_run].best;
    std::string line;
    if (for_programs_) {
      line = query::Json(
                 query::Json::Map{{"time", utc_text(now_realtime_ns())},
                                  {"rule", rule},
                                  {"config", run.label},
                                  {"since_point", static_cast<int64_t>(since)},
                                  {"points", static_cast<int64_t>(curve.count)},
                                  {"best", run.best},
                                  {"campaign_best", campaign_best},
                                  {"time_s", curve.seconds},
                                  {"task_id", curve.task_id.empty() ? query::Json()
                                                                    : query::Json(curve.task_id)},
                                  {"workflow_id", curve.workflow_id}})
                 .dump();
    } else {
      const std::string& id = curve.task_id.empty() ? curve.workflow_id : curve.task_id;
      line = query::terminal_text(
          "stop " + run.label + " (" + id.substr(0, 8) + ".." + id.substr(32) + "): " + rule +
          ", since point " + std::to_string(since) + " of " + std::to_string(curve.count) +
          "; its best " + answer.metric + " is " + query::number_text(run.best) +
          ", the campaign's " + query::number_text(campaign_best));
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  const Program& program_;
  const query::RegretQuestion& question_;
  bool for_programs_;
  std::set<std::tuple<std::string, std::string, std::string>> told_;  // rule, workflow, task
  std::string last_;
  std::optional<int> exit_code_;
};

}  // namespace

int follow_regret(const Program& program, const query::RegretQuestion& question,
                  const Output& output, double every_s) {
  const Pause pause;
  Adviser adviser(program, question, output);
  bool go_on = adviser.look();
  collect::FollowOptions options;
  options.every_ms = static_cast<int64_t>(every_s * 1000);
  options.until_done = true;
  if (go_on) {
    const Status done = collect::follow(
        Directory{program.root()}, options,
        [&](int64_t wait_ms) { return go_on && pause(wait_ms); },
        [&](const collect::Collected&) { go_on = go_on && adviser.look(); });
    if (!done.ok()) return program.fail(done);
  }
  if (adviser.exit_code()) return *adviser.exit_code();
  if (!adviser.sentence().empty()) program.say(adviser.sentence());
  return kDone;
}

}  // namespace headrace::cli
