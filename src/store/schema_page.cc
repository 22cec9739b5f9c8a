// The words of view_columns.cc as a page and as comments in the store.
#include "store/database.h"
#include "store/view_columns.h"

namespace headrace::store {
namespace {

constexpr const char* kHead =
    "# The store's schema\n\n"
    "`.headrace/store.duckdb` is a DuckDB file that any DuckDB client of version 1.5 or later "
    "reads. What a reader may\nrely on are these views; tables change with the version. The same "
    "words stand in the file itself: `duckdb_views()` and\n`duckdb_columns()` have them in "
    "`comment`.\n\n"
    "Made by `headrace config schema`, which a test holds against this page and against the store. "
    "Unit `1` is a count or\na ratio. PROV terms are those of W3C PROV-DM and PROV-O; a thing "
    "without one has none.\n";

constexpr const char* kActivities =
    "\n## activity.NAME\n\n"
    "Each activity has a view of its own in the schema `activity`, with a plain typed column for "
    "each value that was\ncaptured: `SELECT lr, loss FROM activity.train`. One row is a task of "
    "that activity; first come\n`task_id workflow_id campaign parent_task_id status started_at "
    "ended_at duration_s hostname rank attempt`, as in `task`,\nthen the used values, then the "
    "generated ones.\n\n"
    "- A column has the name of its key. Where that would name two things (a used and a generated "
    "key, a key and one of the\n  columns above, keys that differ only by case), each such key's "
    "column is `\"used.KEY\"` or `\"generated.KEY\"`, and the\n  short name is an error instead "
    "of a guess. Where only case tells two keys apart, the later one ends in `#2`, `#3`, ...\n"
    "- Activities whose names differ only by case are told apart in the same way: "
    "`activity.\"Train#2\"` is the later one.\n  Names of several functions that are equal share a "
    "view, "
    "as they share `task.activity`.\n"
    "- The type is that of all values that the key has had in this activity. Integers and floats "
    "are DOUBLE together; text among\n  numbers is read as a number or NULL; otherwise what has "
    "several types is VARCHAR. Nested values are JSON, times TIMESTAMP_NS.\n"
    "- A value that a task does not have is NULL.\n"
    "- A view offers at most 2,048 keys, the used ones first, and the first 4,096 activities have "
    "one; `task` has all of them.\n";

}  // namespace

std::string comments_sql(std::string_view view) {
  std::string out;
  for (const ViewWords& v : view_words()) {
    if (!view.empty() && view != v.name) continue;
    const auto with_prov = [](const std::string& words, const std::string& prov) {
      return prov.empty() ? words : words + " (" + prov + ")";
    };
    out += "COMMENT ON VIEW main." + sql_name(v.name) + " IS " +
           sql_text(with_prov(v.row, v.prov)) + ";\n";
    for (const ViewColumn& c : v.columns) {
      std::string words = c.meaning;
      if (*c.unit != '\0') words += std::string(" [") + c.unit + "]";
      out += "COMMENT ON COLUMN main." + sql_name(v.name) + "." + sql_name(c.name) + " IS " +
             sql_text(with_prov(words, c.prov)) + ";\n";
    }
  }
  return out;
}

std::string schema_page() {
  std::string out = kHead;
  for (const ViewWords& v : view_words()) {
    out += std::string("\n## ") + v.name + "\n\n" + v.row + "." +
           (*v.prov == '\0' ? "" : std::string(" PROV: `") + v.prov + "`.") +
           "\n\n| column | type | unit | meaning | PROV |\n|---|---|---|---|---|\n";
    for (const ViewColumn& c : v.columns) {
      out += std::string("| `") + c.name + "` | " + c.type + " | " + c.unit + " | " + c.meaning +
             " | " + c.prov + " |\n";
    }
    if (std::string_view(v.name) == "task") out += kActivities;
  }
  return out;
}

}  // namespace headrace::store
