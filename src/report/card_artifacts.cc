// 6. Significant Workflow Artifacts: what was read from outside and what was made.
#include <utility>

#include "query/units.h"
#include "report/card_parts.h"

namespace headrace::report {
namespace {

constexpr size_t kObjects = 25;  // of inputs, and of outputs

struct Side {
  const char* title;
  const char* none;
  const char* condition;  // on `made` and `read`
};
constexpr Side kSides[] = {
    {"Inputs", "No object was read that was not made here.", "read AND NOT made"},
    {"Outputs", "No object was generated.", "made"},
};

Result<std::string> objects(const Scope& scope, const Side& side) {
  const std::string members = "(SELECT task_id FROM task WHERE " + scope.is_this() +
                              " UNION ALL SELECT workflow_id FROM workflow WHERE " +
                              scope.is_this() + ")";
  const auto rows = scope.session->rows(
      "WITH own AS (FROM " + members +
      "), edges AS (SELECT from_id AS object_id, false AS made FROM edge WHERE relation = 'used' "
      "AND "
      "to_id IN (FROM own) UNION ALL SELECT to_id, true FROM edge WHERE relation = 'generated' AND "
      "from_id IN (FROM own)), used AS (SELECT object_id, bool_or(made) AS made, bool_or(NOT made) "
      "AS "
      "read, count(*) AS times FROM edges GROUP BY 1) SELECT o.kind, coalesce(o.path, o.name), "
      "o.version, o.size_bytes, o.sha256, u.times FROM used u JOIN object o ON o.object_id = "
      "u.object_id WHERE " +
      std::string(side.condition) +
      " ORDER BY o.kind = 'model' DESC, o.kind = 'dataset' DESC, o.created_at DESC, 2, "
      "o.object_id");
  if (!rows.ok()) return rows.status();
  std::string out = "### " + std::string(side.title) + "\n\n";
  if (rows->empty()) return out + side.none + "\n\n";
  MarkdownTable table({"Kind", "Object", ">Version", ">Size", "SHA-256", ">Uses"});
  for (size_t i = 0; i < rows->size() && i < kObjects; ++i) {
    const Row& row = (*rows)[i];
    table.row({markdown_text(row[0].text), markdown_text(row[1].text),
               row[2].is_null ? "–" : query::number_text(row[2].real),
               row[3].is_null ? "–" : query::bytes_text(row[3].real),
               row[4].is_null ? "not hashed" : markdown_code(row[4].text.substr(0, 16)),
               query::grouped(static_cast<uint64_t>(row[5].real))});
  }
  out += table.text();
  if (rows->size() > kObjects) {
    out += "Shown are " + std::to_string(kObjects) + " of " + query::grouped(rows->size()) +
           ", models and datasets first; `headrace ls objects` lists all.\n\n";
  }
  return out;
}

}  // namespace

Result<std::string> card_artifacts(const CardSubject& subject) {
  std::string out = "## 6. Significant Workflow Artifacts\n\n";
  for (const Side& side : kSides) {
    const Result<std::string> text = objects(*subject.scope, side);
    if (!text.ok()) return text.status();
    out += *text;
  }
  return out;
}

}  // namespace headrace::report
