// What tells the runs of a campaign apart, and what they used.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/effect.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct LabelledRuns {
  std::vector<std::string> labels;  // "lr=0.1 width=64"; "" where nothing differs
  // What each used; where that does not tell them apart also what its workflow used, then what the
  // tasks around it used.
  std::vector<Json> used;
  std::vector<std::pair<std::string, std::string>> object_names;  // of the objects among them
};

// Of tasks of one activity, as (task id, workflow id). The first `complete` of them had time to get
// all their values.
Result<LabelledRuns> label_tasks(const Session& session, const std::string& campaign,
                                 const std::string& activity,
                                 const std::vector<std::pair<std::string, std::string>>& tasks,
                                 size_t complete);
// Of whole workflows, by their ids.
Result<LabelledRuns> label_workflows(const Session& session, const std::string& campaign,
                                     const std::vector<std::string>& workflows);

// The scalars among what the first `rows` runs used, as levels of factors; left out what only tells
// repeats apart (seed, repeat, fold, ...). Objects stand last: of what goes together the plain
// value says more (width=64 than base=base_w64.npz).
std::vector<Factor> factors_of(const LabelledRuns& runs, size_t rows);
bool tells_repeats_apart(const std::string& key);

}  // namespace headrace::query
