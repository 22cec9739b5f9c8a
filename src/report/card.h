// A workflow or campaign as a Markdown card: what it was, where it ran, what it cost, what it read
// and wrote, how to run it again. The headings are those of Flowcept's workflow card, so that its
// readers find their way.
//
//   Result<std::string> card = workflow_card(session, {.of = "train"});
#pragma once

#include <string>

#include "base/status.h"
#include "query/session.h"

namespace headrace::report {

struct CardQuestion {
  std::string of{};       // as ReportQuestion::of
  std::string made_by{};  // "headrace 0.1.0"
};

// The same store gives the same text. Errors: kNotFound for a campaign or workflow that is not
// there; the store's own.
Result<std::string> workflow_card(const query::Session& session, const CardQuestion& question);

}  // namespace headrace::report
