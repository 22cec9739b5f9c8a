#include "query/asked_task.h"

#include <string>

#include "base/ascii_case.h"

namespace headrace::query {
namespace {

std::string text_of(const Json& json) {
  const auto* s = json.as<std::string>();
  return s == nullptr ? "" : *s;
}

bool is_task(const Json& node) {
  return text_of(node["type"]) == "BASE_TABLE" && lower_case(text_of(node["table_name"])) == "task";
}

size_t count_tasks(const Json& node) {
  size_t out = 0;
  if (const auto* list = node.as<Json::List>()) {
    for (const Json& item : *list) out += count_tasks(item);
  } else if (const auto* map = node.as<Json::Map>()) {
    out += is_task(node) ? 1 : 0;
    for (const auto& [name, value] : *map) out += count_tasks(value);
  }
  return out;
}

bool is_task_id(const Json& node) {
  const auto* names = node["column_names"].as<Json::List>();
  return text_of(node["type"]) == "COLUMN_REF" && names != nullptr && !names->empty() &&
         names->size() <= 2 && lower_case(text_of(names->back())) == "task_id";
}

// 'text' or 'text'::UUID.
std::optional<Uuid> constant_id(const Json& node) {
  if (text_of(node["type"]) == "OPERATOR_CAST") {
    const Json& type = node["cast_type"]["type_info"]["expr"];
    if (text_of(type["type_name"]) != "UUID") return std::nullopt;
    return constant_id(node["child"]);
  }
  if (text_of(node["type"]) != "VALUE_CONSTANT") return std::nullopt;
  return Uuid::parse(text_of(node["value"]["value"]));
}

std::optional<Uuid> id_in(const Json& condition) {
  const std::string type = text_of(condition["type"]);
  if (type == "CONJUNCTION_AND") {
    const auto* parts = condition["children"].as<Json::List>();
    if (parts == nullptr) return std::nullopt;
    for (const Json& part : *parts) {
      if (const auto id = id_in(part)) return id;
    }
  }
  if (type != "COMPARE_EQUAL") return std::nullopt;
  if (is_task_id(condition["left"])) return constant_id(condition["right"]);
  if (is_task_id(condition["right"])) return constant_id(condition["left"]);
  return std::nullopt;
}

}  // namespace

std::optional<Uuid> asked_task(const Json& tree) {
  const auto* statements = tree["statements"].as<Json::List>();
  if (statements == nullptr || statements->size() != 1) return std::nullopt;
  const Json& select = (*statements)[0]["node"];
  const Json& from = select["from_table"];
  if (text_of(select["type"]) != "SELECT_NODE" || !is_task(from)) return std::nullopt;
  // A sample is drawn before the condition is looked at.
  if (from["sample"].as<Json::Map>() != nullptr || count_tasks(tree) != 1) return std::nullopt;
  return id_in(select["where_clause"]);
}

}  // namespace headrace::query
