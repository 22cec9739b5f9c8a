// A session in a process that from here on can do nothing else.
#pragma once

#include <string>

#include "base/status.h"
#include "query/limited_wire.h"
#include "query/session.h"

namespace headrace::query {

// Shuts this process off for good: bounds its resources, opens the store read-only, locks DuckDB's
// settings with files and extensions refused, and then bounds the system calls. Where the kernel
// cannot do the last, `*note` says so and the rest holds.
Result<Session> open_limited(const LimitedRequest& request, std::string* note);

// Answers the request's question, within its limits of rows and bytes; `sink` gets the bytes.
// Errors as of LimitedQueries::run. The text is that of a limit where DuckDB itself reached one.
Result<LimitedAnswer> answer_limited(const Session& session, const LimitedRequest& request,
                                     const Sink& sink);

// What is said of a limit that ended a query, with what to do next.
Status out_of_memory(const QueryLimits& limits);
Status out_of_room(const QueryLimits& limits);

}  // namespace headrace::query
