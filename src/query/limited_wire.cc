#include "query/limited_wire.h"

#include <utility>

#include "query/json.h"

namespace headrace::query {
namespace {

int64_t integer(const Json& json) {
  const auto* number = json.as<int64_t>();
  return number == nullptr ? 0 : *number;
}
uint64_t size(const Json& json) { return static_cast<uint64_t>(integer(json)); }
Json size(uint64_t number) { return static_cast<int64_t>(number); }

bool is_true(const Json& json) {
  const bool* value = json.as<bool>();
  return value != nullptr && *value;
}

}  // namespace

std::string request_text(const LimitedRequest& request) {
  const LimitedQuestion& q = request.question;
  const QueryLimits& l = request.limits;
  return Json(Json::Map{{"root", q.root.string()},
                        {"sql", q.sql},
                        {"filter", q.filter},
                        {"format", static_cast<int64_t>(q.format)},
                        {"color", q.color},
                        {"in_columns", q.in_columns},
                        {"wall_ms", l.wall_ms},
                        {"cpu_s", l.cpu_s},
                        {"memory_bytes", size(l.memory_bytes)},
                        {"rows", size(l.rows)},
                        {"answer_bytes", size(l.answer_bytes)},
                        {"text_bytes", size(l.text_bytes)},
                        {"threads", static_cast<int64_t>(l.threads)},
                        {"wait_ms", l.wait_ms}})
      .dump();
}

Result<LimitedRequest> parse_request(std::string_view text) {
  const Result<Json> json = Json::parse(text);
  if (!json.ok()) return json.status();
  const Json& j = *json;
  LimitedRequest request;
  LimitedQuestion& q = request.question;
  q.root = j["root"].text();
  q.sql = j["sql"].text();
  q.filter = j["filter"].text();
  q.format = static_cast<Format>(integer(j["format"]));
  q.color = is_true(j["color"]);
  q.in_columns = is_true(j["in_columns"]);
  QueryLimits& l = request.limits;
  l.wall_ms = integer(j["wall_ms"]);
  l.cpu_s = integer(j["cpu_s"]);
  l.memory_bytes = size(j["memory_bytes"]);
  l.rows = size(j["rows"]);
  l.answer_bytes = size(j["answer_bytes"]);
  l.text_bytes = size(j["text_bytes"]);
  l.threads = static_cast<int>(integer(j["threads"]));
  l.wait_ms = integer(j["wait_ms"]);
  return request;
}

std::string verdict_text(const Verdict& verdict) {
  const LimitedAnswer& a = verdict.answer;
  return Json(Json::Map{{"code", static_cast<int64_t>(verdict.status.code())},
                        {"message", verdict.status.message()},
                        {"rows", size(a.written.rows)},
                        {"shown", size(a.written.shown)},
                        {"cut_cells", a.written.cut_cells},
                        {"has_more", a.written.has_more},
                        {"note", a.note}})
             .dump() +
         "\n";
}

Result<Verdict> parse_verdict(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const size_t end = text.rfind('\n');
  const Result<Json> json =
      Json::parse(end == std::string_view::npos ? text : text.substr(end + 1));
  if (!json.ok() || json->as<Json::Map>() == nullptr) return corrupt("no verdict");
  const Json& j = *json;
  Verdict verdict;
  const int64_t code = integer(j["code"]);
  if (code < 0 || code > static_cast<int64_t>(StatusCode::kUnsupported)) {
    return corrupt("no verdict");
  }
  if (code != 0) verdict.status = Status(static_cast<StatusCode>(code), j["message"].text());
  LimitedAnswer& a = verdict.answer;
  a.written.rows = size(j["rows"]);
  a.written.shown = size(j["shown"]);
  a.written.cut_cells = is_true(j["cut_cells"]);
  a.written.has_more = is_true(j["has_more"]);
  a.note = j["note"].text();
  return verdict;
}

}  // namespace headrace::query
