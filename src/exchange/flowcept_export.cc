#include "exchange/flowcept_export.h"

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "exchange/flowcept_fields.h"
#include "exchange/plain_json.h"
#include "exchange/target.h"
#include "store/arrow.h"

namespace headrace::exchange {
namespace {

using query::Json;

// Attributes that say how a record came here, and those that a field of the native record says.
const std::set<std::string_view> kOwn = {"foreign_id", "host",   "agent",       "untold",
                                         "described",  "status", "other_fields"};
// Attributes of an object that stand in columns of their own.
const std::set<std::string_view> kOfObject = {"name", "path", "sha256", "size_bytes"};

// Of tasks and workflows these attributes alone are Flowcept's.
bool is_flowcepts(std::string_view name) {
  return kFlowceptTaskFields.contains(name) || kFlowceptWorkflowFields.contains(name);
}

// A document as it grows; a field that is null, or told already, is left out.
class Document {
 public:
  explicit Document(const char* type) { add("type", type); }
  void add(const std::string& name, Json value) {
    if (value.is_null()) return;
    for (const auto& [known, told] : fields_) {
      if (known == name) return;
    }
    fields_.emplace_back(name, std::move(value));
  }
  // An empty map is absent, as it is to the peer's consumer.
  void add_map(const std::string& name, const Json& value) {
    if (const auto* map = value.as<Json::Map>(); map != nullptr && !map->empty()) add(name, value);
  }
  void add_all(const Json& fields) {
    const auto* map = fields.as<Json::Map>();
    if (map == nullptr) return;
    for (const auto& [name, value] : *map) add(name, plain_json(value));
  }
  std::string text(const std::string& name) const { return Json(fields_)[name].text(); }
  std::string line() const { return typed_text(Json(fields_)) + "\n"; }

