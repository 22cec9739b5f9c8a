#include "exchange/plain_json.h"

#include <string>
#include <utility>

namespace headrace::exchange {

using query::Json;

namespace {

Json plain_list(Json::List list) {
  for (Json& item : list) item = plain_json(std::move(item));
  return {std::move(list)};
}

std::string key_text(const Json& key) {
  const Json plain = plain_json(key);
  return plain.is_null() ? "None" : plain.text();
}

Json plain_pairs(const Json::List& pairs) {
  Json::Map out;
  for (const Json& pair : pairs) {
    const auto* both = pair.as<Json::List>();
    if (both == nullptr || both->size() != 2) continue;
    out.emplace_back(key_text((*both)[0]), plain_json((*both)[1]));
  }
  return {std::move(out)};
}

// What one member whose key begins with '$' stands for.
Json plain_special(const std::string& name, Json value) {
  if (name == "$float" || name == "$ref") return {};
  if (name == "$set" && value.as<Json::List>() != nullptr) {
    return plain_list(std::move(*value.as<Json::List>()));
  }
  if (name == "$map" && value.as<Json::List>() != nullptr) {
    return plain_pairs(*value.as<Json::List>());
  }
  if (name == "$int" && value.as<std::string>() != nullptr &&
      !value.as<std::string>()->starts_with("0x")) {
    return {Json::BigInt{*value.as<std::string>()}};
  }
  return plain_json(std::move(value));
}

}  // namespace

Json plain_json(Json value) {
  if (auto* list = value.as<Json::List>()) return plain_list(std::move(*list));
  auto* map = value.as<Json::Map>();
  if (map == nullptr) return value;
  if (map->size() == 1 && map->front().first.starts_with('$')) {
    return plain_special(map->front().first, std::move(map->front().second));
  }
  for (auto& [key, member] : *map) member = plain_json(std::move(member));
  return value;
}

std::string typed_text(const Json& value) {
  if (const auto* real = value.as<double>()) {
    std::string out = query::json_number(*real);
    if (out.find_first_of(".en") == std::string::npos) out += ".0";
    return out;
  }
  std::string out;
  if (const auto* list = value.as<Json::List>()) {
    for (const Json& item : *list) out += (out.empty() ? "[" : ",") + typed_text(item);
    return out.empty() ? "[]" : out + "]";
  }
  if (const auto* map = value.as<Json::Map>()) {
    for (const auto& [key, member] : *map) {
      out += (out.empty() ? "{" : ",") + query::json_quoted(key) + ":" + typed_text(member);
    }
    return out.empty() ? "{}" : out + "}";
  }
  return value.dump();
}

}  // namespace headrace::exchange
