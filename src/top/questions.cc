#include "top/questions.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "query/describe.h"
#include "query/diff.h"
#include "query/identify.h"
#include "query/utf8.h"
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

// The rest of a long line goes on below, set in by as much as it was.
void add_wrapped(std::string_view line, size_t columns, std::vector<std::string>* out) {
  const size_t indent = std::min(line.find_first_not_of(' '), columns / 2);
  std::string piece;
  size_t width = 0;
  for (size_t i = 0; i < line.size();) {
    const size_t length = std::max<size_t>(1, query::utf8_length(line.substr(i)));
    const std::string_view c = line.substr(i, length);
    const size_t takes = query::display_width(c);
    if (width + takes > columns) {
      // After the last blank, unless that leaves half the line empty.
      const size_t blank = piece.find_last_of(' ');
      const bool at_blank = blank != std::string::npos && blank > columns / 2;
      std::string rest = at_blank ? piece.substr(blank + 1) : "";
      if (at_blank) piece.resize(blank);
      out->push_back(piece);
      piece = std::string(indent + 2, ' ') + rest;
      width = query::display_width(piece);
    }
    piece += c;
    width += takes;
    i += length;
  }
  out->push_back(piece);
}

TextPage answer_to(const query::Session& session, const Question& question, size_t columns) {
  TextPage out;
  out.title = title_of(question);
  const Result<std::string> text = text_of(session, question);
  std::istringstream lines(text.ok() ? *text : text.status().message());
  for (std::string line; std::getline(lines, line);) {
    add_wrapped(query::terminal_text(line), columns, &out.lines);
  }
  return out;
}

}  // namespace headrace::top