 private:
  Json::Map fields_;
};

Json json_of(const store::Chunk& chunk, size_t column, size_t row) {
  if (chunk.is_null(column, row)) return {};
  Result<Json> parsed = Json::parse(chunk.text(column, row));
  return parsed.ok() ? std::move(*parsed) : Json();
}

Json text_of(const store::Chunk& chunk, size_t column, size_t row) {
  const std::string_view text = chunk.text(column, row);
  return text.empty() ? Json() : Json(std::string(text));
}

// Unix seconds; the whole ones apart, so that each digit that a double has is right.
Json seconds_of(const store::Chunk& chunk, size_t column, size_t row) {
  if (chunk.is_null(column, row)) return {};
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const int64_t ns = chunk.time_ns(column, row);
  const int64_t whole_s = ns / kNsPerSecond;
  return {static_cast<double>(whole_s) + static_cast<double>(ns % kNsPerSecond) / kNsPerSecond};
}

bool is_untold(const Json& attributes, std::string_view name) {
  const auto* untold = attributes["untold"].as<Json::List>();
  if (untold == nullptr) return false;
  for (const Json& one : *untold) {
    if (one.text() == name) return true;
  }
  return false;
}

std::string status_text(const std::string& status, const Json& attributes) {
  const std::string told = attributes["status"].text();
  if (attributes["foreign_id"].is_null() && !attributes["status"].is_null()) return told;
  if (status == "pending") return told == "WAITING" ? told : "SUBMITTED";
  if (status == "running") return "RUNNING";
  if (status == "finished") return told == "UNKNOWN" ? told : "FINISHED";
  if (status == "lost") return "UNKNOWN";
  return "ERROR";
}

// The labels that are true, and name=value of the others.
Json tag_list(const Json& tags) {
  const auto* map = tags.as<Json::Map>();
  if (map == nullptr || map->empty()) return {};
  Json::List out;
  for (const auto& [name, value] : *map) {
    const bool* is_set = value.as<bool>();
    out.emplace_back(is_set != nullptr && *is_set ? name : name + "=" + plain_json(value).text());
  }
  return {std::move(out)};
}

void add_attributes(const Json& attributes, Document& document) {
  const auto* map = attributes.as<Json::Map>();
  if (map == nullptr) return;
  for (const auto& [name, value] : *map) {
    // What an adapter could not keep in a line, as the peer has it.
    if (name == "data" || !is_flowcepts(name)) continue;
    document.add(name, plain_json(value));
  }
  document.add_all(attributes["other_fields"]);
}

void add_status(const store::Chunk& chunk, size_t column, size_t row, const Json& attributes,
                Document& document) {
  if (is_untold(attributes, "status")) return;
  document.add("status", status_text(std::string(chunk.text(column, row)), attributes));
}

// The columns of the rows stand in the order of these names.
constexpr const char* kWorkflowColumns =
    "workflow_id::VARCHAR, parent_workflow_id::VARCHAR, name, campaign, status, started_at, "
    "ended_at, used, generated, tags, attributes";

bool workflow_line(const store::Chunk& chunk, size_t row, std::string* line) {
  const Json attributes = json_of(chunk, 10, row);
  const bool is_foreign = !attributes["foreign_id"].is_null();
  if (is_foreign && attributes["described"].is_null()) return false;
  if (const bool* is_saved = attributes["saved"].as<bool>(); is_saved != nullptr && !*is_saved) {
    return false;
  }
  Document document("workflow");
  document.add("workflow_id", attributes["workflow_id"]);
  document.add("workflow_id", text_of(chunk, 0, row));
  document.add("parent_workflow_id", attributes["parent_workflow_id"]);
  document.add("parent_workflow_id", text_of(chunk, 1, row));
  if (attributes["unnamed"].is_null()) document.add("name", text_of(chunk, 2, row));
  document.add("campaign_id", attributes["campaign_id"]);
  document.add("campaign_id", text_of(chunk, 3, row));
  add_status(chunk, 4, row, attributes, document);
  if (!is_untold(attributes, "started_at")) document.add("started_at", seconds_of(chunk, 5, row));
  if (!is_untold(attributes, "ended_at")) document.add("ended_at", seconds_of(chunk, 6, row));
  document.add_map("used", plain_json(json_of(chunk, 7, row)));
  document.add_map("generated", plain_json(json_of(chunk, 8, row)));
  add_attributes(attributes, document);
  document.add("tags", tag_list(json_of(chunk, 9, row)));
  *line = document.line();
  return true;
}

constexpr const char* kTaskColumns =
    "t.task_id::VARCHAR, t.workflow_id::VARCHAR, w.foreign_workflow, w.campaign, t.activity, "
    "t.parent_task_id::VARCHAR, p.foreign_task, t.status, t.started_at, t.ended_at, t.used, "
    "t.generated, t.hostname, t.tags, t.error, t.attributes, b.sample, e.sample";

// What Flowcept's programs sampled in the background: a task has the last before its begin and end.
constexpr const char* kSamples =
    "(SELECT workflow_id, time, metrics->'$.flowcept_telemetry' AS sample FROM log "
    "WHERE stream = 'metric' AND json_exists(metrics, '$.flowcept_telemetry'))";

// Arguments of these names say where a task of the interface belongs; they are no values.
Json without_places(const Json& used, const Json& attributes, Document& document) {
  const auto* map = used.as<Json::Map>();
  if (map == nullptr || !attributes["foreign_id"].is_null()) return used;
  Json::Map out;
  for (const auto& [name, value] : *map) {
    if (name == "workflow_id" || name == "campaign_id" || name == "agent_id" ||
        name == "source_agent_id")
      document.add(name, value);
    else
      out.emplace_back(name, value);
  }
  return {std::move(out)};
}

bool task_line(const store::Chunk& chunk, size_t row, std::string* line) {
  const Json attributes = json_of(chunk, 15, row);
  const bool is_foreign = !attributes["foreign_id"].is_null();
  Document document("task");
  const Json used = without_places(plain_json(json_of(chunk, 10, row)), attributes, document);
  document.add("task_id", attributes["task_id"]);
  document.add("task_id", attributes["foreign_id"]);
  document.add("task_id", text_of(chunk, 0, row));
  document.add("activity_id", text_of(chunk, 4, row));
  document.add("workflow_id", attributes["workflow_id"]);
  document.add("workflow_id", text_of(chunk, 2, row));
  document.add("workflow_id", text_of(chunk, 1, row));
  document.add("campaign_id", attributes["campaign_id"]);
  if (!is_foreign) document.add("campaign_id", text_of(chunk, 3, row));
  document.add("parent_task_id", attributes["parent_task_id"]);
  document.add("parent_task_id", text_of(chunk, 6, row));
  document.add("parent_task_id", text_of(chunk, 5, row));
  add_status(chunk, 7, row, attributes, document);
  document.add("started_at", attributes["started_at"]);
  document.add("ended_at", attributes["ended_at"]);
  const bool is_message = !attributes["is_message"].is_null();
  if (!is_untold(attributes, "started_at")) document.add("started_at", seconds_of(chunk, 8, row));
  if (!is_untold(attributes, "ended_at")) {
    document.add("ended_at", seconds_of(chunk, is_message ? 8 : 9, row));
  }
  document.add_map("used", used);
  document.add_map("generated", plain_json(json_of(chunk, 11, row)));
  document.add("hostname", attributes["hostname"]);
  document.add("hostname", is_foreign ? attributes["host"] : text_of(chunk, 12, row));
  add_attributes(attributes, document);
  document.add("tags", tag_list(json_of(chunk, 13, row)));
  if (const Json error = json_of(chunk, 14, row); !error["message"].text().empty()) {
    document.add("stderr", error["message"]);
  }
  if (!is_foreign) {
    document.add("agent_id", attributes["agent"]);
    const bool* is_wanted = attributes["capture_telemetry"].as<bool>();
    if (is_wanted == nullptr || *is_wanted) {
      document.add_map("telemetry_at_start", plain_json(json_of(chunk, 16, row)));
      document.add_map("telemetry_at_end", plain_json(json_of(chunk, 17, row)));
    }
  }
  *line = document.line();
  return true;
}

constexpr const char* kObjectColumns =
    "object_id::VARCHAR, kind, name, path, sha256, size_bytes, created_at, attributes";

Document agent_document(const store::Chunk& chunk, size_t row, const Json& attributes) {
  Document document("agent");
  document.add("agent_id", attributes["agent_id"]);
  document.add("agent_id", text_of(chunk, 2, row));
  if (document.text("agent_id") != chunk.text(2, row)) document.add("name", text_of(chunk, 2, row));
  if (attributes["foreign_id"].is_null()) document.add("registered_at", seconds_of(chunk, 6, row));
  return document;
}

Document object_document(const store::Chunk& chunk, size_t row, const Json& attributes) {
  Document document("object");
  document.add("object_id", attributes["object_id"]);
  document.add("object_id", text_of(chunk, 0, row));
  document.add("object_type", attributes["object_type"]);
  if (attributes["foreign_id"].is_null()) {
    document.add("object_type", text_of(chunk, 1, row));
    document.add("created_at", seconds_of(chunk, 6, row));
    if (!chunk.is_null(4, row)) {
      document.add("data_sha256", text_of(chunk, 4, row));
      document.add("data_hash_algo", "sha256");
    }
    if (!chunk.is_null(5, row)) document.add("object_size_bytes", chunk.integer(5, row));
    Json::Map about;
    if (Json name = text_of(chunk, 2, row); !name.is_null()) about.emplace_back("name", name);
    if (Json path = text_of(chunk, 3, row); !path.is_null()) about.emplace_back("path", path);
    if (attributes["custom_metadata"].is_null()) document.add_map("custom_metadata", {about});
  }
  return document;
}

bool object_line(const store::Chunk& chunk, size_t row, std::string* line) {
  const Json attributes = json_of(chunk, 7, row);
  Document document = chunk.text(1, row) == "agent" ? agent_document(chunk, row, attributes)
                                                    : object_document(chunk, row, attributes);
  if (const auto* map = attributes.as<Json::Map>()) {
    for (const auto& [name, value] : *map) {
      if (!kOwn.contains(name) && !kOfObject.contains(name)) document.add(name, plain_json(value));
    }
  }
  *line = document.line();
  return true;
}

using MakeLine = std::function<bool(const store::Chunk&, size_t, std::string*)>;

Status write_lines(const store::Connection& connection, const std::string& sql,
                   const MakeLine& make, WholeFile& target, uint64_t* count) {
  Result<store::QueryResult> rows = store::stream(connection, sql);
  if (!rows.ok()) return rows.status();
  std::string line;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      if (!make(chunk, row, &line)) continue;
      target.write(line);
      ++*count;
    }
  }
  return store::stream_status(*rows);
}

}  // namespace

