#include "exchange/plain_json.h"

#include <cstdint>
#include <cstdlib>
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

std::string base64(const std::string& digits) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16)));
  }
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = i; j < i + 3; ++j) {
      three = three << 8 | (j < bytes.size() ? static_cast<uint8_t>(bytes[j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += i + j <= bytes.size() ? kLetters[three >> (18 - 6 * j) & 63] : '=';
    }
  }
  return out;
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
  if (name == "$bytes" && value.as<std::string>() != nullptr) {
    return {base64(*value.as<std::string>())};
  }
  return plain_json(std::move(value));
}

bool is_special(const std::string& key) { return key.starts_with('$') && !key.starts_with("$$"); }

}  // namespace

Json plain_json(Json value) {
  if (auto* list = value.as<Json::List>()) return plain_list(std::move(*list));
  auto* map = value.as<Json::Map>();
  if (map == nullptr) return value;
  if (map->size() == 1 && is_special(map->front().first)) {
    return plain_special(map->front().first, std::move(map->front().second));
  }
  for (auto& [key, member] : *map) {
    if (key.starts_with("$$")) key.erase(0, 1);
    member = plain_json(std::move(member));
  }
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
