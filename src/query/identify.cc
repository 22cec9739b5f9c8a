#include "query/identify.h"

#include <algorithm>
#include <optional>
#include <set>

#include "query/near_ids.h"
#include "query/nearest.h"
#include "query/task_rows.h"
#include "store/object_version.h"

namespace headrace::query {
namespace {

using store::sql_text;

bool has(const std::vector<ThingKind>& kinds, ThingKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool is_hex(const std::string& text, size_t least) {
  return text.size() >= least &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
}

struct IdParts {
  std::string head;
  std::string tail;
};

IdParts parts_of(const std::string& text) {
  for (const char* dots : {"..", "…"}) {
    const size_t at = text.find(dots);
    if (at != std::string::npos)
      return {text.substr(0, at), text.substr(at + std::string(dots).size())};
  }
  return {text, ""};
}

// SQL that is true for rows whose id `column` is meant by `text`.
std::string id_matches(const std::string& column, const std::string& text) {
  const IdParts parts = parts_of(text);
  return "(starts_with(" + column + "::VARCHAR, lower(" + sql_text(parts.head) +
         ")) AND ends_with(" + column + "::VARCHAR, lower(" + sql_text(parts.tail) + ")))";
}

std::string or_id(const std::string& condition, const std::string& column,
                  const std::string& text) {
  return looks_like_id(text) ? "(" + condition + " OR " + id_matches(column, text) + ")"
                             : condition;
}

std::string object_condition(const std::string& text, const std::filesystem::path& here) {
  const std::string absolute = (here / text).lexically_normal().string();
  std::string out = "(name = " + sql_text(text) + " OR path = " + sql_text(absolute) +
                    " OR path = " + sql_text(text) + " OR ends_with(path, " + sql_text("/" + text) +
                    ")";
  if (is_hex(text, 6)) out += " OR starts_with(sha256, lower(" + sql_text(text) + "))";
  return or_id(out + ")", "object_id", text);
}

Status collect(ThingKind kind, Result<ResultTable> table, std::vector<Thing>* out) {
  if (!table.ok()) return table.status();
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    for (size_t row = 0; row < table->rows(); ++row) {
      const auto text = [&](size_t column) { return table->cell(column, row).text; };
      out->push_back({kind, text(0), text(1), text(2)});
    }
  }
}

// The view `object` numbers the versions of every object; here only those that may be meant.
Status find_objects(const Session& session, const std::string& condition,
                    const std::string& object_kind, std::vector<Thing>* out) {
  return collect(
      ThingKind::kObject,
      session.own_sql(
          "WITH found AS (SELECT * FROM (SELECT *, object AS object_id FROM object_row) WHERE " +
          condition + (object_kind.empty() ? "" : " AND kind = " + sql_text(object_kind)) +
          "), versions AS (SELECT o.object, " + store::kObjectVersion +
          " AS version FROM object_row o WHERE coalesce(o.path, o.name) IN (SELECT coalesce(path, "
          "name) FROM found)) "
          "SELECT f.object, coalesce(f.path, f.name), f.kind || ' version ' || v.version FROM "
          "found f JOIN versions v ON v.object = f.object ORDER BY v.version DESC, "
          "f.created_ns DESC"),
      out);
}

// Of a whole id there is at most one thing, which needs no search through the others.
Status find_by_id(const Session& session, const Uuid& id, const std::vector<ThingKind>& kinds,
                  std::vector<Thing>* out) {
  const std::string text = "'" + id.text() + "'";
  const auto look = [&](ThingKind kind, const std::string& sql) -> Status {
    if (!has(kinds, kind) || !out->empty()) return {};
    return collect(kind, session.own_sql(sql), out);
  };
  HEADRACE_RETURN_IF_ERROR(
      look(ThingKind::kWorkflow,
           "SELECT workflow, name, '' FROM workflow_row WHERE workflow = " + text));
  HEADRACE_RETURN_IF_ERROR(
      look(ThingKind::kCampaign,
           "SELECT campaign, name, '' FROM campaign_row WHERE campaign = " + text));
  HEADRACE_RETURN_IF_ERROR(
      look(ThingKind::kObject,
           "SELECT object, coalesce(path, name), kind FROM object_row WHERE object = " + text));
  if (!has(kinds, ThingKind::kTask) || !out->empty()) return {};
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> rows = TaskRows::open(*connection);
  if (!rows.ok()) return rows.status();
  if (!rows->may_have(id)) return {};
  const std::string is = rows->are({id}, "t");
  return look(ThingKind::kTask,
              "SELECT " + text +
                  "::UUID, a.name, 'began ' || strftime(make_timestamp_ns(t.ts), '%Y-%m-%d "
                  "%H:%M:%S') FROM (SELECT activity, ts FROM task_slots t WHERE " +
                  is + " UNION ALL SELECT activity, ts FROM open_task t WHERE " + is +
                  ") t LEFT JOIN activity_row a ON a.activity = t.activity LIMIT 1");
}

Status find(const Session& session, ThingKind kind, const std::string& text,
            const std::filesystem::path& here, const std::string& object_kind,
            std::vector<Thing>* out) {
  switch (kind) {
    case ThingKind::kCampaign:
      return collect(kind,
                     session.own_sql("SELECT campaign, name, '' FROM campaign_row WHERE " +
                                     or_id("name = " + sql_text(text), "campaign", text) +
                                     " ORDER BY begin_ns DESC"),
                     out);
    case ThingKind::kWorkflow:
      return collect(kind,
                     session.own_sql("SELECT workflow_id, name, status || ', began ' || "
                                     "strftime(started_at, '%Y-%m-%d %H:%M:%S') FROM workflow "
                                     "WHERE " +
                                     or_id("name = " + sql_text(text), "workflow_id", text) +
                                     " ORDER BY started_at DESC"),
                     out);
    case ThingKind::kTask:
      if (!looks_like_id(text)) return {};
      return collect(kind,
                     session.sql("SELECT task_id, activity, status || ', began ' || "
                                 "strftime(started_at, '%Y-%m-%d %H:%M:%S') FROM task WHERE " +
                                 id_matches("task_id", text) + " ORDER BY started_at LIMIT 20"),
                     out);
    case ThingKind::kObject:
      return find_objects(session, object_condition(text, here), object_kind, out);
  }
  return {};
}

// Names that could have been meant, for an error.
std::vector<std::string> known_names(const Session& session, const std::vector<ThingKind>& kinds) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& sql) {
    const auto rows = session.rows(sql);
    if (!rows.ok()) return;
    for (const auto& row : *rows) names.push_back(row[0].text);
  };
  if (has(kinds, ThingKind::kCampaign)) add("SELECT DISTINCT name FROM campaign");
  if (has(kinds, ThingKind::kWorkflow)) add("SELECT DISTINCT name FROM workflow");
  if (has(kinds, ThingKind::kObject)) add("SELECT DISTINCT name FROM object LIMIT 10000");
  return names;
}

