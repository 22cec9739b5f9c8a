// Tables as JSON, with what else an answer says.
#include "query/table_json.h"

#include "serve/router.h"

namespace headrace::serve {

Result<std::string> table_json(TableAnswer& answer, uint64_t most, const std::string& watermark) {
  std::string out = "{";
  HEADRACE_RETURN_IF_ERROR(query::append_table_json(answer.table, most, answer.total, &out));
  out += ",\"watermark\":" + (watermark.empty() ? "null" : query::json_quoted(watermark));
  for (const auto& [name, value] : answer.more) {
    out += "," + query::json_quoted(name) + ":" + value.dump();
  }
  out += '}';
  return out;
}

}  // namespace headrace::serve
