#include "top/questions.h"

#include <sstream>

#include "query/describe.h"
#include "query/diff.h"
#include "query/identify.h"
#include "query/why.h"

namespace headrace::top {
namespace {

Result<std::string> text_of(const query::Session& session, const Question& question) {
  switch (question.kind) {
    case Question::Kind::kShow: {
      const Result<query::Thing> thing = query::identify(
          session, question.what, {query::ThingKind::kTask, query::ThingKind::kWorkflow}, "/");
      if (!thing.ok()) return thing.status();
      const Result<query::Json> description = query::describe(session, *thing);
      if (!description.ok()) return description.status();
      return query::description_text(*description);
    }
    case Question::Kind::kWhy: {
      const Result<query::Why> why = query::explain(session, question.what, "/");
      if (!why.ok()) return why.status();
      return query::why_text(*why);
    }
    case Question::Kind::kDiff: break;
  }
  const Result<query::Diff> diff = query::diff(session, question.what, question.other, "/", {});
  if (!diff.ok()) return diff.status();
  return query::diff_text(*diff, false);
}

// The command that gives the same.
std::string title_of(const Question& question) {
  const auto id = [](const std::string& what) { return what.substr(what.find(':') + 1); };
  switch (question.kind) {
    case Question::Kind::kShow: return "headrace show " + id(question.what);
    case Question::Kind::kWhy: return "headrace why " + id(question.what);
    case Question::Kind::kDiff: break;
  }
  return "headrace diff " + id(question.what).substr(0, 18) + " " +
         id(question.other).substr(0, 18);
}

}  // namespace

TextPage answer_to(const query::Session& session, const Question& question) {
  TextPage out;
  out.title = title_of(question);
  const Result<std::string> text = text_of(session, question);
  std::istringstream lines(text.ok() ? *text : text.status().message());
  for (std::string line; std::getline(lines, line);) out.lines.push_back(line);
  return out;
}

}  // namespace headrace::top
