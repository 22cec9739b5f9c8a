// What a thing was made from, and what was made from it.
#include "query/affects.h"
#include "query/why.h"
#include "serve/api.h"

namespace headrace::serve {
namespace {

query::WhyOptions options_of(const Call& call) {
  query::WhyOptions out;
  out.lineage.depth = static_cast<int>(call.integer("depth").value_or(0));
  out.lineage.inferred = call.flag("inferred");
  out.only_path = call.text("only");
  return out;
}

Result<Answer> answer_of(Result<query::Why> why) {
  if (!why.ok()) return why.status();
  return Answer(query::why_json(*why));
}

Result<Answer> why(const Call& call) {
  return answer_of(
      query::explain(call.session(), call.text("id"), here_of(call), options_of(call)));
}

Result<Answer> affects(const Call& call) {
  return answer_of(
      query::affected_by(call.session(), call.text("id"), here_of(call), options_of(call)));
}

}  // namespace

void add_lineage_routes(std::vector<Route>* out) {
  const std::vector<Param> params = {
      {.name = "depth",
       .about = "steps to go; 0: all",
       .kind = ParamKind::kInteger,
       .usual = "0",
       .most = 10'000},
      {.name = "only", .about = "only what lies on a way to this thing"},
      {.name = "inferred",
       .about = "also from a value to the same value, as a guess",
       .kind = ParamKind::kFlag}};
  out->push_back({"GET", "/why/{id}",
                  "What an object, task or workflow was made from, by what, at "
                  "what cost",
                  Form::kDocument, params, why});
  out->push_back(
      {"GET", "/affects/{id}", "What was made from it", Form::kDocument, params, affects});
}

}  // namespace headrace::serve
