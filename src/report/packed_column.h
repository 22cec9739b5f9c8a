// Columns of numbers as a report's page reads them: compact bytes in base64, so that 100,000 tasks
// are a few hundred kilobytes each. Encodings: schema/report.schema.json, "column".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/json.h"

namespace headrace::report {

// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);

// {"encoding": ..., "data": ...}
query::Json pack_varint(const std::vector<uint64_t>& values);
query::Json pack_signed(const std::vector<int64_t>& values);
// Differences to the row before, modulo 2^64: for times and ids that rise.
query::Json pack_delta(const std::vector<uint64_t>& values);
query::Json pack_runs(const std::vector<uint64_t>& values);
// NaN stands for none.
query::Json pack_f32(const std::vector<double>& values);

}  // namespace headrace::report
