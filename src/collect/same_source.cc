#include "collect/same_source.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "store/result.h"
#include "store/store.h"
#include "store/texts.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

// A producer that a door for foreign records has written.
struct Told {
  std::string uid;     // as the names of its segments begin
  std::string number;  // in its store
  std::string kind;
  std::string source;
  std::string database;  // "main." or "staged."
};

Result<std::vector<Told>> told_in(const store::Connection& c, const std::string& database) {
  Result<store::QueryResult> rows = c.query(
      "SELECT printf('%015x', p.uid), p.producer::VARCHAR, facts::JSON->>'$.source_kind' AS kind, "
      "facts::JSON->>'$.source' AS source FROM " +
      database + "producer_row p LEFT JOIN (SELECT producer, count(*) AS n FROM " + database +
      "task_slots GROUP BY producer) t ON t.producer = p.producer "
      "WHERE p.facts IS NOT NULL AND kind IS NOT NULL AND source IS NOT NULL "
      "ORDER BY coalesce(t.n, 0) DESC, p.uid");
  if (!rows.ok()) return rows.status();
  std::vector<Told> out;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t r = 0; r < chunk.rows(); ++r) {
      out.push_back({std::string(chunk.text(0, r)), std::string(chunk.text(1, r)),
                     std::string(chunk.text(2, r)), std::string(chunk.text(3, r)), database});
    }
  }
  return out;
}

std::string tasks_of(const Told& one) {
  const std::string of = " WHERE producer = " + one.number;
  return "(SELECT seq, ts, true AS ended FROM " + one.database + "task_slots" + of +
         " UNION ALL SELECT seq, ts, false FROM " + one.database + "open_task" + of + ")";
}

// What `a` and `b` have told of one source.
Result<SameSource> compare(const store::Connection& c, const Told& a, const Told& b) {
  Result<store::QueryResult> rows = c.query(
      "SELECT count(b.seq), count(*) FILTER (b.seq IS NULL OR (a.ended AND NOT b.ended)) FROM " +
      tasks_of(a) + " a LEFT JOIN " + tasks_of(b) +
      " b ON b.seq = a.seq AND b.ts IS NOT DISTINCT FROM a.ts");
  if (!rows.ok()) return rows.status();
  SameSource out{a.kind, a.source};
  if (rows->next()) {
    out.shared = rows->chunk().integer(0, 0);
    out.further = rows->chunk().integer(1, 0);
  }
  return out;
}

void drop_files(const fs::path& folder, const std::string& uid) {
  std::error_code error;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(uid)) gone.push_back(entry.path());
  }
  for (const fs::path& path : gone) fs::remove(path, error);
}

Status drop(const store::Connection& c, const Directory& staged, const Told& one) {
  Result<std::vector<std::string>> tables = store::texts(
      c,
      "SELECT DISTINCT k.table_name FROM duckdb_columns() k JOIN duckdb_tables() t ON "
      "t.database_name = k.database_name AND t.table_name = k.table_name "
      "WHERE k.database_name = 'staged' AND k.column_name = 'producer' AND k.table_name <> "
      "'workflow_row'");
  if (!tables.ok()) return tables.status();
  std::string sql = "DELETE FROM staged.segment WHERE starts_with(name, '" + one.uid + "');";
  for (const std::string& table : *tables) {
    sql += "DELETE FROM staged." + table + " WHERE producer = " + one.number + ";";
  }
  // Workflows and campaigns that nobody else there speaks of.
  sql +=
      "DELETE FROM staged.workflow_row WHERE workflow NOT IN (SELECT workflow FROM "
      "staged.workflow_record) AND wf NOT IN (SELECT wf FROM staged.task_slots WHERE wf IS NOT "
      "NULL UNION ALL SELECT wf FROM staged.open_task WHERE wf IS NOT NULL UNION ALL SELECT wf "
      "FROM staged.log_row WHERE wf IS NOT NULL);"
      "DELETE FROM staged.campaign_row WHERE campaign NOT IN (SELECT campaign FROM "
      "staged.campaign_record) AND campaign NOT IN (SELECT campaign FROM staged.workflow_row WHERE "
      "campaign IS NOT NULL);";
  HEADRACE_RETURN_IF_ERROR(c.run(sql));
  drop_files(staged.spool(), one.uid);
  drop_files(staged.quarantine(), one.uid);
  return {};
}

Result<std::vector<SameSource>> leave_out(const store::Connection& c, const Directory& staged) {
  Result<std::vector<Told>> kept = told_in(c, "main.");
  if (!kept.ok()) return kept.status();
  const Result<std::vector<Told>> there = told_in(c, "staged.");
  if (!there.ok()) return there.status();
  std::vector<SameSource> out;
  // What is here already is only brought up to date; it stays whatever else is there.
  std::vector<const Told*> others;
  for (const Told& one : *there) {
    bool is_here = false;
    for (const Told& known : *kept) is_here = is_here || known.uid == one.uid;
    if (!is_here) others.push_back(&one);
  }
  for (const Told* one : others) {
    bool is_left_out = false;
    for (const Told& known : *kept) {
      if (known.kind != one->kind || known.source != one->source) continue;
      const Result<SameSource> same = compare(c, *one, known);
      if (!same.ok()) return same.status();
      if (same->shared == 0) continue;
      HEADRACE_RETURN_IF_ERROR(drop(c, staged, *one));
      out.push_back(*same);
      is_left_out = true;
      break;
    }
    if (!is_left_out) kept->push_back(*one);
  }
  return out;
}

}  // namespace

Result<std::vector<SameSource>> leave_out_same_sources(const store::Connection& here,
                                                       const Directory& staged) {
  HEADRACE_RETURN_IF_ERROR(
      here.run("ATTACH " + store::sql_text(staged.store().string()) + " AS staged"));
  Result<std::vector<SameSource>> out = leave_out(here, staged);
  const Status detached = here.run("DETACH staged");
  if (out.ok() && !detached.ok()) return detached;
  return out;
}

std::string sentence(const SameSource& left_out) {
  const auto tasks = [](int64_t n) { return std::to_string(n) + (n == 1 ? " task" : " tasks"); };
  const std::string source = left_out.kind + " " + left_out.source;
  std::string out = tasks(left_out.shared) + " of " + source +
                    " had been taken in by both folders and did not come a second time";
  if (left_out.further > 0) {
    out += "; " + tasks(left_out.further) + " went further there: run headrace import " + source +
           " here to have all of it, or, when the source is gone, import that folder and then "
           "this one into a new folder";
  }
  return out;
}

}  // namespace headrace::collect
