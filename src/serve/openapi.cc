#include "serve/openapi.h"

#include "query/energy_question.h"
#include "query/json.h"
#include "serve/route.h"
#include "serve/router.h"

namespace headrace::serve {
namespace {

using query::Json;
using Map = Json::Map;
using List = Json::List;

Json reference(const std::string& name) { return Map{{"$ref", "#/components/schemas/" + name}}; }

Json content(const std::string& type, Json schema) {
  return Map{{type, Map{{"schema", std::move(schema)}}}};
}

Json schema_of(const Param& param) {
  Map out;
  switch (param.kind) {
    case ParamKind::kText: out.emplace_back("type", "string"); break;
    case ParamKind::kInteger: out.emplace_back("type", "integer"); break;
    case ParamKind::kReal: out.emplace_back("type", "number"); break;
    case ParamKind::kFlag: out.emplace_back("type", "boolean"); break;
  }
  if (param.kind == ParamKind::kInteger) {
    out.emplace_back("minimum", param.least);
    if (param.most != INT64_MAX) out.emplace_back("maximum", param.most);
  }
  if (!param.choices.empty()) {
    out.emplace_back("enum", List(param.choices.begin(), param.choices.end()));
  }
  if (!param.usual.empty()) {
    Json usual = param.usual;
    if (param.kind != ParamKind::kText) usual = Json::parse(param.usual).value_or(Json());
    out.emplace_back("default", std::move(usual));
  }
  return out;
}

Json parameter(const Param& param, const char* in) {
  return Map{{"name", param.name},
             {"in", in},
             {"required", param.required || std::string(in) == "path"},
             {"description", param.about},
             {"schema", schema_of(param)}};
}

// "{id}" of a path.
List path_parameters(const std::string& path) {
  List out;
  for (size_t begin = path.find('{'); begin != std::string::npos;
       begin = path.find('{', begin + 1)) {
    const std::string name = path.substr(begin + 1, path.find('}', begin) - begin - 1);
    Param one{.name = name, .about = "an id, the beginning of one, or a name"};
    if (name == "kind") {
      one.about = "campaign or workflow";
      one.choices = {"campaign", "workflow"};
    } else if (name == "about") {
      one.about = "the question";
      one.choices = query::energy_questions();
    }
    out.push_back(parameter(one, "path"));
  }
  return out;
}

Json response(const std::string& about, Json of) {
  return Map{{"description", about}, {"content", std::move(of)}};
}

Json responses_of(const Route& route) {
  Json answered = content("application/json", route.form == Form::kTable
                                                  ? reference("Table")
                                                  : Json(Map{{"type", List{"object", "array"}}}));
  if (route.form == Form::kTable) {
    answered.as<Map>()->emplace_back(
        "application/vnd.apache.arrow.stream",
        Map{{"schema", Map{{"type", "string"}, {"format", "binary"}}}});
  }
  Map out{{"200", response("The answer", std::move(answered))}};
  if (route.is_of_store && route.method == "GET") {
    out.emplace_back("304", Map{{"description", "Nothing has changed since If-None-Match"}});
  }
  out.emplace_back("default",
                   response("What went wrong", content("application/json", reference("Error"))));
  return out;
}

std::string operation_id(const Route& route) {
  std::string out = route.method == "GET"    ? "get"
                    : route.method == "POST" ? "post"
                    : route.method == "PUT"  ? "put"
                                             : "patch";
  bool begins_word = true;
  for (const char c : route.path) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      out += begins_word && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
      begins_word = false;
    } else {
      begins_word = true;
    }
  }
  return out;
}

Json operation(const Route& route) {
  List parameters = path_parameters(route.path);
  for (const Param& param : route.params) parameters.push_back(parameter(param, "query"));
  Map out{{"operationId", operation_id(route)},
          {"summary", route.about},
          {"parameters", std::move(parameters)},
          {"responses", responses_of(route)}};
  if (!route.body.empty()) {
    Map members;
    List required;
    for (const Param& param : route.body) {
      Json schema = schema_of(param);
      schema.as<Map>()->emplace_back("description", param.about);
      members.emplace_back(param.name, std::move(schema));
      if (param.required) required.emplace_back(param.name);
    }
    Map schema{{"type", "object"}, {"properties", std::move(members)}};
    if (!required.empty()) schema.emplace_back("required", std::move(required));
    out.emplace_back(
        "requestBody",
        Map{{"required", true}, {"content", content("application/json", std::move(schema))}});
  }
  return out;
}

