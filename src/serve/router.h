// From a request to the route that answers it, and from the answer to a response.
#pragma once

#include <string>
#include <vector>

#include "serve/http.h"
#include "serve/route.h"

namespace headrace::serve {

constexpr std::string_view kApi = "/api/v1";
constexpr const char* kArrowType = "application/vnd.apache.arrow.stream";

// Whether tables are wanted as Arrow's IPC stream.
bool takes_arrow(const Request& request);

// Answers a request whose path begins with kApi, from a source. `counted` is set to the route's
// path, for counts. Errors become responses too: 400 with what is wrong with a parameter, 404 for
// no such path, 405 with what the path does take.
Response dispatch(const Request& request, Site& site, Source& source, std::string* counted);

// Rows as JSON: {"columns": [{"name", "type", "unit"}], "rows": [[...]], "total", "shown",
// "watermark", and what else the answer has}. `most`: rows that are shown, 0 for all.
Result<std::string> table_json(TableAnswer& answer, uint64_t most, const std::string& watermark);

}  // namespace headrace::serve
