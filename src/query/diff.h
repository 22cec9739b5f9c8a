// What differs between two workflows, tasks, objects or campaigns: code, environment, parameters,
// inputs, metrics, tasks, time, energy.
//
//   Result<Diff> d = diff(session, "7c1e", "91ab", current_path, {});
//   for (const DiffLine& line : d->lines) use(line.section, line.what, line.a, line.b);
//
// Tasks are matched from the outside in: those of the same activity with the same parameters, in
// their order; what is left of an activity in its order; then the tasks inside each pair. Repeats
// are tasks of one activity whose parameters, and those of all tasks around them, are the same but
// for names like seed, repeat or fold. Where there are at least three on both sides a test says
// whether a metric differs by more than chance (statistics.h); p is adjusted for all tests (Holm).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"
#include "query/statistics.h"

namespace headrace::query {

struct DiffOptions {
  RepeatTest test = RepeatTest::kWelch;
};

// In the order in which they are shown.
enum class DiffSection : uint8_t {
  kObject,
  kCode,
  kEnvironment,
  kParameters,
  kInputs,
  kMetrics,
  kTasks,
  kTime,
  kEnergy
};
std::string_view name_of(DiffSection section);

struct DiffLine {
  DiffSection section = DiffSection::kCode;
  std::string what;   // "git commit", "package torch", "finetune.lr"
  std::string where;  // "lr=0.1": which of several groups of tasks; "" for all
  Json a;             // null: not there
  Json b;
  std::string unit;  // "s", "J" or ""
  bool differs = false;
  std::string note;  // "+12 -3", "in 4 of 10 pairs", what a test says
  std::optional<Comparison> comparison;
  std::optional<double> p_adjusted;
};

struct DiffSide {
  Thing thing;
  size_t tasks = 0;
  size_t alone = 0;  // without a partner
};

struct Diff {
  DiffSide a;
  DiffSide b;
  size_t pairs = 0;
  size_t pairs_with_other_parameters = 0;
  size_t tests = 0;
  std::vector<DiffLine> lines;  // by section; those that do not differ too
  // Nothing differs but what no two runs share: times, energy, process numbers, the state that
  // random generators were left in.
  bool equal = true;
};

// `a` and `b` as identify() understands them; both must be of one kind. Errors: as identify();
// kInvalidArgument for two kinds.
Result<Diff> diff(const Session& session, const std::string& a, const std::string& b,
                  const std::filesystem::path& here, const DiffOptions& options);

// For people. `all`: also what is equal.
std::string diff_text(const Diff& answer, bool all);
Json diff_json(const Diff& answer, bool all);

}  // namespace headrace::query