Result<FlowceptCounts> export_flowcept(const query::Session& session, const FlowceptChoice& choice,
                                       const std::filesystem::path& file) {
  Result<WholeFile> target = open_target(file, choice.force);
  if (!target.ok()) return target.status();
  const Result<Scope> scope = Scope::open(session, choice.scope);
  if (!scope.ok()) return scope.status();
  const store::Connection& connection = scope->connection();
  FlowceptCounts counts;
  HEADRACE_RETURN_IF_ERROR(write_lines(connection,
                                       std::string("SELECT ") + kWorkflowColumns +
                                           " FROM (FROM workflow" + scope->where("workflow") +
                                           ") ORDER BY started_at, workflow_id",
                                       workflow_line, *target, &counts.workflows));
  const std::string objects =
      std::string("SELECT ") + kObjectColumns + " FROM (FROM object" + scope->where("object") + ")";
  HEADRACE_RETURN_IF_ERROR(write_lines(connection,
                                       objects + " WHERE kind = 'agent' ORDER BY created_at, name",
                                       object_line, *target, &counts.agents));
  // A task's id and its workflow's may be Flowcept's own, which no UUID can be.
  HEADRACE_RETURN_IF_ERROR(write_lines(
      connection,
      std::string("SELECT ") + kTaskColumns + " FROM (FROM task" + scope->where("task") +
          ") t LEFT JOIN (SELECT workflow_id, campaign, attributes->>'$.workflow_id' AS "
          "foreign_workflow FROM workflow) w ON w.workflow_id = t.workflow_id "
          "LEFT JOIN (SELECT task_id, attributes->>'$.task_id' AS foreign_task FROM task "
          "WHERE attributes->>'$.task_id' IS NOT NULL) p ON p.task_id = t.parent_task_id "
          "ASOF LEFT JOIN " +
          kSamples +
          " b ON b.workflow_id = t.workflow_id AND t.started_at >= b.time ASOF LEFT JOIN " +
          kSamples +
          " e ON e.workflow_id = t.workflow_id AND t.ended_at >= e.time "
          "ORDER BY t.started_at, t.task_id",
      task_line, *target, &counts.tasks));
  HEADRACE_RETURN_IF_ERROR(
      write_lines(connection, objects + " WHERE kind <> 'agent' ORDER BY created_at, object_id",
                  object_line, *target, &counts.objects));
  HEADRACE_RETURN_IF_ERROR(target->finish());
  return counts;
}

}  // namespace headrace::exchange
