// What there is to say of a campaign or workflow, in sentences, each backed by a query that a
// person can run: what dominates time and energy, failures, stragglers, what was done again, what
// was not captured.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct Finding {
  std::string about;  // time, energy, failures, stragglers, done again, not captured, losses
  std::string sentence;
  std::string sql;  // whose rows the sentence says; the first of them stand in `rows`
  Json rows;
};

struct Summary {
  std::string of;  // "campaign sweep", "workflow tune", "everything"
  std::vector<Finding> findings;
};

// `text`: a workflow or a campaign; empty: all there is. Errors: of identify.
Result<Summary> summarize(const Session& session, const std::string& text,
                          const std::filesystem::path& here);

// One line a finding, with its query below where `with_sql`.
std::string summary_text(const Summary& summary, bool with_sql);
Json summary_json(const Summary& summary);

}  // namespace headrace::query