std::string kinds_text(const std::vector<ThingKind>& kinds) {
  std::string out;
  for (size_t i = 0; i < kinds.size(); ++i) {
    out += i == 0 ? "" : i + 1 == kinds.size() ? " or " : ", ";
    out += name_of(kinds[i]);
  }
  return out;
}

bool versions_of_one(const std::vector<Thing>& things) {
  return std::all_of(things.begin(), things.end(), [&](const Thing& t) {
    return t.kind == ThingKind::kObject && t.name == things.front().name;
  });
}

}  // namespace

std::string_view name_of(ThingKind kind) {
  switch (kind) {
    case ThingKind::kCampaign: return "campaign";
    case ThingKind::kWorkflow: return "workflow";
    case ThingKind::kTask: return "task";
    case ThingKind::kObject: return "object";
  }
  return "thing";
}

bool looks_like_id(const std::string& text) {
  const IdParts parts = parts_of(text);
  return is_hex(parts.head, 4) && (parts.tail.empty() || is_hex(parts.tail, 1));
}

Result<std::vector<Thing>> find_things(const Session& session, const std::string& text,
                                       const std::vector<ThingKind>& kinds,
                                       const std::filesystem::path& here) {
  std::vector<Thing> things;
  // No name has a NUL, and DuckDB would read what stands before it.
  if (text.empty() || text.find('\0') != std::string::npos) return things;
  if (const std::optional<Uuid> id = Uuid::parse(text)) {
    HEADRACE_RETURN_IF_ERROR(find_by_id(session, *id, kinds, &things));
    if (!things.empty()) return things;
  }
  for (const ThingKind kind : kinds) {
    HEADRACE_RETURN_IF_ERROR(find(session, kind, text, here, "", &things));
  }
  const size_t colon = text.find(':');
  if (!things.empty() || colon == std::string::npos || colon == 0) return things;
  const std::string word = text.substr(0, colon);
  const std::string rest = text.substr(colon + 1);
  for (const ThingKind kind : kinds) {
    const bool named = word == name_of(kind);
    if (!named && kind != ThingKind::kObject) continue;
    HEADRACE_RETURN_IF_ERROR(find(session, kind, rest, here, named ? "" : word, &things));
  }
  return things;
}

Result<Thing> identify(const Session& session, const std::string& text,
                       const std::vector<ThingKind>& kinds, const std::filesystem::path& here) {
  Result<std::vector<Thing>> found = find_things(session, text, kinds, here);
  if (!found.ok()) return found.status();
  if (found->empty()) {
    auto near = nearest_names(text, known_names(session, kinds));
    if (near.empty()) near = near_ids(session, text, kinds);
    return not_found("there is no " + kinds_text(kinds) + " " + text + did_you_mean(near) +
                     (near.empty() ? "; headrace ls lists what there is" : ""));
  }
  // A whole name is meant before the beginning of an id.
  std::vector<Thing> named;
  for (const Thing& t : *found) {
    if (t.name == text || t.id == text) named.push_back(t);
  }
  const std::vector<Thing>& things = named.empty() ? *found : named;
  if (things.size() == 1 || versions_of_one(things)) return things.front();
  std::string message = text + " may mean " + std::to_string(things.size()) + " things:";
  for (size_t i = 0; i < things.size() && i < 12; ++i) {
    message += "\n  " + things[i].id + "  " + std::string(name_of(things[i].kind)) + " " +
               things[i].name + (things[i].about.empty() ? "" : " (" + things[i].about + ")");
  }
  if (things.size() > 12) message += "\n  and " + std::to_string(things.size() - 12) + " more";
  return invalid_argument(message + "\nName one by its id.");
}

}  // namespace headrace::query
