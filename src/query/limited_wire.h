// What goes between LimitedQueries and its child, as JSON: the question with its limits on stdin;
// after the answer's bytes on stdout, one line on stderr that says what became of it.
#pragma once

#include <string>
#include <string_view>

#include "query/limited_query.h"

namespace headrace::query {

struct LimitedRequest {
  LimitedQuestion question;
  QueryLimits limits;
};

std::string request_text(const LimitedRequest& request);
Result<LimitedRequest> parse_request(std::string_view text);

// What became of a question: `answer` (its bytes go by themselves) where `status` is OK.
struct Verdict {
  Status status;
  LimitedAnswer answer;
};

// One line with its end.
std::string verdict_text(const Verdict& verdict);
// The last line of `text`, which may begin with what libraries print; kCorrupt when it is none.
Result<Verdict> parse_verdict(std::string_view text);

}  // namespace headrace::query
