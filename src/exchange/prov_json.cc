#include "exchange/prov_json.h"

#include <string_view>
#include <vector>

#include "exchange/target.h"
#include "store/arrow.h"

namespace headrace::exchange {
namespace {

// One member of the document; its query gives the id ("" gets a blank one) and the JSON object.
struct Section {
  std::string name;
  std::vector<std::string> sql;
};

// A JSON object of the pairs whose value is not NULL.
std::string object(const std::string& pairs) {
  return "json_merge_patch('{}', json_object(" + pairs + "))::VARCHAR";
}

// Exactly to the nanosecond, as xsd:dateTime.
std::string time(const std::string& column) {
  return "replace(CAST(" + column + " AS VARCHAR), ' ', 'T') || 'Z'";
}

std::string typed(const std::string& name) {
  return "json_object('$', " + name + ", 'type', 'prov:QUALIFIED_NAME')";
}

std::string reference(const std::string& kind, const std::string& id) {
  return typed("'" + kind + ":' || " + id);
}

constexpr const char* kHost = "'host:' || url_encode(hostname)";

std::string text_or_null(const std::string& json) {
  return "CASE WHEN " + json + "::VARCHAR <> '{}' THEN " + json + "::VARCHAR END";
}

// Tasks with the joules that they and all in them used, as the books have it.
constexpr const char* kTasksWithEnergy =
    "(SELECT t.*, e.energy_j FROM task t LEFT JOIN (SELECT task_id, sum(share_j) AS energy_j FROM "
    "task_energy GROUP BY task_id) e ON e.task_id = t.task_id)";

std::string activities(const std::string& kind, const std::string& more, const std::string& from) {
  return "SELECT '" + kind + ":' || " + kind + "_id, " +
         object("'prov:startTime', " + time("started_at") + ", 'prov:endTime', " +
                time("ended_at") + ", 'prov:type', " + typed("'headrace:" + kind + "'") +
                ", 'headrace:status', status, 'headrace:used', " + text_or_null("used") +
                ", 'headrace:generated', " + text_or_null("generated") + ", " + more) +
         " FROM " + from;
}

std::vector<Section> sections(const Scope& scope, bool inferred) {
  const auto edges = [&](const std::string& relation) {
    const std::string where = scope.where("edge");
    return " FROM (FROM edge" + where + ") WHERE relation = '" + relation + "'" +
           (inferred ? "" : " AND exact");
  };
  const std::string marked = ", 'headrace:exact', CASE WHEN exact THEN NULL ELSE false END";
  std::vector<Section> out;
  out.push_back(
      {"entity",
       {"SELECT 'object:' || object_id, " +
            object("'prov:label', name, 'prov:type', " + typed("'headrace:object'") +
                   ", 'headrace:kind', kind, 'headrace:path', path, 'headrace:version', version, "
                   "'headrace:size_bytes', size_bytes, 'headrace:sha256', sha256, "
                   "'prov:generatedAtTime', " +
                   time("created_at")) +
            " FROM object" + scope.where("object"),
        "SELECT 'campaign:' || campaign_id, " +
            object("'prov:label', name, 'prov:type', " + typed("'prov:Collection'")) +
            " FROM campaign" + scope.where("campaign")}});
  out.push_back(
      {"activity",
       {activities("workflow",
                   "'prov:label', name, 'headrace:command', command, 'headrace:campaign', "
                   "CASE WHEN campaign_id IS NOT NULL THEN " +
                       reference("campaign", "campaign_id") + " END",
                   "workflow") +
            scope.where("workflow"),
        activities("task",
                   "'prov:label', activity, 'headrace:workflow', CASE WHEN workflow_id IS NOT NULL "
                   "THEN " +
                       reference("workflow", "workflow_id") +
                       " END, 'headrace:attempt', attempt, 'headrace:energy_j', energy_j",
                   kTasksWithEnergy) +
            scope.where("task")}});
  out.push_back({"agent",
                 {std::string("SELECT DISTINCT ") + kHost + ", " +
                  object("'prov:label', hostname, 'prov:type', " + typed("'headrace:host'")) +
                  " FROM (SELECT hostname FROM workflow" + scope.where("workflow") +
                  " UNION SELECT hostname FROM task" + scope.where("task") +
                  ") WHERE hostname IS NOT NULL"}});
  out.push_back({"used",
                 {"SELECT '', " +
                  object("'prov:activity', to_kind || ':' || to_id, 'prov:entity', 'object:' || "
                         "from_id, 'prov:role', name" +
                         marked) +
                  edges("used")}});
  out.push_back({"wasGeneratedBy",
                 {"SELECT '', " +
                  object("'prov:entity', 'object:' || to_id, 'prov:activity', from_kind || ':' || "
                         "from_id, 'prov:role', name" +
                         marked) +
                  edges("generated")}});
  out.push_back(
      {"wasInformedBy",
       {"SELECT '', " +
        object("'prov:informed', 'task:' || to_id, 'prov:informant', 'task:' || from_id" + marked) +
        edges("parent")}});
  const auto ran_on = [&](const std::string& kind) {
    return "SELECT '', " +
           object("'prov:activity', '" + kind + ":' || " + kind + "_id, 'prov:agent', " + kHost) +
           " FROM (FROM " + kind + scope.where(kind) + ") WHERE hostname IS NOT NULL";
  };
  out.push_back({"wasAssociatedWith", {ran_on("workflow"), ran_on("task")}});
  out.push_back(
      {"hadMember",
       {"SELECT DISTINCT '', " +
        object("'prov:collection', 'campaign:' || campaign_id, 'prov:entity', 'object:' || to_id") +
        " FROM (SELECT from_id, to_id" + edges("generated") +
        ") e JOIN (SELECT t.task_id AS id, w.campaign_id FROM task t "
        "JOIN workflow w ON w.workflow_id = t.workflow_id "
        "UNION ALL SELECT workflow_id, campaign_id FROM workflow) s ON s.id = e.from_id "
        "WHERE campaign_id IS NOT NULL"}});
  return out;
}

// What an id stands for outside this document: its UUID under the kind's own name.
constexpr const char* kPrefixes =
    "{\n\"prefix\": {\"headrace\": \"urn:headrace:\", \"campaign\": \"urn:headrace:campaign:\", "
    "\"workflow\": \"urn:headrace:workflow:\", \"task\": \"urn:headrace:task:\", "
    "\"object\": \"urn:headrace:object:\", \"host\": \"urn:headrace:host:\"}";

}  // namespace

Result<std::map<std::string, uint64_t>> export_prov_json(const query::Session& session,
                                                         const ProvChoice& choice,
                                                         const std::filesystem::path& file) {
  Result<WholeFile> target = open_target(file, choice.force);
  if (!target.ok()) return target.status();
  const Result<Scope> scope = Scope::open(session, choice.scope);
  if (!scope.ok()) return scope.status();
  std::map<std::string, uint64_t> counts;
  target->write(kPrefixes);
  for (const Section& section : sections(*scope, choice.inferred)) {
    uint64_t& count = counts[section.name];
    target->write(",\n\"" + section.name + "\": {");
    for (const std::string& sql : section.sql) {
      Result<store::QueryResult> rows = store::stream(scope->connection(), sql);
      if (!rows.ok()) return rows.status();
      while (rows->next()) {
        const store::Chunk& chunk = rows->chunk();
        for (size_t row = 0; row < chunk.rows(); ++row) {
          std::string id(chunk.text(0, row));
          if (id.empty()) id = "_:" + section.name + std::to_string(count);
          target->write((count++ > 0 ? ",\n\"" : "\n\"") + id + "\": ");
          target->write(chunk.text(1, row));
        }
      }
      HEADRACE_RETURN_IF_ERROR(store::stream_status(*rows));
    }
    target->write("\n}");
  }
  target->write("\n}\n");
  HEADRACE_RETURN_IF_ERROR(target->finish());
  return counts;
}

}  // namespace headrace::exchange
