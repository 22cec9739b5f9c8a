// SQL that somebody wrote: asked by a process of its own, within limits
// (docs/design/limited_query.md).
#include "query/limited_query.h"
#include "serve/api.h"
#include "serve/errors.h"
#include "serve/router.h"
#include "serve/site.h"
#include "serve/sql_error.h"

namespace headrace::serve {
namespace {

Response refusal(const std::string& sql, const Status& status) {
  std::string message = status.message();
  const std::optional<int64_t> at = take_sql_place(sql, &message);
  return error_response(Status(status.code(), std::move(message)), at);
}

// What the process wrote, with what it cannot know behind.
Response table_of(const Call& call, query::LimitedAnswer answer) {
  Response out;
  out.body = std::move(answer.bytes);
  if (takes_arrow(call.request())) {
    out.type = kArrowType;
    if (answer.written.has_more) out.headers.push_back({"X-Has-More", "true"});
    return out;
  }
  out.body.pop_back();
  out.body += ",\"watermark\":" + query::json_quoted(call.view().watermark) +
              ",\"has_more\":" + (answer.written.has_more ? "true" : "false") +
              ",\"note\":" + (answer.note.empty() ? "null" : query::json_quoted(answer.note)) + "}";
  return out;
}

// The view is held meanwhile, so that a fold does not begin: the process reads the same store.
Result<Answer> sql(const Call& call) {
  query::LimitedQuestion question;
  question.root = call.session().root();
  question.sql = call.text("sql");
  question.in_columns = !takes_arrow(call.request());
  question.format = query::Format::kArrow;
  query::QueryLimits limits;
  limits.rows = static_cast<uint64_t>(call.integer("limit").value_or(10'000));
  if (call.session().store().file().empty()) {
    return unsupported(
        "SQL is answered from the store's file: this folder cannot be written, so what is new is "
        "in the server's memory; headrace query SQL answers it");
  }
  Result<query::LimitedAnswer> answer =
      call.site().limited().run(question, limits, call.request().interrupt.get());
  if (!answer.ok()) return Answer(refusal(question.sql, answer.status()));
  return Answer(table_of(call, std::move(*answer)));
}

}  // namespace

void add_sql_routes(std::vector<Route>* out) {
  out->push_back(
      {.method = "POST",
       .path = "/sql",
       .about = "One SELECT over the store's views, by a process of its own that may only read: 10 "
                "s, 1 GB of memory and 32 MB of answer, two at once. has_more: there are rows "
                "beyond the limit, which total does not count. at of an error: the character of "
                "the text",
       .form = Form::kTable,
       .answer = sql,
       .body = {{.name = "sql", .about = "SELECT, FROM, WITH, DESCRIBE ...", .required = true},
                {.name = "limit",
                 .about = "rows to give",
                 .kind = ParamKind::kInteger,
                 .usual = "10000",
                 .least = 1,
                 .most = 100'000}}});
}

}  // namespace headrace::serve
