#include "store/amendment.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "base/clock.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

fs::path journal_of(const fs::path& store_file) {
  return store_file.parent_path() / "amendments.jsonl";
}

// One line, in one write, so that two programs never mix theirs.
Status append_line(const fs::path& path, const std::string& line) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return io_error("cannot write " + path.string(), errno);
  const ssize_t n = write(fd, line.data(), line.size());
  const int error = n < 0 ? errno : ENOSPC;
  close(fd);
  if (n == static_cast<ssize_t>(line.size())) return {};
  return io_error("cannot write " + path.string(), error);
}

}  // namespace

Status amend(const Store& store, const Amendment& amendment) {
  const std::string& action = amendment.action;
  if (action != "tag" && action != "untag" && action != "note" && action != "remove") {
    return invalid_argument("there is no amendment '" + action +
                            "'; tag, untag, note and remove are");
  }
  const Connection& c = store.connection();
  Result<Statement> line = c.prepare(
      "SELECT json_object('ts', ?::BIGINT, 'kind', ?, 'id', ?, 'action', ?, 'value', ?)::VARCHAR");
  if (!line.ok()) return line.status();
  const int64_t now = now_realtime_ns();
  Result<QueryResult> text = line->bind(1, now)
                                 .bind(2, amendment.kind)
                                 .bind(3, amendment.id.text())
                                 .bind(4, action)
                                 .bind(5, amendment.value)
                                 .execute();
  if (!text.ok()) return text.status();
  if (!text->next()) return corrupt("an amendment could not be written as JSON");
  if (!store.file().empty()) {
    HEADRACE_RETURN_IF_ERROR(
        append_line(journal_of(store.file()), std::string(text->chunk().text(0, 0)) + "\n"));
  }
  Result<Statement> insert = c.prepare("INSERT INTO amendment VALUES (?, ?, ?::UUID, ?, ?)");
  if (!insert.ok()) return insert.status();
  const Result<QueryResult> done = insert->bind(1, now)
                                       .bind(2, amendment.kind)
                                       .bind(3, amendment.id)
                                       .bind(4, action)
                                       .bind(5, amendment.value)
                                       .execute();
  HEADRACE_RETURN_IF_ERROR(done.status());
  return action == "remove" ? apply_removals(c) : Status();
}

Status load_amendments(const Connection& connection, const fs::path& store_file) {
  const fs::path journal = journal_of(store_file);
  std::error_code error;
  if (!fs::exists(journal, error)) return {};
  return connection
      .run(
          "INSERT INTO amendment SELECT (j->>'$.ts')::BIGINT, j->>'$.kind', "
          "TRY_CAST(j->>'$.id' AS UUID), j->>'$.action', j->>'$.value' FROM "
          "(SELECT TRY_CAST(line AS JSON) AS j FROM (SELECT unnest(string_split(content, chr(10))) "
          "AS line FROM read_text(" +
          sql_text(journal.string()) +
          ")) WHERE line <> '') WHERE j IS NOT NULL AND TRY_CAST(j->>'$.id' AS UUID) IS NOT NULL")
      .with_context("cannot read " + journal.string());
}

Status note_in_journal(const Connection& connection, const std::string& table,
                       const fs::path& store_file) {
  Result<QueryResult> lines = connection.query(
      "SELECT json_object('ts', ts, 'kind', kind, 'id', id, 'action', action, 'value', "
      "value)::VARCHAR FROM " +
      table + " ORDER BY ts");
  if (!lines.ok()) return lines.status();
  while (lines->next()) {
    for (size_t r = 0; r < lines->chunk().rows(); ++r) {
      HEADRACE_RETURN_IF_ERROR(
          append_line(journal_of(store_file), std::string(lines->chunk().text(0, r)) + "\n"));
    }
  }
  return {};
}

Status apply_removals(const Connection& connection) {
  const Result<int64_t> removals =
      connection.integer("SELECT count(*) FROM amendment WHERE action = 'remove'");
  if (!removals.ok()) return removals.status();
  if (*removals == 0) return {};
  return connection.run(R"sql(
CREATE OR REPLACE TEMP TABLE removed AS
  SELECT wf, workflow, campaign FROM workflow_row WHERE
    workflow IN (SELECT id FROM amendment WHERE action = 'remove') OR
    EXISTS (FROM amendment a WHERE a.action = 'remove' AND a.id = campaign AND a.ts > begin_ns);
DELETE FROM task_energy_row e USING task_slots t
  WHERE e.producer = t.producer AND e.seq = t.seq AND t.wf IN (SELECT wf FROM removed);
DELETE FROM task_page g USING task_slots t
  WHERE g.producer = t.producer AND g.seq = t.seq AND t.wf IN (SELECT wf FROM removed);
DELETE FROM task_page g USING open_task t
  WHERE g.producer = t.producer AND g.seq = t.seq AND t.wf IN (SELECT wf FROM removed);
DELETE FROM edge_row WHERE wf IN (SELECT wf FROM removed);
DELETE FROM task_slots WHERE wf IN (SELECT wf FROM removed);
DELETE FROM open_task WHERE wf IN (SELECT wf FROM removed);
DELETE FROM log_row WHERE wf IN (SELECT wf FROM removed);
DELETE FROM exposure_row WHERE wf IN (SELECT wf FROM removed);
DELETE FROM layer_energy_row WHERE wf IN (SELECT wf FROM removed);
DELETE FROM value_row WHERE owner IN (SELECT workflow FROM removed);
DELETE FROM workflow_record WHERE workflow IN (SELECT workflow FROM removed);
DELETE FROM workflow_row WHERE workflow IN (SELECT workflow FROM removed);
DELETE FROM campaign_row WHERE campaign IN (SELECT campaign FROM removed)
  AND campaign NOT IN (SELECT campaign FROM workflow_row WHERE campaign IS NOT NULL);
DROP TABLE removed;
)sql");
}

}  // namespace headrace::store
