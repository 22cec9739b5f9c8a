// A report's data, and the page that draws it.
//
//   Result<std::string> html = report_page(session, {.of = "llm_finetune"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::report {

struct ReportQuestion {
  std::string of{};       // a campaign's or workflow's name or the beginning of its id; "" the
                          // latest campaign
  std::string against{};  // another of the same kind, whose differences are shown; "" none
  std::string quality{};  // a key of `generated`; "" finds one
  std::optional<bool> minimise{};  // unset: by the quality's name
  std::string activity{};          // what is compared; "" as the trade-off chooses
  std::string object{};            // whose lineage; "" the best configuration's model
  uint64_t most_tasks = 200'000;   // drawn; failed ones and the longest are kept
  std::string made_by{};           // "headrace 0.1.0"
  int64_t made_at_ns = 0;          // since the epoch
};

// The document of schema/report.schema.json. Errors: kNotFound for a campaign, workflow, quality,
// activity or object that is not there; the store's own.
Result<query::Json> report_json(const query::Session& session, const ReportQuestion& question);

// One HTML file, self-contained: it asks for nothing from anywhere.
Result<std::string> report_page(const query::Session& session, const ReportQuestion& question);

}  // namespace headrace::report