Json plain(const std::string& id, const std::string& about, const std::string& type) {
  return Map{
      {"get",
       Map{{"operationId", id},
           {"summary", about},
           {"responses",
            Map{{"200", response("The answer", content(type, Map{{"type", type == "application/json"
                                                                              ? "object"
                                                                              : "string"}}))}}}}}};
}

Json components() {
  const Json text = Map{{"type", "string"}};
  const Json maybe_text = Map{{"type", List{"string", "null"}}};
  const Json column =
      Map{{"type", "object"},
          {"required", List{"name", "type", "unit"}},
          {"properties", Map{{"name", text},
                             {"type", Map{{"enum", List{"text", "integer", "real", "boolean",
                                                        "time", "id", "json", "bytes"}}}},
                             {"unit", maybe_text}}}};
  const Json table =
      Map{{"type", "object"},
          {"required", List{"columns", "rows", "total", "shown", "watermark"}},
          {"properties", Map{{"columns", Map{{"type", "array"}, {"items", column}}},
                             {"rows", Map{{"type", "array"}, {"items", Map{{"type", "array"}}}}},
                             {"total", Map{{"type", "integer"}}},
                             {"shown", Map{{"type", "integer"}}},
                             {"watermark", maybe_text}}}};
  const Json error = Map{
      {"type", "object"},
      {"required", List{"error"}},
      {"properties",
       Map{{"error", Map{{"type", "object"},
                         {"required", List{"kind", "what", "why", "next", "at"}},
                         {"properties", Map{{"kind", text},
                                            {"what", text},
                                            {"why", maybe_text},
                                            {"next", maybe_text},
                                            {"at", Map{{"type", List{"integer", "null"}}}}}}}}}}};
  return Map{{"schemas", Map{{"Table", table}, {"Error", error}}},
             {"securitySchemes",
              Map{{"token", Map{{"type", "http"}, {"scheme", "bearer"}}},
                  {"page", Map{{"type", "apiKey"}, {"in", "cookie"}, {"name", "headrace-PORT"}}}}}};
}

}  // namespace

std::string openapi_json() {
  Map paths;
  for (const Route& route : routes()) {
    const std::string path = std::string(kApi) + route.path;
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    Json* found = nullptr;
    for (auto& [known, item] : paths) {
      if (known == path) found = &item;
    }
    if (found == nullptr) found = &paths.emplace_back(path, Map{}).second;
    found->as<Map>()->emplace_back(method, operation(route));
  }
  paths.emplace_back(kEventsPath, plain("getEvents",
                                        "Changes of the store, as they are taken in (server-sent "
                                        "events; resumes by Last-Event-ID)",
                                        "text/event-stream"));
  paths.emplace_back("/openapi.json", plain("getOpenapi", "This document", "application/json"));
  paths.emplace_back("/healthz",
                     plain("getHealthz", "Answers while the server runs", "text/plain"));
  paths.emplace_back("/metrics",
                     plain("getMetrics", "Measures, as Prometheus reads them", "text/plain"));
  const Json document =
      Map{{"openapi", "3.1.0"},
          {"info",
           Map{{"title", "Headrace"},
               {"version", HEADRACE_VERSION},
               {"description",
                "What programs did and cost, from one folder. Ids in full, times as ISO 8601 in "
                "UTC with nanoseconds, durations in s, energy in J."}}},
          {"servers", List{Map{{"url", "/"}}}},
          {"security", List{Map{{"token", List{}}}, Map{{"page", List{}}}}},
          {"paths", std::move(paths)},
          {"components", components()}};
  return document.dump();
}

}  // namespace headrace::serve
